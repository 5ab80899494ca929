"""The method under test: load it, call it, and explain its errors."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from p3mbench.errors import P3MBenchError, PredictionError, WeightsError
from p3mbench.method import Float32Array, Method, MethodInfo, Predictor, checked_alpha
from p3mbench.testing.finding import Broken, one_line
from p3mbench.testing.scenes import CheckScene

T = TypeVar("T")

_MENDS = (  # words of a common error, remedy
    ("read-only", "do not write into the inputs: begin with image.copy() (and trimap.copy())"),
    ("positional argument", "write it as predict(self, image, trimap=None)"),
    ("unexpected keyword argument", "write it as predict(self, image, trimap=None)"),
    ("requires grad", "call the network under torch.inference_mode(), inside predict"),
    ("same device", "move inputs and network to the device that load was given"),
    ("negative stride", "make the array contiguous: np.ascontiguousarray(image)"),
)


class CheckedMethod:
    """A method with its weights.

    Args:
        method: the method with its options.
        weights: its checkpoint; None if it has none.
        device: ``cpu`` or a CUDA device.
        folder: an empty folder for the checks' own files.
    """

    def __init__(self, method: Method, weights: Path | None, device: str, folder: Path) -> None:
        self.method, self.weights, self.device, self.folder = method, weights, device, folder
        self.load_seconds: list[float] = []

    @property
    def info(self) -> MethodInfo:
        """The method's info."""
        return self.method.info

    @property
    def tolerance(self) -> float:
        """Allowed difference of two mattes of one image; 0 on a CPU."""
        return 1e-4 if self.device.startswith("cuda") else 0.0

    @cached_property
    def predictor(self) -> Predictor:
        """The predictor that most checks share."""
        return self.load()

    def load(self, method: Method | None = None) -> Predictor:
        """Load a new predictor.

        Args:
            method: the method with other options; None for the method itself.

        Raises:
            Broken: it cannot be loaded.
        """
        start = time.perf_counter()
        predictor: Predictor = self.guarded(
            "load", lambda: (method or self.method).load(self.device, self.weights)
        )
        self.load_seconds.append(time.perf_counter() - start)
        if not callable(getattr(predictor, "predict", None)):
            raise Broken(
                f"load returns a {type(predictor).__name__} without a method 'predict'",
                "return an object with predict(image, trimap=None)",
            )
        return predictor

    def raw(self, scene: CheckScene, predictor: Predictor | None = None) -> Any:
        """Call ``predict`` with read-only copies of a scene; do not check the result.

        Raises:
            Broken: ``predict`` raises.
        """
        image, trimap = scene.image.copy(), scene.trimap.copy()
        image.setflags(write=False)
        trimap.setflags(write=False)
        arguments = (image, trimap) if self.info.needs_trimap else (image,)
        predict = (predictor or self.predictor).predict
        return self.guarded(f"predict ({scene.size})", lambda: predict(*arguments))

    def matte(self, scene: CheckScene, predictor: Predictor | None = None) -> Float32Array:
        """Predict a scene and return a checked copy of the alpha.

        Raises:
            Broken: ``predict`` raises, or its result is not a matte.
        """
        return checked(self.raw(scene, predictor), scene).copy()

    def guarded(self, what: str, call: Callable[[], T]) -> T:
        """Run ``call``; turn an error of the method into one line with its place."""
        try:
            return call()
        except Broken:
            raise
        except P3MBenchError as error:
            raise Broken(f"{what} refuses: {one_line(error)}", self._mend(error)) from error
        except (Exception, SystemExit) as error:
            raise Broken(f"{what} raises {described(error)}", self._mend(error)) from error

    def _mend(self, error: BaseException) -> str:
        text = str(error)
        for words, mend in _MENDS:
            if words in text:
                return mend
        if isinstance(error, WeightsError):
            return "give the method's checkpoint with --weights FILE"
        return ""


def checked(alpha: Any, scene: CheckScene) -> Float32Array:
    """Check the result of ``predict`` by the rules of the interface.

    Raises:
        Broken: it is not a plain float32 array of the image's size, finite and in [0, 1].
    """
    mends = {
        "must return a float array": "return a NumPy array: alpha.astype(np.float32), and "
        "tensor.cpu().numpy() for a tensor",
        "returned shape": "resize the matte to image.shape[:2] inside predict, and drop axes of "
        "length 1",
        "NaN or infinite": "look for divisions by zero, for instance by the spread of a flat image",
        "not in [0, 1]": "end with np.clip(alpha, 0, 1), or divide by 255",
    }
    try:
        checked_alpha(alpha, scene.shape)
    except PredictionError as error:
        text = str(error)
        mend = next((mend for words, mend in mends.items() if words in text), "")
        raise Broken(f"{text} (image {scene.size})", mend) from None
    if type(alpha) is not np.ndarray or alpha.dtype != np.float32:
        kind = type(alpha).__name__ if type(alpha) is not np.ndarray else str(alpha.dtype)
        raise Broken(
            f"predict returned {kind}; the interface requires a plain float32 array",
            "return np.asarray(alpha, dtype=np.float32)",
        )
    return alpha


def described(error: BaseException) -> str:
    """Type, message and place of a foreign error, in one line."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    try:
        text = one_line(error)
    except Exception:  # an exception whose own __str__ raises
        text = "its message cannot be shown"
    return f"{type(error).__name__}: {text or 'no message'}{where}"


def torch_is_loaded() -> bool:
    """Whether this process has PyTorch; nothing here imports it for a method that does not."""
    return "torch" in sys.modules
