"""What of a run is repeatable to the bit, on which device; the run's record says it.

On a CPU all of it is, for equal versions, threads and processes. On CUDA some of PyTorch's
algorithms add in an order of chance. PyTorch knows which (`torch.use_deterministic_algorithms`), so
the first step asks it, and their names go into the record. Convolutions and matrix products are not
among them, since those are told to be repeatable here.
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
    """Choose repeatable convolutions and matrix products; before anything else uses CUDA."""
    if accelerator == "cpu":
        return
    os.environ.setdefault(WORKSPACE, ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def described(device: torch.device, world: int, unordered: list[str] | None) -> dict[str, Any]:
    """The record's entry.

    Args:
        device: of this process.
        world: how many processes train.
        unordered: what `watched` found in a step; None if no step was run.

    Returns:
        ``device``, ``processes``, ``bitwise`` (whether the same run gives the same bytes; None if
        that is unknown), ``unordered`` (algorithms that add in an order of chance) and ``set``
        (what was chosen for the sake of it).
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
    """Within the context, the names of the algorithms in use that add in an order of chance.

    Nothing is looked for on a CPU.
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
    """The algorithms that PyTorch's warnings name, each once, in order of their names."""
    matches = [_NAMED.match(message) for message in messages]
    return sorted({match[1] for match in matches if match})
