"""A wrapper of predictors: it sets precision and compilation and measures what a call costs.

Every call gets its own arrays, so that nothing a predictor does to its inputs changes the scores
or a later call.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p3mbench.errors import MethodError
from p3mbench.fingerprint import Code
from p3mbench.method import Float32Array, Predictor, UInt8Array, checked_alpha

if TYPE_CHECKING:
    from torch import dtype, nn

COMPILED = (
    "forward",
    "matte",
    "classes",
    "opacity",
)  # the functions that predictors call of their networks
MIB = 1024 * 1024
SHIFT = ("shift_sad", "shift_max")  # metrics of a row: the effect of a lower precision on its matte


@dataclass(frozen=True)
class Call:
    """One call of ``predict``.

    Attributes:
        alpha: the returned matte, unchecked.
        seconds: of the call.
        peak_mib: highest memory during the call: of the process on a CPU (if the system reports
            it), of PyTorch's tensors on a GPU; None if unknown.
    """

    alpha: Any
    seconds: float
    peak_mib: float | None


class Engine:
    """A predictor with its precision.

    Args:
        predictor: as loaded, in float32.
        device: where it runs.
        precision: one of `p3mbench.method.PRECISIONS`; below fp32 through PyTorch's autocast, which
            keeps sensitive operations in float32.
        compiled: compile the predictor's modules with torch.compile; the first image of each size
            is slow.

    Raises:
        MethodError: the predictor has no ``modules()`` although they are needed, or a wrong one, or
            modules that are not in float32.
    """

    def __init__(
        self, predictor: Predictor, device: str, precision: str = "fp32", compiled: bool = False
    ) -> None:
        self.predictor, self.device, self.precision = predictor, device, precision
        self.modules = modules_of(predictor)
        if not self.modules and (precision != "fp32" or compiled):
            asked = precision if precision != "fp32" else "compiled"
            raise MethodError(f"cannot run {asked}: its predictor has no modules() (docs/plugins)")
        if low := self._below_float32():
            raise MethodError(
                f"its modules hold parameters in {low}; load() must give float32, and --precision "
                "and info.precisions say what else it runs in (docs/plugins.md)"
            )
        self._compiled = self._compile() if compiled else []
        self._warm = not self.modules

    @property
    def parameters(self) -> int | None:
        """The number of parameters of the modules, each counted once; None without modules."""
        if not self.modules:
            return None
        found = {id(p): p.numel() for module in self.modules for p in module.parameters()}
        return sum(found.values())

    @property
    def how(self) -> str:
        """The settings that differ from the default, in words; "" if none does."""
        lower = self.precision if self.precision != "fp32" else ""
        return " and ".join(filter(None, [lower, "compiled" if self._compiled else ""]))

    def call(self, image: UInt8Array, trimap: UInt8Array | None) -> Call:
        """Predict, timed and watched; modules run once before, to warm up.

        Raises:
            MethodError: nothing was computed in the lower precision that was requested.
        """
        if not self._warm:
            self._warm_up(image, trimap)
            self._warm = True
        given = _copies(image, trimap)
        with _peak(self.device) as peak, self._cast():
            start = time.perf_counter()
            alpha = self.predictor.predict(*given)
            seconds = time.perf_counter() - start
        return Call(alpha, seconds, peak[0] if peak else None)

    def macs(self, image: UInt8Array, trimap: UInt8Array | None) -> int | None:
        """Count the multiply-adds of one call with PyTorch's own counter; None without modules.

        It counts matrix products and convolutions, as is usual, and not the resizing around them.
        """
        if not self.modules:
            return None
        from torch.utils.flop_counter import FlopCounterMode

        with self._as_written(), FlopCounterMode(display=False) as counter:
            self.predictor.predict(*_copies(image, trimap))
        return int(counter.get_total_flops()) // 2

    def exactly(self, image: UInt8Array, trimap: UInt8Array | None) -> Float32Array:
        """Return the matte in float32 and not compiled, for comparison."""
        with self._as_written():
            return checked_alpha(self.predictor.predict(*_copies(image, trimap)), image.shape[:2])

    def _warm_up(self, image: UInt8Array, trimap: UInt8Array | None) -> None:
        if self.precision != "fp32":
            self._check_cast(image, trimap)
        if self.precision == "fp32" or self._compiled:
            with self._cast():
                self.predictor.predict(*_copies(image, trimap))

    def _check_cast(self, image: UInt8Array, trimap: UInt8Array | None) -> None:
        """Predict once and check that something is computed in the precision that rows claim."""
        seen: set[dtype] = set()
        with self._as_written(), self._cast(), _watched_dtypes(seen):
            self.predictor.predict(*_copies(image, trimap))
        if self._dtype() not in seen:
            raise MethodError(
                f"says that it runs in {self.precision}, but its predict computes nothing in it"
            )

    def _below_float32(self) -> str:
        """Return the first parameter type that is less exact than the rows say, "" if none is."""
        kinds = (p.dtype for module in self.modules for p in module.parameters())
        return next((str(d) for d in kinds if d.is_floating_point and d.itemsize < 4), "")

    def _dtype(self) -> dtype:
        import torch

        return torch.bfloat16 if self.precision == "bf16" else torch.float16

    def _cast(self) -> AbstractContextManager[Any]:
        if self.precision == "fp32":
            return nullcontext()
        import torch

        return torch.autocast(self.device.partition(":")[0], self._dtype())

    def _compile(self) -> list[tuple[nn.Module, str, Any]]:
        """Set compiled functions on each module, in front of those of its class."""
        import torch

        found = [
            (module, name, torch.compile(getattr(module, name)))
            for module in self.modules
            for name in COMPILED
            if hasattr(module, name)
        ]
        for module, name, function in found:
            setattr(module, name, function)
        return found

    @contextmanager
    def _as_written(self) -> Iterator[None]:
        """Switch compilation off within the context."""
        for (
            module,
            name,
            _,
        ) in self._compiled:  # a function on the object hides the one of its class
            delattr(module, name)
        try:
            yield
        finally:
            for module, name, function in self._compiled:
                setattr(module, name, function)


def modules_of(predictor: Predictor) -> tuple[nn.Module, ...]:
    """Return the PyTorch modules that a predictor declares; none if it has no ``modules()``.

    Raises:
        MethodError: ``modules()`` returns something else.
    """
    declared = getattr(predictor, "modules", None)
    if not callable(declared):
        return ()
    from torch import nn

    if isinstance(predictor, nn.Module):  # its modules() is PyTorch's, and lists every layer
        return (predictor,)
    found = declared()
    if isinstance(found, nn.Module):
        return (found,)
    if isinstance(found, Mapping):
        found = found.values()
    try:
        modules = tuple(found)
    except TypeError:
        modules = (found,)
    for module in modules:
        if not isinstance(module, nn.Module):
            raise MethodError(
                f"its predictor's modules() must give PyTorch modules, not {type(module).__name__}"
            )
    return modules


def _copies(image: UInt8Array, trimap: UInt8Array | None) -> tuple[UInt8Array, UInt8Array | None]:
    """Copy the arrays, because PyTorch writes through the read-only flag."""
    pair = np.array(image), None if trimap is None else np.array(trimap)
    for array in pair:
        if array is not None:
            array.setflags(write=False)
    return pair


@contextmanager
def _watched_dtypes(seen: set[dtype]) -> Iterator[None]:
    """Collect the dtypes of all tensors that this thread computes with within the context.

    This works on PyTorch's functions, because a mode below them changes how autocast treats some.
    """
    import torch
    from torch.overrides import TorchFunctionMode
    from torch.utils._pytree import tree_leaves

    class Watch(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            seen.update(x.dtype for x in tree_leaves((args, out)) if isinstance(x, torch.Tensor))
            return out

    with Watch():
        yield


@contextmanager
def _peak(device: str) -> Iterator[list[float]]:
    """Watch memory within the context; the list gets the highest value, in MiB."""
    found: list[float] = []
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        yield found
        found.append(torch.cuda.max_memory_allocated(device) / MIB)
        return
    watched = _reset_high_water_mark()
    yield found
    if watched:
        found.extend(_high_water_mark())


def _reset_high_water_mark() -> bool:
    """Reset the process's highest resident memory on Linux; return False elsewhere."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _high_water_mark() -> list[float]:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return [int(line.split()[1]) / 1024 for line in lines]


def check_late_imports(code: Code, before: int) -> int:
    """Check that late imports of ``predict`` are the code that the row's key was made of.

    Args:
        code: of the method of this process, as the plan found it.
        before: number of modules at the last check.

    Returns:
        The number of modules now.

    Raises:
        MethodError: a file has changed since then.
    """
    now = len(sys.modules)
    changed = code.changed_file() if now != before else None
    if changed is not None:
        raise MethodError(f"{changed} changed while the run was going; run again")
    return now


def shift_of(alpha: Float32Array, exact: Float32Array) -> dict[str, float]:
    """Measure how far a matte is from float32's, by the names in `SHIFT`.

    Args:
        alpha, exact: (H, W) float32 in [0, 1].

    Returns:
        The sum of absolute differences in thousands, as SAD is, and the largest one of a pixel.
    """
    error = np.abs(alpha.astype(np.float64) - exact)
    return dict(zip(SHIFT, (float(error.sum() / 1000), float(error.max(initial=0.0))), strict=True))
