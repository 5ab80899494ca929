"""Write checkpoints with random values, for the check of networks that p3mbench does not train."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import save_file
from torch import nn

from p3mbench.weightfiles.reading import HEADER_KEY

Network = TypeVar("Network", bound=nn.Module)


def write_sample(network: nn.Module, method: str, width: float, folder: Path) -> Path:
    """Write a network's own weights into ``folder``; the header records method and width.

    Args:
        network: has random weights.
        method: name of the method.
        width: factor on the published network's channels.

    Returns:
        The path of the file.
    """
    tensors = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    path = folder / f"{method}--sample.safetensors"
    record = {"method": method, "setting": "other", "width": width}
    save_file(tensors, path, metadata={HEADER_KEY: json.dumps(record)})
    return path


def drawn(build: Callable[[], Network]) -> Network:
    """Make a network whose random weights are the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build()
