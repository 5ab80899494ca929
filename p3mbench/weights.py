"""Trained weights: where they are kept, and reading them without running what is inside them.

A PyTorch checkpoint is a pickle, and unpickling runs code of the file's choosing. Only tensors and
plain containers are read here (``torch.load(weights_only=True)``, or safetensors); everything else
is refused with a line that says how to convert the file. Torch is imported inside the functions.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import WeightsError
from p3mbench.method import MethodInfo

if TYPE_CHECKING:
    from torch import Tensor, nn

ENVIRONMENT_VARIABLE = "P3MBENCH_WEIGHTS"
WRAPPERS = ("state_dict", "model_state_dict", "state_dict_ema", "model")  # first found wins
HEADER_KEY = "p3mbench"  # of what `p3mbench train` records in the header of safetensors
PARALLEL_PREFIX = "module."  # what nn.DataParallel puts before every key
SHOWN = 3  # keys named in a message


def weights_dir() -> Path:
    """The folder searched for published checkpoints; it need not exist and is not created.

    ``$P3MBENCH_WEIGHTS`` if set, else ``p3mbench/weights`` in the user's data folder
    (``$XDG_DATA_HOME``, by default ``~/.local/share``).
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "p3mbench" / "weights"


def find_checkpoint(info: MethodInfo) -> Path | None:
    """The first of a method's published checkpoints that lies in `weights_dir`, by file name."""
    folder = weights_dir()
    candidates = (folder / checkpoint.file for checkpoint in info.checkpoints)
    return next((path for path in candidates if path.is_file()), None)


def needs_weights(info: MethodInfo) -> str:
    """One line on how to give a method the weights it lacks."""
    give = f"--weights {info.name}=FILE"
    if not info.checkpoints:
        return f"needs weights, and none are published: train some and give {give}"
    checkpoint = info.checkpoints[0]
    return (
        f"needs weights: put {checkpoint.file} into {weights_dir()}, or name the file with "
        f"'p3mbench run {give}' ({checkpoint.where})"
    )


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name, on the CPU, freed of the usual wrapping.

    Reads PyTorch files of both formats and safetensors, told apart by content. Unwraps a state
    dict kept under one of `WRAPPERS`, and strips ``module.`` where every key begins with it.

    Raises:
        WeightsError: the file is missing, empty, damaged, no checkpoint, or holds objects other
            than tensors and plain containers.
    """
    content = _read_safetensors(path) if _is_safetensors(path) else _read_torch(path)
    state = _unwrapped(content, path)
    if all(key.startswith(PARALLEL_PREFIX) for key in state):
        state = {key.removeprefix(PARALLEL_PREFIX): value for key, value in state.items()}
    return state


def recorded(path: Path) -> dict[str, Any]:
    """What ``p3mbench train`` recorded in a checkpoint's header; empty for any other file.

    The keys are those of `p3mbench.training.state.Record`, and ``aliases``: second names of
    tensors that are stored once.

    Raises:
        WeightsError: the file is missing or empty.
    """
    if not _is_safetensors(path):
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            record = json.loads((file.metadata() or {}).get(HEADER_KEY, "{}"))
    except (SafetensorError, OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def recorded_width(path: Path) -> float:
    """The factor on a network's channels that a checkpoint was trained with; 1 for others."""
    width = recorded(path).get("width", 1.0)
    if not isinstance(width, int | float) or not 0 < width <= 8:
        raise WeightsError(f"{path}: its header gives a width of {width!r}; the file is damaged")
    return float(width)


def load_into(network: nn.Module, path: Path) -> None:
    """Put a checkpoint's tensors into ``network``; on any error the network is left as it was.

    Every key must be there, no other, each with its shape. Floating tensors of another precision
    are converted to the network's.

    Raises:
        WeightsError: as `read_state_dict`, or the tensors are those of another network.
    """
    load_state(network, read_state_dict(path), path)


