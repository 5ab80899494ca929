"""Reading a file of weights without running what is inside it.

A PyTorch checkpoint is a pickle, and unpickling runs code of the file's choosing. Only tensors,
plain containers are read; what `p3mbench.weightfiles.inert` lists is passed over, and the rest is
refused with a line that says how to convert the file. Torch is imported inside the functions.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from p3mbench.errors import WeightsError
from p3mbench.weightfiles import kinds
from p3mbench.weightfiles.inert import stand_ins

HEADER_KEY = "p3mbench"  # of what `p3mbench train` records in the header of safetensors

_KEPT: ContextVar[dict[Path, Any] | None] = ContextVar("kept", default=None)


class RecordError(WeightsError):
    """What a checkpoint says of itself in its header cannot be true."""


@contextlib.contextmanager
def kept_contents() -> Iterator[None]:
    """Within the context, each file is read once, however often it is asked for."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def read(path: Path) -> Any:
    """What a file holds, tensors on the CPU, told by its content and not by its name.

    Raises:
        WeightsError: the file is missing, empty, damaged, of another kind, or holds objects that
            are not read.
    """
    kept = _KEPT.get()
    if kept is None:
        return _read(path)
    if path not in kept:
        kept[path] = _read(path)
    return kept[path]


def _read(path: Path) -> Any:
    head, size = _head(path)
    try:
        problem = kinds.wrong_kind(path)
    except OSError as error:
        raise WeightsError(f"weights file {path} cannot be read: {error.strerror}") from error
    if problem:
        raise WeightsError(f"{path} {problem}")
    if kinds.is_safetensors(head, size):
        return _read_safetensors(path)
    return _read_torch(path)


def _head(path: Path) -> tuple[bytes, int]:
    """The first bytes of a file and its size."""
    if path.is_dir():
        raise WeightsError(
            f"weights file {path} cannot be read: it is a folder; give the file in it"
        )
    try:
        with path.open("rb") as file:
            head = file.read(16)
        size = path.stat().st_size
    except FileNotFoundError:
        raise WeightsError(f"weights file {path} does not exist") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(f"weights file {path} cannot be read: {reason}") from error
    if not head:
        raise WeightsError(f"weights file {path} is empty; fetch it again")
    return head, size


def header(path: Path) -> dict[str, Any]:
    """What ``p3mbench train`` recorded in a file's header; empty for any other file.

    Raises:
        WeightsError: the file is missing or empty.
        RecordError: the record is not a JSON object that can be read.
    """
    head, size = _head(path)
    if not kinds.is_safetensors(head, size):
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(HEADER_KEY)
    except (SafetensorError, OSError, ValueError):
        return {}  # reading the tensors says what is wrong
    if text is None:
        return {}
    try:
        record = json.loads(text)
    except RecursionError:
        raise RecordError(f"{path}: its header's record is nested too deep to be read") from None
    except ValueError as error:
        raise RecordError(f"{path}: its header's record is no JSON ({error})") from None
    if not isinstance(record, dict):
        raise RecordError(f"{path}: its header's record is {type(record).__name__}, not an object")
    return record


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{path} is damaged or no safetensors file: {error}") from error
    aliases = header(path).get("aliases", {})
    if not isinstance(aliases, Mapping):
        raise RecordError(f"{path}: its header's 'aliases' are no object of names")
    for alias, name in aliases.items():
        if name not in tensors:
            raise WeightsError(f"{path} is damaged: it lacks {name}, another name of {alias}")
        tensors[alias] = tensors[name]
    return tensors


def _read_torch(path: Path) -> Any:
    import torch

    try:
        _check_sums(path)
        with (
            path.open("rb") as file,  # given a path, PyTorch would look at its name too
            warnings.catch_warnings(),
            torch.serialization.safe_globals(stand_ins()),
        ):
            warnings.simplefilter("ignore")  # on pickle protocols; what cannot be read is refused
            return torch.load(file, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except pickle.UnpicklingError as error:
        raise WeightsError(_refusal(path, str(error))) from error
    except Exception as error:  # on bytes that are no checkpoint PyTorch raises whatever comes up
        raise WeightsError(
            f"{path} is damaged or cut off, or no PyTorch checkpoint; fetch it again, and compare "
            "its size with what its authors give"
        ) from error


def _check_sums(path: Path) -> None:
    """Compare a zip's checksums, which PyTorch does not; its sizes were looked at before."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise WeightsError(f"{path} is damaged (checksum of {broken}); fetch it again")


def _refusal(path: Path, reason: str) -> str:
    """Why the safe unpickler stopped: an object that would run code, or not a checkpoint at all."""
    named = re.search(r"GLOBAL (\S+)|but got <class '([^']+)'>", reason)
    if named is not None:
        return (
            f"{path} holds more than tensors ({named[1] or named[2]}), and reading that would run "
            "code from the file; if you trust it, load it in its authors' environment and save "
            "torch.save(model.state_dict(), 'tensors.pth'), or safetensors, and give that file"
        )
    with path.open("rb") as file:
        head = file.read(2)
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return (
            f"{path} is a pickle that torch.save did not write (Detectron2 and PaddlePaddle write "
            f"such files), or is cut off; {kinds.CONVERT}"
        )
    return f"{path} is not a checkpoint that PyTorch can read; is it the right file?"
