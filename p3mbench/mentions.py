"""Find files beside a module that its text mentions: tables, constants and code that it opens.

No import statement names them, but mattes depend on them: ``(HERE / "table.json").read_text()``,
``spec_from_file_location("x", HERE / "helper.py")``, ``NAME = "helper"; import_module(NAME)``.
Every string literal is looked up beside the module and in folders that other literals name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

CODE = (".py", ".so", ".pyd", ".zip", ".egg", ".whl")
DATA = (
    ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".txt", ".csv", ".npy", ".npz", ".mat",
    ".pt", ".pth", ".onnx", ".safetensors", ".bin", ".pkl", ".h5",
)  # fmt: skip
# A module that writes files may write the ones it names; results do not depend on a log or cache.
_WRITES = frozenset((
    "write", "writelines", "write_text", "write_bytes", "touch", "save", "savez", "savetxt", "dump",
    "save_file", "to_csv", "imwrite", "tofile",
))  # fmt: skip
_MODES = frozenset(("w", "a", "x", "wb", "ab", "xb", "w+", "a+", "wb+", "ab+", "r+", "rb+"))
_LONGEST = 200  # characters in a name


def mentioned(source: bytes, path: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the files of code and data that a module mentions, and folders to import from.

    Args:
        source: source text of the module.
        path: file of the module.
    """
    names, writes = _literals(source)
    folders = list(_folders(names, path.parent))
    kinds = CODE if writes else CODE + DATA
    files = [
        file
        for folder in (path.parent, *folders)
        for name in names
        for file in _files(name, folder, path)
        if file.suffix.lower() in kinds and file != path
    ]
    return tuple(dict.fromkeys(files)), tuple(folders)


@lru_cache(maxsize=4096)
def _literals(source: bytes) -> tuple[tuple[str, ...], bool]:
    """Return the strings of a module that may be file names, and whether it writes files."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return (), False
    names: dict[str, None] = {}
    writes = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            writes = writes or text in _MODES
            if len(text) <= _LONGEST and text.isprintable() and any(map(str.isalnum, text)):
                names[text] = None
        writes = writes or (isinstance(node, ast.Attribute) and node.attr in _WRITES)
    return tuple(names), writes


def _folders(names: tuple[str, ...], home: Path) -> Iterator[Path]:
    """Yield folders that literals name, below ``home`` or below one such folder."""
    first = [folder for name in names if (folder := _at(home, name)) and folder.is_dir()]
    yield from first
    for folder in first:
        yield from (f for name in names if (f := _at(folder, name)) and f.is_dir())


def _files(name: str, folder: Path, path: Path) -> Iterator[Path]:
    """Yield the files in a folder that a literal may mean: as a name, a module or a suffix."""
    tries = [_at(folder, name)]
    if all(part.isidentifier() for part in name.split(".")):
        tries.append(_at(folder, name.replace(".", "/") + ".py"))
    if name in CODE + DATA:
        tries.append(path.with_suffix(name))
    yield from (file.resolve() for file in tries if file is not None and file.is_file())


def _at(folder: Path, name: str) -> Path | None:
    """Return ``name`` in a folder; None if it is absolute or cannot be a path."""
    if name.startswith(("/", "~")) or "\0" in name:
        return None
    try:
        found = folder / name
        found.exists()
    except (OSError, ValueError):
        return None
    return found
