"""The files of a training run: weights for inference, and the state for resuming.

``weights.safetensors`` contains the tensors and, in its header, a `Record`. ``weights.json`` is a
copy of the record. ``state.pt`` is for resuming only. All files are written atomically.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from p3mbench.errors import WeightsError
from p3mbench.weightfiles.reading import HEADER_KEY, read
from p3mbench.writing import write_bytes

WEIGHTS, RECORD, STATE, LOG = "weights.safetensors", "weights.json", "state.pt", "log.jsonl"


@dataclass(frozen=True, kw_only=True)
class Record:
    """How a checkpoint was made; stored in its header.

    Attributes:
        method, version: the method, and the version of its code.
        width: factor on the network's channels.
        setting: train setting: B, N or B+CP.
        train_sets: names of the training sets.
        data: SHA-256 over the training images.
        seed, steps: seed and number of steps of the run.
        recipe: all numbers of the recipe.
        options: options that the method must be run with.
        environment: versions of the software.
        determinism: what is bitwise repeatable; see `determinism.described`.
    """

    method: str
    version: int
    width: float
    setting: str
    train_sets: tuple[str, ...]
    data: str
    seed: int
    steps: int
    recipe: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    determinism: Mapping[str, Any] = field(default_factory=dict)


def distinct(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Split a state dict into tensors, each once, and a map from second names to first names."""
    first: dict[tuple[Any, ...], str] = {}
    tensors, aliases = {}, {}
    for name, tensor in state.items():
        same = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        if tensor.numel() and same in first:
            aliases[name] = first[same]
        else:
            first[same] = name
            tensors[name] = tensor
    return tensors, aliases


def save_weights(network: nn.Module, folder: Path, record: Record, half: bool = False) -> Path:
    """Write ``weights.safetensors`` and ``weights.json``.

    Args:
        network: the network; each tensor is stored once.
        half: store tensors in half precision, and integers in 16 bits, if their values allow it.
    """
    from safetensors.torch import save

    tensors, aliases = distinct(network.state_dict())
    kept = {name: _stored(tensor, half) for name, tensor in tensors.items()}
    # Only one entry, because safetensors writes several in a random order.
    header = {HEADER_KEY: json.dumps(asdict(record) | {"aliases": aliases}, sort_keys=True)}
    write_bytes(folder / WEIGHTS, save(kept, metadata=header))
    write_bytes(folder / RECORD, (json.dumps(asdict(record), indent=1) + "\n").encode())
    return folder / WEIGHTS


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if half and tensor.dtype == torch.float32:
        small = tensor.half()
        if torch.isfinite(small).all():
            return small
    if half and tensor.dtype == torch.int64 and tensor.dim():  # tables of indices
        short = tensor.to(torch.int16)
        if torch.equal(short.to(torch.int64), tensor):
            return short
    return tensor


def holds_run(folder: Path) -> bool:
    """Whether a folder contains the state or weights of a training."""
    return any((folder / name).is_file() for name in (STATE, WEIGHTS))


def save_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write ``state.pt``; a crash while writing leaves the previous one."""
    content = BytesIO()
    torch.save(dict(state), content)
    write_bytes(folder / STATE, content.getvalue())


def load_state(folder: Path) -> dict[str, Any] | None:
    """Read the state that `save_state` wrote; None if there is none.

    Raises:
        WeightsError: the state cannot be read.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        state = read(path)
    except WeightsError as error:
        raise WeightsError(f"{error}; or remove it to start again") from error
    if not isinstance(state, dict) or not {"network", "step"} <= set(state):
        raise WeightsError(
            f"{path}: is not a training state of p3mbench (give a checkpoint with --start); remove "
            "it to start again"
        )
    return state


def cut_log(folder: Path, step: int) -> None:
    """Remove the lines after ``step`` from the log; a resumed run writes them again."""
    path = folder / LOG
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except (ValueError, KeyError, TypeError):
            continue  # incomplete, because the run was stopped
    write_bytes(path, "".join(f"{line}\n" for line in kept).encode())
