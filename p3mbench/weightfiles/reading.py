"""Read a file of weights without executing its content.

A PyTorch checkpoint is a pickle, and unpickling executes code from the file. This module reads only
tensors and plain containers. It skips the objects that `p3mbench.weightfiles.inert` lists, and
refuses all others with a line on how to convert the file. Torch is imported inside the functions.
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

HEADER_KEY = "p3mbench"  # key of the record of `p3mbench train` in a safetensors header

_KEPT: ContextVar[dict[Path, Any] | None] = ContextVar("kept", default=None)


class RecordError(WeightsError):
    """The record in a checkpoint's header is impossible."""


@contextlib.contextmanager
def kept_contents() -> Iterator[None]:
    """Read each file only once within the context."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def read(path: Path) -> Any:
    """Read the content of a file, with tensors on the CPU; the name of the file does not matter.

    Raises:
        WeightsError: the file is missing, empty, damaged, of another kind, or contains objects that
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
    """Return the first bytes of a file and its size."""
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
    """Read the record of ``p3mbench train`` in a file's header; empty for any other file.

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
        return {}  # reading the tensors will report the problem
    if text is None:
        return {}
    try:
        record = json.loads(text)
    except RecursionError:
        raise RecordError(f"{path}: its header's record is nested too deep to be read") from None
    except ValueError as error:
        raise RecordError(f"{path}: its header's record is not JSON ({error})") from None
    if not isinstance(record, dict):
        raise RecordError(f"{path}: its header's record is {type(record).__name__}, not an object")
    return record


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{path} is damaged or not a safetensors file: {error}") from error
    aliases = header(path).get("aliases", {})
    if not isinstance(aliases, Mapping):
        raise RecordError(f"{path}: its header's 'aliases' are not an object of names")
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
            path.open("rb") as file,  # given a path, PyTorch would also use its name
            warnings.catch_warnings(),
            torch.serialization.safe_globals(stand_ins()),
        ):
            warnings.simplefilter("ignore")  # about pickle protocols; unreadable ones are refused
            return torch.load(file, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except pickle.UnpicklingError as error:
        raise WeightsError(_refusal(path, str(error))) from error
    except Exception as error:  # for other bytes PyTorch may raise anything
        raise WeightsError(
            f"{path} is damaged, truncated or not a PyTorch checkpoint; fetch it again, and "
            "compare its size with that of its authors"
        ) from error


def _check_sums(path: Path) -> None:
    """Verify a zip's checksums, which PyTorch does not; its sizes were checked before."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise WeightsError(f"{path} is damaged (checksum of {broken}); fetch it again")


def _refusal(path: Path, reason: str) -> str:
    """Return why the safe unpickler stopped: an object that would run code, or no checkpoint."""
    named = re.search(r"GLOBAL (\S+)|but got <class '([^']+)'>", reason)
    if named is not None:
        return (
            f"{path} contains more than tensors ({named[1] or named[2]}), and reading it would run "
            "code from the file; if you trust it, load it in its authors' environment, save "
            "torch.save(model.state_dict(), 'tensors.pth') or safetensors, and give that file"
        )
    with path.open("rb") as file:
        head = file.read(2)
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return (
            f"{path} is a pickle that torch.save did not write (Detectron2 and PaddlePaddle write "
            f"such files), or is truncated; {kinds.CONVERT}"
        )
    return f"{path} is not a checkpoint that PyTorch can read; is it the right file?"
