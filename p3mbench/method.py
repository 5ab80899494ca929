"""The interface of methods: their description, their parameters and their predictors.

A *method* is a frozen dataclass. Its fields are its parameters (typed, hashable, picklable), its
class attribute ``info`` describes it, and ``load`` makes a *predictor* from it, a device and, for
learned methods, a checkpoint. The module of a method must be cheap to import, so ``load`` imports
torch and PyMatting.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from p3mbench.errors import MethodError, PredictionError
from p3mbench.names import nearest, printable, problem_of
from p3mbench.settings import TrainSetting as TrainSetting  # part of the interface

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import nn

    UInt8Array = npt.NDArray[np.uint8]
    Float32Array = npt.NDArray[np.float32]
else:  # for annotations only; a list of methods takes half the time without NumPy
    UInt8Array = Float32Array = Any

PRECISIONS = ("fp32", "bf16", "fp16")  # for running networks


class Kind(StrEnum):
    """Whether a method needs a trimap beside the image."""

    TRIMAP_FREE = "trimap-free"
    TRIMAP_BASED = "trimap-based"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Trained weights of a method, as their authors publish them.

    ``file`` is the authors' file name, ``where`` tells people how to get the file (a run downloads
    nothing), and ``train_sets`` serves to check for test images seen in training.

    Attributes:
        digest: known hash of the file, ``sha256:`` or ``md5:`` and its digits; "" if unknown.
        folder: folder that is searched before the weights folder; "" for none.
        hub: ``ORGANISATION/MODEL:PATH`` of the file on the Hugging Face hub; "" for none.
    """

    name: str
    file: str
    where: str
    train_setting: TrainSetting
    train_sets: tuple[str, ...]
    licence: str
    digest: str = ""
    folder: str = ""
    hub: str = ""


@dataclass(frozen=True, kw_only=True)
class MethodInfo:
    """The description of a method, available before it is loaded.

    Attributes:
        name: name in kebab-case, equal to the entry point's.
        title: name for tables.
        kind: whether ``predict`` gets a trimap.
        year, citation: the paper; ``citation`` is one line with an arXiv id or DOI.
        code_licence: SPDX id of the licence of this code.
        learned: True if the method needs trained weights.
        strategies: named test-time input sizes; the first is the default.
        checkpoints: published weights; the first is the default.
        parameters: number of parameters of the published network, None without a network.
        extra: pip extra with the packages that the method imports, None if the core has them.
        imports: modules of the extra; an early check reports missing ones.
        first_use: message for a user who waits for the first load, "" for none.
        precisions: the supported `PRECISIONS`. Below fp32 the harness calls ``predict`` under
            PyTorch's autocast, so the predictor must be a `ModularPredictor`.
        model_file: the TOML file that declares the method (docs/models-as-files.md); "" for a
            method in Python.
        facts: (name, text) of further facts for the method's page.
    """

    name: str
    title: str
    kind: Kind
    year: int
    citation: str
    code_licence: str = "MIT"
    learned: bool = False
    strategies: tuple[str, ...] = ("native",)
    checkpoints: tuple[Checkpoint, ...] = ()
    parameters: int | None = None
    extra: str | None = None
    imports: tuple[str, ...] = ()
    first_use: str = ""
    precisions: tuple[str, ...] = ("fp32",)
    version: int = 1  # raise it with every change of the code that can change a matte
    model_file: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def needs_trimap(self) -> bool:
        """Whether ``predict`` needs a trimap."""
        return self.kind is Kind.TRIMAP_BASED


@runtime_checkable
class Predictor(Protocol):
    """A loaded method: estimates alpha mattes and keeps nothing between calls."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Estimate the alpha matte of the person in ``image``.

        Args:
            image: (H, W, 3) uint8 RGB, read-only; a copy made for this call.
            trimap: (H, W) uint8 in {0, 128, 255}, for trimap-based methods only; a copy too.

        Returns:
            (H, W) float32 opacity in [0, 1], finite, at the image's own size.
        """
        ...


@runtime_checkable
class ModularPredictor(Predictor, Protocol):
    """A predictor that shows its PyTorch modules; this is optional.

    With it, p3mbench counts parameters and multiply-adds, ``--compile`` works, and the method may
    declare lower precisions in `MethodInfo.precisions`. Without it, a method runs in fp32 only.
    """

    def modules(self) -> Iterable[nn.Module] | Mapping[str, nn.Module]:
        """Return every module that ``predict`` computes with."""
        ...


@runtime_checkable
class Method(Protocol):
    """An algorithm with a name: a frozen dataclass whose fields are its parameters."""

    info: ClassVar[MethodInfo]

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Make the predictor; raise `WeightsError` if the weights are missing or do not fit."""
        ...


def install_hint(info: MethodInfo, package: str) -> str:
    """Return the command that installs a method's extra, or a package by its name."""
    return f"pip install 'p3mbench[{info.extra}]'" if info.extra else f"pip install {package}"


def missing_extra(info: MethodInfo) -> str:
    """Return how to install a method's missing packages; "" if none is missing."""
    absent = [name for name in info.imports if find_spec(name) is None]
    if not absent:
        return ""
    return f"needs the package {absent[0]}, which is not installed: {install_hint(info, absent[0])}"


def check_extra(info: MethodInfo) -> None:
    """Refuse a method with missing packages.

    Raises:
        MethodError: a package is not installed; the message says how to install it.
    """
    if missing := missing_extra(info):
        raise MethodError(f"{info.name} {missing}")


def strategy_of(method: Method) -> str:
    """Return the test-time strategy of a method: its ``strategy`` field, else its only one."""
    return str(getattr(method, "strategy", method.info.strategies[0]))


