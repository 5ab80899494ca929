"""Locate the files of modules, Python's own files, and the distributions that installed them.

Nothing is imported here. Modules that this process has already loaded count as found.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any


def candidates(name: str, beside: Path) -> Iterator[Path]:
    """Yield every file that ``import name`` may mean for a module in the folder ``beside``."""
    loaded = file_of(sys.modules.get(name))
    if loaded is not None:
        yield loaded
    for places in (None, [str(beside)]):
        file, folders = _found(name, places)
        if file is not None:
            yield file.resolve()
        else:  # folders without __init__.py
            yield from (Path(folder).resolve() for folder in folders)


def _found(name: str, places: list[str] | None) -> tuple[Path | None, list[str]]:
    """Find the file of a module and the folders of its submodules, without importing.

    ``places`` are the folders to search for its first part; None for Python's own.
    """
    file, folders = None, places
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        if end > 1 and not folders:
            return None, []
        file, folders = _part(".".join(parts[:end]), folders, outermost=end == 1)
    return file, folders or []


def _part(name: str, places: list[str] | None, outermost: bool) -> tuple[Path | None, list[str]]:
    finders: list[Any] = [PathFinder] if places is not None and outermost else list(sys.meta_path)
    for finder in finders:
        try:
            spec: ModuleSpec | None = finder.find_spec(name, places)
            if spec is None:
                continue
            folders = list(spec.submodule_search_locations or ())
        except KeyError:  # nested folders without __init__.py: Python asks for the parent
            last = name.rpartition(".")[2]
            found = [Path(place) / last for place in places or ()]
            return None, [str(folder) for folder in found if folder.is_dir()]
        except (AttributeError, ImportError, ValueError, OSError):  # a foreign finder
            continue
        return (Path(spec.origin) if spec.has_location and spec.origin else None), folders
    return None, []


def file_of(module: ModuleType | None) -> Path | None:
    """Return the file of a loaded module; None if it has none."""
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def files_of(modules: Iterable[object]) -> Iterator[tuple[Path, ModuleType]]:
    """Yield (file, module) for each loaded module that has a file, as `file_of` finds it.

    The links in the path of a folder are followed once for all its modules.
    """
    folders: dict[str, str] = {}
    for module in modules:
        if not isinstance(module, ModuleType):
            continue
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        folder, name = os.path.split(file)
        if Path(file).is_symlink() or name in ("", ".", ".."):
            yield Path(file).resolve(), module
            continue
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        yield Path(folders[folder], name), module


def held(module: ModuleType) -> Iterator[str]:
    """Yield the modules of the names in a loaded module, in whatever way it imported them."""
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(value, (FunctionType, type)) and value.__module__ != "builtins":
            yield str(value.__module__)


@lru_cache(maxsize=1)
def _standard_folders() -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    paths = sysconfig.get_paths()
    inside = tuple(Path(paths[key]).resolve() for key in ("stdlib", "platstdlib"))
    outside = tuple(Path(paths[key]).resolve() for key in ("purelib", "platlib"))
    return inside, outside


@lru_cache(maxsize=65536)
def is_standard(path: Path) -> bool:
    """Return whether a file belongs to Python itself."""
    inside, outside = _standard_folders()
    if any(path.is_relative_to(folder) for folder in outside):
        return False
    if "site-packages" in path.parts or "dist-packages" in path.parts:
        return False
    return any(path.is_relative_to(folder) for folder in inside)


def providers() -> dict[str, tuple[str, ...]]:
    """Map each top-level module to the distributions that contain it."""
    return _providers_of(tuple((place, _changed(place)) for place in sys.path))


def _changed(place: str) -> int:
    try:
        return Path(place or ".").stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _providers_of(_: tuple[tuple[str, int], ...]) -> dict[str, tuple[str, ...]]:
    found = metadata.packages_distributions()
    return {top: tuple(dict.fromkeys(names)) for top, names in found.items()}
