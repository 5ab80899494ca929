"""Around a predictor: precision and compilation as the user wants them, and what a call costs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p3mbench.method import Float32Array, Predictor, UInt8Array

if TYPE_CHECKING:
    from torch import nn

PRECISIONS = ("fp32", "bf16", "fp16")
COMPILED = ("forward", "matte", "classes", "opacity")  # what predictors call of their networks
MIB = 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One call of ``predict``.

    Attributes:
        alpha: what it returned, unchecked.
        seconds: it took.
        peak_mib: highest memory during it: of the process on a CPU (where the system tells), of
            PyTorch's tensors on a GPU; None where it is not known.
    """

    alpha: Any
    seconds: float
    peak_mib: float | None


class Engine:
    """A predictor with its precision.

    Args:
        predictor: as loaded, in float32.
        device: it runs on.
        precision: one of `PRECISIONS`; below fp32 through PyTorch's autocast, which keeps what
            needs it in float32.
        compiled: compile the network with torch.compile; the first image of each size is slow.
    """

    def __init__(
        self, predictor: Predictor, device: str, precision: str = "fp32", compiled: bool = False
    ) -> None:
        self.predictor, self.device, self.precision = predictor, device, precision
        self.network = network_of(predictor)
        self._compiled = self._compile() if compiled else {}
        self._warm = self.network is None

    @property
    def parameters(self) -> int | None:
        """Parameters of the network, each counted once; None if there is no network."""
        if self.network is None:
            return None
        return sum(parameter.numel() for parameter in self.network.parameters())

    def call(self, image: UInt8Array, trimap: UInt8Array | None) -> Call:
        """Predict, timed and watched; a network is run once before, so that it is warm."""
        if not self._warm:
            with self._cast():
                self.predictor.predict(image, trimap)
            self._warm = True
        with _peak(self.device) as peak, self._cast():
            start = time.perf_counter()
            alpha = self.predictor.predict(image, trimap)
            seconds = time.perf_counter() - start
        return Call(alpha, seconds, peak[0] if peak else None)

    def macs(self, image: UInt8Array, trimap: UInt8Array | None) -> int | None:
        """Multiply-adds of one call by PyTorch's own counter; None if there is no network.

        Counts matrix products and convolutions, as is usual, and not the resizing around them.
        """
        if self.network is None:
            return None
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter:
            self.predictor.predict(image, trimap)
        return int(counter.get_total_flops()) // 2

    @property
    def how(self) -> str:
        """What is not as it is by default, in words; "" if nothing is."""
        lower = self.precision if self.precision != "fp32" and self.network is not None else ""
        return " and ".join(filter(None, [lower, "compiled" if self._compiled else ""]))

    def exactly(self, image: UInt8Array, trimap: UInt8Array | None) -> Float32Array:
        """The matte in float32 and not compiled, to compare with."""
        for name in self._compiled:  # what was set on the object hides what its class has
            delattr(self.network, name)
        try:
            return np.asarray(self.predictor.predict(image, trimap), np.float32)
        finally:
            for name, function in self._compiled.items():
                setattr(self.network, name, function)

    def _cast(self) -> AbstractContextManager[Any]:
        if self.precision == "fp32" or self.network is None:
            return nullcontext()
        import torch

        kind = torch.bfloat16 if self.precision == "bf16" else torch.float16
        return torch.autocast(self.device.partition(":")[0], kind)

    def _compile(self) -> dict[str, Any]:
        """Put compiled functions before those of the network's class."""
        if self.network is None:
            return {}
        import torch

        found = {n: getattr(self.network, n) for n in COMPILED if hasattr(self.network, n)}
        compiled = {name: torch.compile(function) for name, function in found.items()}
        for name, function in compiled.items():
            setattr(self.network, name, function)
        return compiled


def network_of(predictor: Predictor) -> nn.Module | None:
    """What a predictor keeps under ``network``, if it is a PyTorch module."""
    if "torch" not in sys.modules:  # nothing of it can be one
        return None
    from torch import nn

    network = getattr(predictor, "network", None)
    return network if isinstance(network, nn.Module) else None


@contextmanager
def _peak(device: str) -> Iterator[list[float]]:
    """Within the context memory is watched; the list gets the highest value, in MiB."""
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
    """Linux: make the process's highest resident memory start anew; False elsewhere."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _high_water_mark() -> list[float]:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return [int(line.split()[1]) / 1024 for line in lines]


def shift_of(how: str, alpha: Float32Array, exact: Float32Array) -> str:
    """How far a matte was moved from float32's, in one line."""
    error = np.abs(alpha - exact)
    return f"{how}: SAD {error.sum() / 1000:.3g} from fp32, at most {error.max():.2g} in alpha"
