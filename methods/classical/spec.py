"""The facts on the classical methods; ``load`` imports PyMatting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from p3mbench.errors import MethodError
from p3mbench.method import Kind, MethodInfo, Predictor

COMPILES = "PyMatting compiles itself on its first use, which takes about a minute"


@dataclass(frozen=True)
class Classical:
    """A matting Laplacian, solved by conjugate gradients with the known pixels as constraints.

    Attributes:
        maxiter: maximum number of iterations; the image fails if the solver needs more.
    """

    maxiter: int = 10_000

    info: ClassVar[MethodInfo]
    estimator: ClassVar[str]

    def __post_init__(self) -> None:
        if self.maxiter < 1:
            raise MethodError(f"option maxiter must be at least 1, not {self.maxiter}")

    def laplacian(self) -> dict[str, Any]:
        """Return the parameters of the Laplacian by their names in PyMatting."""
        return {}

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Make the predictor; it always runs on the CPU."""
        from .method import ClassicalPredictor

        if weights is not None:
            raise MethodError(f"{self.info.name} learns nothing and takes no weights")
        return ClassicalPredictor(self.estimator, self.laplacian(), self.maxiter)


@dataclass(frozen=True)
class ClosedForm(Classical):
    """Closed-form matting: alpha is locally linear in colour in every small window.

    Attributes:
        epsilon: regularisation of the colour covariance.
        radius: half the window's side, in pixels.
    """

    epsilon: float = 1e-7
    radius: int = 1

    estimator: ClassVar[str] = "estimate_alpha_cf"
    info: ClassVar[MethodInfo] = MethodInfo(
        name="closed-form",
        title="Closed-form",
        kind=Kind.TRIMAP_BASED,
        year=2008,
        citation="Levin, Lischinski, Weiss, TPAMI 2008, doi:10.1109/TPAMI.2007.1177",
        first_use=COMPILES,
    )

    def laplacian(self) -> dict[str, Any]:
        """Return the parameters of the Laplacian by their names in PyMatting."""
        return {"epsilon": self.epsilon, "radius": self.radius}


@dataclass(frozen=True)
class KNN(Classical):
    """KNN matting: pixels that are close in colour and position have similar alphas.

    Attributes:
        neighbours: numbers of nearest neighbours in the first pass (small weight of the position)
            and the second (large weight); PyMatting's defaults.
    """

    neighbours: tuple[int, int] = (20, 10)

    estimator: ClassVar[str] = "estimate_alpha_knn"
    info: ClassVar[MethodInfo] = MethodInfo(
        name="knn",
        title="KNN",
        kind=Kind.TRIMAP_BASED,
        year=2013,
        citation="Chen, Li, Tang, TPAMI 2013, doi:10.1109/TPAMI.2013.18",
        first_use=COMPILES,
    )

    def laplacian(self) -> dict[str, Any]:
        """Return the parameters of the Laplacian by their names in PyMatting."""
        return {"n_neighbors": list(self.neighbours)}


@dataclass(frozen=True)
class LKM(Classical):
    """Large-kernel matting: the closed-form Laplacian over large windows, by box filters.

    Attributes:
        epsilon: regularisation of the colour covariance.
        radius: half the window's side, in pixels.
    """

    epsilon: float = 1e-4
    radius: int = 10

    estimator: ClassVar[str] = "estimate_alpha_lkm"
    info: ClassVar[MethodInfo] = MethodInfo(
        name="lkm",
        title="Large-kernel",
        kind=Kind.TRIMAP_BASED,
        year=2010,
        citation="He, Sun, Tang, CVPR 2010, doi:10.1109/CVPR.2010.5539896",
        first_use=COMPILES,
    )

    def laplacian(self) -> dict[str, Any]:
        """Return the parameters of the Laplacian by their names in PyMatting."""
        return {"epsilon": self.epsilon, "radius": self.radius}


@dataclass(frozen=True)
class LBDM(Classical):
    """Learning-based digital matting: a local linear regression from colour to alpha.

    Attributes:
        epsilon: regularisation of the regression.
        radius: half the window's side, in pixels.
    """

    epsilon: float = 1e-7
    radius: int = 1

    estimator: ClassVar[str] = "estimate_alpha_lbdm"
    info: ClassVar[MethodInfo] = MethodInfo(
        name="lbdm",
        title="Learning-based",
        kind=Kind.TRIMAP_BASED,
        year=2009,
        citation="Zheng, Kambhamettu, ICCV 2009, doi:10.1109/ICCV.2009.5459326",
        first_use=COMPILES,
    )

    def laplacian(self) -> dict[str, Any]:
        """Return the parameters of the Laplacian by their names in PyMatting."""
        return {"epsilon": self.epsilon, "radius": self.radius}


@dataclass(frozen=True)
class RandomWalk(Classical):
    """Random-walk matting: alpha is the chance that a walk reaches the foreground first.

    Attributes:
        sigma: colour distance at which a step becomes unlikely.
        radius: how far one step may go, in pixels.
    """

    sigma: float = 0.033
    radius: int = 1

    estimator: ClassVar[str] = "estimate_alpha_rw"
    info: ClassVar[MethodInfo] = MethodInfo(
        name="random-walk",
        title="Random walk",
        kind=Kind.TRIMAP_BASED,
        year=2005,
        citation="Grady, Schiwietz, Aharon, Westermann, VIIP 2005",
        first_use=COMPILES,
    )

    def laplacian(self) -> dict[str, Any]:
        """Return the parameters of the Laplacian by their names in PyMatting."""
        return {"sigma": self.sigma, "radius": self.radius}
