"""The predictor of all classical methods: PyMatting's estimators behind the common interface."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymatting

from p3mbench.method import Float32Array, UInt8Array


@dataclass(frozen=True)
class ClassicalPredictor:
    """One of PyMatting's ``estimate_alpha_*`` functions with its parameters.

    Attributes:
        estimator: the function's name.
        laplacian: parameters of the matting Laplacian.
        maxiter: iterations allowed to the conjugate-gradient solver.
    """

    estimator: str
    laplacian: dict[str, Any]
    maxiter: int

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image`` under ``trimap``; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: no trimap, one without foreground or background, or no convergence.
        """
        if trimap is None:
            raise ValueError("this method needs a trimap")
        if not (trimap == 128).any():  # nothing to solve for
            return np.asarray(trimap == 255, np.float32)
        height, width = trimap.shape
        # PyMatting's windows, one within the other, need so many pixels; edges are repeated.
        least = 4 * self.laplacian.get("radius", 1) + 1
        more = [(0, max(0, least - side)) for side in trimap.shape]
        image = np.pad(image, [*more, (0, 0)], mode="edge")
        trimap = np.pad(trimap, more, mode="edge")
        known = np.array([0.0, 0.5, 1.0])[np.searchsorted([0, 128, 255], trimap)]
        estimate = getattr(pymatting, self.estimator)
        with redirect_stdout(io.StringIO()):  # it prints when it retries a preconditioner
            alpha = estimate(
                image / 255.0,
                known,
                laplacian_kwargs=self.laplacian,
                cg_kwargs={"maxiter": self.maxiter},
            )
        return np.array(alpha[:height, :width], np.float32)
