"""Make a run bitwise repeatable where possible, and record where it is not.

On a CPU, the whole run is repeatable with equal versions, threads and processes. On CUDA, some of
PyTorch's algorithms add in a random order. In the first step PyTorch reports them
(`torch.use_deterministic_algorithms`), and the record stores their names. Convolutions and matrix
products are not among them, because `settle` makes them repeatable.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
_NAMED = re.compile(r"^(\S+) does not have a deterministic implementation")


def settle(accelerator: str) -> None:
    """Choose repeatable convolutions and matrix products; call it before anything uses CUDA."""
    if accelerator == "cpu":
        return
    os.environ.setdefault(WORKSPACE, ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def described(device: torch.device, world: int, unordered: list[str] | None) -> dict[str, Any]:
    """Return the entry for the record.

    Args:
        device: device of this process.
        world: number of processes.
        unordered: algorithms that `watched` found in a step; None if no step was run.

    Returns:
        ``device``, ``processes``, ``bitwise`` (whether the same run gives the same bytes; None if
        that is unknown), ``unordered`` (algorithms that add in a random order) and ``set`` (the
        settings that make the run repeatable).
    """
    chosen: dict[str, Any] = {}
    if device.type == "cpu":
        chosen["threads"] = torch.get_num_threads()
        bitwise: bool | None = True
        unordered = []
    else:
        chosen["cudnn.benchmark"] = torch.backends.cudnn.benchmark
        chosen["cudnn.deterministic"] = torch.backends.cudnn.deterministic
        chosen[WORKSPACE] = os.environ.get(WORKSPACE, "")
        bitwise = None if unordered is None or device.type != "cuda" else not unordered
    return {
        "device": device.type,
        "processes": world,
        "bitwise": bitwise,
        "unordered": unordered,
        "set": chosen,
    }


@contextmanager
def watched(device: torch.device) -> Iterator[list[str]]:
    """Collect the names of algorithms in use that add in a random order.

    On a CPU the list stays empty.
    """
    found: list[str] = []
    if device.type == "cpu":
        yield found
        return
    before = torch.are_deterministic_algorithms_enabled()
    only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield found
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only)
        found += names_in([str(warning.message) for warning in caught])
        for other in caught:
            if not _NAMED.match(str(other.message)):
                warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)


def names_in(messages: list[str]) -> list[str]:
    """Return the algorithms that PyTorch's warnings name, each once, sorted."""
    matches = [_NAMED.match(message) for message in messages]
    return sorted({match[1] for match in matches if match})
