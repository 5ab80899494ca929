"""Choose the device that a method runs on."""

from __future__ import annotations

from p3mbench.errors import MethodError

DEVICES = ("auto", "cpu", "cuda")


def resolve(device: str, learned: bool = True) -> str:
    """Resolve a requested device: ``auto`` is CUDA for learned methods if it is available.

    Raises:
        MethodError: the device is not one of `DEVICES` (a CUDA index such as ``cuda:1`` is
            allowed), or CUDA was requested and PyTorch has none here.
    """
    kind = device.partition(":")[0]
    if kind not in DEVICES:
        raise MethodError(f"unknown device {device!r}; give one of {', '.join(DEVICES)}")
    if kind == "cpu" or (kind == "auto" and not learned):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda" if kind == "auto" else device
    if kind == "cuda":
        raise MethodError(
            f"device {device} was requested, but PyTorch {torch.__version__} finds no CUDA device; "
            "use --device cpu, or install a CUDA build of PyTorch"
        )
    return "cpu"