def load_state(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """`load_into` for tensors that were read, and perhaps renamed; ``path`` is for messages."""
    expected = network.state_dict()
    problems = _differences(state, expected)
    if problems:
        raise WeightsError(
            f"{path} does not fit {type(network).__name__} ({len(expected)} tensors): "
            f"{'; '.join(problems)}; is it the checkpoint of another network?"
        )
    network.load_state_dict(state, strict=True)


def _differences(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """What keeps ``state`` from being loaded, each kind of trouble in a few words."""
    missing = [key for key in expected if key not in state]
    foreign = [key for key in state if key not in expected]
    common = [key for key in expected if key in state]
    misshapen = [
        f"{key} is {_shape(state[key])} instead of {_shape(expected[key])}"
        for key in common
        if state[key].shape != expected[key].shape
    ]
    mistyped = [
        f"{key} is {state[key].dtype} instead of {expected[key].dtype}"
        for key in common
        if state[key].is_floating_point() != expected[key].is_floating_point()
        or state[key].is_complex()
    ]
    kinds = {"missing": missing, "unexpected": foreign, "shape": misshapen, "type": mistyped}
    return [f"{kind}: {_some(entries)}" for kind, entries in kinds.items() if entries]


def _shape(tensor: Tensor) -> str:
    return "x".join(str(side) for side in tensor.shape) or "a scalar"


def _some(entries: list[str]) -> str:
    more = len(entries) - SHOWN
    return ", ".join(entries[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _is_safetensors(path: Path) -> bool:
    """Whether the file begins like safetensors: eight bytes of length, then a JSON object."""
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except FileNotFoundError:
        raise WeightsError(f"weights file {path} does not exist") from None
    except OSError as error:
        raise WeightsError(f"weights file {path} cannot be read: {error.strerror}") from error
    if not head:
        raise WeightsError(f"weights file {path} is empty; fetch it again")
    return path.suffix == ".safetensors" or head[8:] == b"{"


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path} is damaged or no safetensors file: {error}") from error
    for alias, name in recorded(path).get("aliases", {}).items():
        if name not in tensors:
            raise WeightsError(f"{path} is damaged: it lacks {name}, another name of {alias}")
        tensors[alias] = tensors[name]
    return tensors


def _read_torch(path: Path) -> Any:
    import torch

    try:
        if zipfile.is_zipfile(path):  # PyTorch itself does not look at the checksums
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
            if broken is not None:
                raise WeightsError(f"{path} is damaged (checksum of {broken}); fetch it again")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on pickle protocols; what cannot be read is refused
            return torch.load(path, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except pickle.UnpicklingError as error:
        raise WeightsError(_refusal(path, str(error))) from error
    except Exception as error:  # on bytes that are no checkpoint PyTorch raises whatever comes up
        raise WeightsError(
            f"{path} is damaged or cut off, or no PyTorch checkpoint; fetch it again, and compare "
            "its size with what its authors give"
        ) from error


def _refusal(path: Path, reason: str) -> str:
    """Why the safe unpickler stopped: an object that would run code, or not a checkpoint at all."""
    named = re.search(r"GLOBAL (\S+)", reason)
    if named is None:
        return f"{path} is not a checkpoint that PyTorch can read (a web page saved by mistake?)"
    return (
        f"{path} holds more than tensors ({named[1]}), and reading that would run code from the "
        "file; if you trust it, load it in its authors' environment and save "
        "torch.save(model.state_dict(), 'tensors.pth'), or safetensors, and give that file"
    )


def _unwrapped(content: Any, path: Path) -> dict[str, Tensor]:
    """The state dict within ``content``: itself, or what it keeps under one of `WRAPPERS`."""
    from torch import Tensor

    if isinstance(content, Mapping):
        for name in WRAPPERS:
            if isinstance(content.get(name), Mapping):
                return _unwrapped(content[name], path)
        if content and all(isinstance(key, str) for key in content):
            strangers = [key for key, value in content.items() if not isinstance(value, Tensor)]
            if not strangers:
                return dict(content)
            raise WeightsError(
                f"{path} holds no state dict: its entries {_some(strangers)} are no tensors, and "
                f"none is named {', '.join(WRAPPERS)}"
            )
    empty = isinstance(content, Mapping) and not content
    found = "nothing" if empty else type(content).__name__
    raise WeightsError(f"{path} holds no state dict (tensors by name) but {found}")