def check_strategy(method: Method) -> None:
    """Refuse a method with an unknown strategy.

    Raises:
        MethodError: the strategy is not in ``method.info.strategies``; the message lists those.
    """
    strategy = strategy_of(method)
    if strategy not in method.info.strategies:
        have = ", ".join(method.info.strategies)
        hint = nearest(strategy, method.info.strategies)
        raise MethodError(f"{method.info.name} has no strategy {strategy!r} ({hint}it has: {have})")


def options_of(method: Method) -> dict[str, Any]:
    """Return a method's parameters as a plain dict; they are part of every row's key."""
    return {field.name: getattr(method, field.name) for field in fields(method)}  # type: ignore[arg-type]


def problem_of_options(method: Method) -> str:
    """Return why a method's parameters cannot be hashed, sent or set; "" if they can.

    A parameter is text, a whole number, a finite number, true or false, None, or a tuple of these.
    """
    for key, value in options_of(method).items():
        if problem := _problem_of_value(value):
            return (
                f"its field {key} is {problem}; give text, a number, true or false, None or a tuple"
            )
    return ""


def _problem_of_value(value: Any) -> str:
    if isinstance(value, tuple):
        return next(filter(None, map(_problem_of_value, value)), "")
    if isinstance(value, str):
        return "" if printable(value, lines=True) == value else "text with control characters"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (int, float)):
        return ""
    return f"of the type {type(value).__name__}"


def problem_of_info(info: MethodInfo) -> str:
    """Return why an info cannot be used in paths, tables and plans; "" if it can."""
    problem = problem_of(info.name) if isinstance(info.name, str) else "it is not text"
    if problem:
        return f"its name {printable(str(info.name))!r} cannot be used: {problem}; rename it"
    for key, kind in _INFO_TYPES.items():
        value = getattr(info, key)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            return (
                f"its info.{key} must be of the type {kind.__name__}, not {printable(repr(value))}"
            )
    for key in ("title", "citation", "first_use", "code_licence"):
        if printable(getattr(info, key)) != getattr(info, key):
            return f"its info.{key} contains control characters"
    if not info.strategies or any(not isinstance(s, str) or problem_of(s) for s in info.strategies):
        return "its info.strategies must be names, at least one"
    if unknown := [p for p in info.precisions if p not in PRECISIONS]:
        return f"its info.precisions contains {unknown[0]!r}; known are {', '.join(PRECISIONS)}"
    return "" if "fp32" in info.precisions else "its info.precisions must contain fp32"


_INFO_TYPES: dict[str, type] = {
    "title": str, "citation": str, "first_use": str, "code_licence": str,
    "kind": Kind, "learned": bool, "version": int,
    "strategies": tuple, "precisions": tuple, "checkpoints": tuple, "imports": tuple,
}  # fmt: skip


def with_options(method: Method, options: Mapping[str, Any]) -> Method:
    """Return a copy of ``method`` with some parameters changed; text is parsed by a field's type.

    Raises:
        MethodError: a parameter is unknown, or a value does not have its type.
    """
    known = {field.name: field for field in fields(method)}  # type: ignore[arg-type]
    values = options_of(method)
    for key, value in options.items():
        if key not in known:
            have = ", ".join(known) or "none"
            hint = nearest(key, known)
            raise MethodError(f"{method.info.name} has no option {key!r} ({hint}it has: {have})")
        values[key] = _parsed(method.info.name, key, value, type(values[key]))
    changed = type(method)(**values)
    check_strategy(changed)
    return changed


def _parsed(name: str, key: str, value: Any, kind: type) -> Any:
    if isinstance(value, kind):
        return value
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]
        if kind is tuple:
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(int(part) for part in parts)
        found = kind(value)
        if _problem_of_value(found):
            raise ValueError
        return found
    except (KeyError, TypeError, ValueError):
        raise MethodError(
            f"option {key} of {name} takes a value of type {kind.__name__}, not {value!r}"
        ) from None


def checked_alpha(alpha: Any, shape: tuple[int, int]) -> Float32Array:
    """Check that ``alpha`` obeys the interface, and return it; an error names the broken rule.

    Args:
        alpha: the result of ``predict``.
        shape: (H, W) of the image.

    Raises:
        PredictionError: it is not a floating array, is masked or not finite, has the wrong shape,
            or is outside [0, 1] by more than 1e-4. Rounding of float32 resampling stays below that
            and is clipped.
    """
    import numpy as np

    if isinstance(alpha, np.ma.MaskedArray):
        raise PredictionError("predict returned a masked array; fill it: alpha.filled(0)")
    if not isinstance(alpha, np.ndarray) or not np.issubdtype(alpha.dtype, np.floating):
        got = (
            f"an array of {alpha.dtype}" if isinstance(alpha, np.ndarray) else type(alpha).__name__
        )
        raise PredictionError(f"predict must return a float array, got {got}")
    alpha = np.asarray(alpha)  # a subclass may redefine operators
    if alpha.shape != shape:
        raise PredictionError(f"predict returned shape {alpha.shape} for an image of {shape}")
    if not np.isfinite(alpha).all():
        bad = int(alpha.size - np.isfinite(alpha).sum())
        raise PredictionError(f"predict returned {bad} values that are NaN or infinite")
    low, high = float(alpha.min()), float(alpha.max())
    if low < -1e-4 or high > 1 + 1e-4:
        raise PredictionError(f"predict returned values in [{low:.4g}, {high:.4g}], not in [0, 1]")
    return np.asarray(np.clip(alpha, 0, 1), np.float32)


def paste_known(alpha: Float32Array, trimap: UInt8Array) -> Float32Array:
    """Set alpha in the trimap's known pixels: 1 where the trimap is 255, 0 where it is 0."""
    pasted = alpha.copy()
    pasted[trimap == 255] = 1.0
    pasted[trimap == 0] = 0.0
    return pasted
