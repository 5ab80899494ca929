"""Recognise files that are not checkpoints of PyTorch, and say what to do with them."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

HEAD = 1 << 16  # bytes to examine
MOST_INFLATION = 4  # a zip that would grow by a larger factor is not opened
LEAST_INFLATED = 1 << 24  # bytes; below this size any factor is harmless
SHOWN = 3

CONVERT = (
    "load it in its own environment, save torch.save(model.state_dict(), 'tensors.pth') or "
    "safetensors, and give that file"
)
_PACKED = (  # first bytes, what it is
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
)
_OTHERS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras and TensorFlow write them"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"GGUF", "a GGUF file"),
    (b"MATLAB ", "a MATLAB file"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
_MARKS_AT_4 = ((b"TFL3", "a TensorFlow Lite model"), (b"ORTM", "a model of ONNX Runtime"))
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
_PROTOBUF_FIELDS = b"\x12\x1a\x22\x28\x32\x3a\x42"  # of ONNX's ModelProto, after ir_version
_IR_VERSIONS = range(3, 32)
_IR_VERSION = b"\x08"  # ONNX's first field, ir_version
_OLD_TAR = {"sys_info", "storages", "tensors", "pickle"}
_CHECKPOINTS = (".pth", ".pt", ".ckpt", ".safetensors", ".bin", ".tar", ".pkl")


def wrong_kind(path: Path) -> str:
    """Return the end of a sentence about a file of a wrong kind; "" if it may be weights.

    Nothing is unpacked: only the directories of archives are read.

    Raises:
        OSError: the file cannot be read.
    """
    head, size = _head_of(path), path.stat().st_size
    if is_safetensors(head, size):
        return ""
    return (
        _text(path, head)
        or _archive(path, head, size)
        or _by_first_bytes(path, head)
        or _protobuf(path, head)
    )


def not_onnx(path: Path) -> str:
    """Return the end of a sentence about a file that is not ONNX; "" if it may be.

    Raises:
        OSError: the file cannot be read.
    """
    head = _head_of(path)
    known = _text(path, head) or _by_first_bytes(path, head)
    return known or ("" if head[:1] == _IR_VERSION else "is not an ONNX file")


def not_torchscript(path: Path) -> str:
    """Return the end of a sentence about a file that is not TorchScript; "" if it may be.

    Raises:
        OSError: the file cannot be read.
    """
    head = _head_of(path)
    if known := _text(path, head) or _by_first_bytes(path, head):
        return known
    if not zipfile.is_zipfile(path):
        return "is not a TorchScript archive"
    with zipfile.ZipFile(path) as archive:
        return "" if _is_program(archive.namelist()) else "is a zip archive, not TorchScript"


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _is_program(names: list[str]) -> bool:
    ends = {name.partition("/")[2] for name in names}
    return "constants.pkl" in ends or any(end.startswith("code/") for end in ends)


def is_safetensors(head: bytes, size: int) -> bool:
    """Return whether a file of ``size`` bytes begins like safetensors: a length, a JSON object."""
    length = int.from_bytes(head[:8], "little")
    return head[8:9] == b"{" and (2 <= length <= max(size, 1 << 27))


def _text(path: Path, head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lowered = start[:4096].lower()
    if start.startswith(b"version https://git-lfs"):
        return "is a git-lfs pointer, not the file itself: run 'git lfs pull' where it came from"
    if any(mark in lowered for mark in _PAGES) and lowered.startswith(b"<"):
        return (
            "is a web page (HTML), saved in place of the file: sign in or confirm in a browser, "
            "and download the file itself"
        )
    if lowered.startswith(b"<?xml") or lowered.startswith(b"<error"):
        return "is an XML document, such as a server's error: download the file again"
    if start[:1] in (b"{", b"["):
        return _json(path)
    if head and _printable(head):
        return "is a text file, not weights: give the file with the tensors"
    return ""


def _json(path: Path) -> str:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return "is text that begins like JSON, not weights: give the file with the tensors"
    if isinstance(content, dict) and isinstance(content.get("weight_map"), dict):
        parts = sorted({str(part) for part in content["weight_map"].values()})
        return (
            f"is the index of weights in {len(parts)} files ({_some(parts)}), not the weights: "
            "join their tensors into one file, and give that"
        )
    return "is a JSON file, not weights: give the file with the tensors beside it"


def _archive(path: Path, head: bytes, size: int) -> str:
    for mark, what in _PACKED:
        if head.startswith(mark):
            return f"is {what}: unpack it, and give the checkpoint that is in it"
    if head[257:262] == b"ustar" or _old_tar(path, head):
        return _tar(path)
    if head.startswith(b"PK") and zipfile.is_zipfile(path):
        return _zip(path, size)
    return ""


def _old_tar(path: Path, head: bytes) -> bool:
    """Return whether a file is a tar without the mark: its header is text and octal numbers."""
    return head[:1].isalnum() and head[100:107].strip(b" \0").isdigit() and tarfile.is_tarfile(path)


def _tar(path: Path) -> str:
    try:
        with tarfile.open(path, "r:") as archive:
            names = [member.name for member, _ in zip(archive, range(1000), strict=False)]
    except (tarfile.TarError, OSError, ValueError):
        return "is a damaged tar archive: fetch it again"
    if set(names) >= _OLD_TAR:
        return f"is in the tar format of PyTorch before 0.1.10, which is not read: {CONVERT}"
    return f"is a tar archive: unpack it, and give the checkpoint in it{_within(names)}"


def _zip(path: Path, size: int) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ""  # PyTorch's own reader reports the damage
    inflated = sum(entry.file_size for entry in entries)
    if inflated > max(MOST_INFLATION * size, LEAST_INFLATED):
        return (
            f"is a zip of {_bytes(size)} that would grow to {_bytes(inflated)}; no checkpoint "
            "compresses so well, and it is not opened"
        )
    names = [entry.filename for entry in entries]
    ends = {name.partition("/")[2] for name in names}
    if _is_program(names):
        return (
            "is a TorchScript archive, a program with its weights: describe it in a TOML file "
            "(docs/models-as-files.md), or run torch.save(torch.jit.load('FILE').state_dict(), "
            "'tensors.pth') where you trust it, and give that file"
        )
    if "data.pkl" in ends:
        return ""
    return _other_zip(names)


def _other_zip(names: list[str]) -> str:
    if names and all(name.endswith(".npy") for name in names):
        return f"is a NumPy archive (npz), not weights of PyTorch: {CONVERT}"
    if any(name.endswith("model.weights.h5") for name in names):
        return f"is a Keras model, not weights of PyTorch: {CONVERT}"
    if any("/models/" in f"/{name}" and name.endswith((".json", ".pt2")) for name in names):
        return f"is a program of torch.export (pt2), not a state dict: {CONVERT}"
    return f"is a zip archive, not a checkpoint: unpack it, and give the file in it{_within(names)}"


def _by_first_bytes(path: Path, head: bytes) -> str:
    for mark, what in _OTHERS:
        if head.startswith(mark):
            return f"is {what}, not weights of PyTorch: {CONVERT}"
    for mark, what in _MARKS_AT_4:
        if head[4:8] == mark:
            return f"is {what}, not weights of PyTorch: {CONVERT}"
    if head and not head.strip(b"\0"):
        return "contains only zeros, perhaps from an interrupted download: fetch it again"
    return ""


def _protobuf(path: Path, head: bytes) -> str:
    model = len(head) > 2 and head[0] == 8 and head[2] in _PROTOBUF_FIELDS
    if path.suffix.lower() == ".onnx" or (model and head[1] in _IR_VERSIONS):
        return (
            "is an ONNX file, a graph with its weights: describe it in a TOML file "
            "(docs/models-as-files.md), or give the PyTorch checkpoint it was exported from"
        )
    if path.suffix.lower() == ".pb" or head[:3] == b"\x08\x01\x12":
        return f"is a saved model of TensorFlow, not weights of PyTorch: {CONVERT}"
    return ""


def _printable(head: bytes) -> bool:
    try:
        text = head[:-4].decode() if len(head) == HEAD else head.decode()
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\r\n\t\f" for character in text)


def _within(names: list[str]) -> str:
    inside = [name for name in names if name.lower().endswith(_CHECKPOINTS)]
    return f" ({_some(inside)})" if inside else ""


def _some(names: list[str]) -> str:
    from p3mbench.names import printable

    more = len(names) - SHOWN
    shown = ", ".join(printable(name) for name in names[:SHOWN])
    return shown + (f" and {more} more" if more > 0 else "")


def _bytes(size: int) -> str:
    mib = size / 2**20
    return f"{mib:.1f} MB" if mib < 1000 else f"{mib / 1024:.1f} GB"
