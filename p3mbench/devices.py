"""Choose the device that a method runs on."""

from __future__ import annotations

import re

from p3mbench.errors import MethodError

DEVICES = ("auto", "cpu", "cuda", "cuda:N", "mps")
_NAME = re.compile(r"auto|cpu|mps|cuda(:\d{1,4})?")


def check_device(device: str) -> None:
    """Check that this machine has a device; PyTorch is imported only if it decides.

    Raises:
        MethodError: as for `resolve`.
    """
    if device not in ("auto", "cpu"):
        resolve(device)


def check_name(device: str) -> None:
    """Check that a text names a device, on whatever machine.

    Raises:
        ValueError: the device is not one of `DEVICES`.
    """
    if not _NAME.fullmatch(device):
        raise ValueError(f"unknown device {device!r}; give one of {', '.join(DEVICES)}")


def resolve(device: str, learned: bool = True) -> str:
    """Resolve a requested device: ``auto`` is CUDA for learned methods if it is available.

    Raises:
        MethodError: the device is not one of `DEVICES`, or this machine does not have it.
    """
    try:
        check_name(device)
    except ValueError as error:
        raise MethodError(str(error)) from None
    if device == "cpu" or (device == "auto" and not learned):
        return "cpu"
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda" if count else "cpu"
    kind, _, index = device.partition(":")
    if kind == "mps":
        if torch.backends.mps.is_available():
            return device
        raise MethodError(_missing(device, "cannot use Metal", "an Apple GPU"))
    if not count:
        raise MethodError(_missing(device, "finds no CUDA device", "CUDA"))
    if index and int(index) >= count:
        has = f"has {count} CUDA device" + "s" * (count > 1)
        raise MethodError(f"device {device} was requested, but this machine {has}, counted from 0")
    return device


def _missing(device: str, why: str, needed: str) -> str:
    import torch

    return (
        f"device {device} was requested, but PyTorch {torch.__version__} {why}; "
        f"use --device cpu, or install a build of PyTorch for {needed}"
    )
