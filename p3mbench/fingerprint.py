"""Find the code that computes a matte: a method's source files, and the libraries they import.

No file is executed. From the module of the method's class, imports are followed through the syntax
tree, including those inside functions. Code of an installed distribution (in site-packages) is a
library and counts by its version. All other code counts by its bytes: a plugin file, modules and
files beside it that it names (`mentions`), modules on PYTHONPATH, editable packages, and always the
method's own package. Files and imports with computed names, and environment variables, are not
found.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Protocol, runtime_checkable

from p3mbench.mentions import mentioned
from p3mbench.module_files import candidates, file_of, files_of, held, is_standard, providers
from p3mbench.source_imports import imports

OURS = ("p3mbench", "p3mbench_methods")
# Modules of p3mbench that a method may import but that do not compute mattes.
NOT_COMPUTING = tuple(
    f"p3mbench.{name}"
    for name in (
        "cli", "report", "harness", "training", "errors", "flags", "names", "registry", "store",
        "settings", "stats", "published", "ingest", "evaluation", "provenance", "benchmark",
        "metrics",
    )
)  # fmt: skip
SOURCE = ".py"


@dataclass(frozen=True)
class Code:
    """The code of a method at one point in time.

    Attributes:
        sha256: hash of the names and bytes of all files, 64 hexadecimal digits.
        files: (name, SHA-256) of each file, sorted; the name is a module's or a plugin file's.
        libraries: (distribution, version) of each imported library, sorted.
        paths: (path, SHA-256) of each file, to check again where the code runs.
    """

    sha256: str = ""
    files: tuple[tuple[str, str], ...] = ()
    libraries: tuple[tuple[str, str], ...] = ()
    paths: tuple[tuple[str, str], ...] = ()

    @property
    def versions(self) -> str:
        """The libraries as JSON, sorted by name."""
        return json.dumps(dict(self.libraries), sort_keys=True, separators=(",", ":"))

    def changed_file(self) -> str | None:
        """Return the name of a file that has changed since; None if there is none.

        A file that cannot be read here (its path differs on another machine) is not compared.
        """
        for path, digest in self.paths:
            try:
                now = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            except OSError:
                continue
            if now != digest:
                return Path(path).name
        return None


def changed_files(
    before: Iterable[Sequence[str]], after: Iterable[Sequence[str]]
) -> tuple[str, ...]:
    """Return the names of the files that differ between two codes of (name, hash) pairs."""
    a, b = {tuple(pair) for pair in before}, {tuple(pair) for pair in after}
    return tuple(sorted({name for name, _ in a ^ b})) if a and b else ()


def changed_libraries(before: str, after: str) -> tuple[str, ...]:
    """Compare two sets of libraries, given as JSON; returns lines like "torch 2.4 became 2.5"."""
    try:
        a, b = json.loads(before or "{}"), json.loads(after or "{}")
    except ValueError:
        return ()
    return tuple(
        f"{name} {a.get(name, 'absent')} became {b.get(name, 'absent')}"
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    )


@runtime_checkable
class HasCodeFiles(Protocol):
    """A method that is more than Python code."""

    def code_files(self) -> tuple[Path, ...]:
        """Return further files that compute the matte, such as the TOML file of a model."""
        ...


class Fingerprints:
    """Finds the code of methods; one object reads each file once."""

    def __init__(self) -> None:
        importlib.invalidate_caches()
        self._codes: dict[tuple[str, ...], Code] = {}
        self._read: dict[Path, bytes] = {}
        self._found: dict[tuple[str, Path], tuple[Path, ...]] = {}

    def of(self, method: object) -> Code:
        """Find the code of a method from the modules of its class and base classes."""
        roots = tuple(c.__module__ for c in type(method).__mro__ if c.__module__ != "builtins")
        more = tuple(map(str, method.code_files())) if isinstance(method, HasCodeFiles) else ()
        if (key := roots + more) not in self._codes:
            self._codes[key] = self._code(roots, more)
        return self._codes[key]

    def _code(self, roots: tuple[str, ...], more: tuple[str, ...]) -> Code:
        walk = _Walk(self, roots)
        walk.files.update({Path(path): Path(path).name for path in more})
        files = sorted(walk.files.items())
        digests = {path: hashlib.sha256(self.content(path)).hexdigest() for path, _ in files}
        named = sorted((name, digests[path]) for path, name in files)
        whole = hashlib.sha256(json.dumps(named).encode()).hexdigest() if named else ""
        paths = tuple((str(path), digests[path]) for path, _ in files)
        return Code(whole, tuple(named), tuple(sorted(walk.libraries.items())), paths)

    @cached_property
    def loaded(self) -> dict[Path, list[ModuleType]]:
        """Modules of this process by file."""
        found: dict[Path, list[ModuleType]] = {}
        for path, module in files_of(list(sys.modules.values())):
            found.setdefault(path, []).append(module)
        return found

    def content(self, path: Path) -> bytes:
        """Return the bytes of a file; no bytes if it cannot be read."""
        if path not in self._read:
            try:
                self._read[path] = path.read_bytes()
            except OSError:
                self._read[path] = b""
        return self._read[path]

    def candidates(self, name: str, beside: Path) -> tuple[Path, ...]:
        """Return every file that ``import name`` may mean for a module in the folder ``beside``."""
        key = (name, beside)
        if key not in self._found:
            self._found[key] = tuple(dict.fromkeys(candidates(name, beside)))
        return self._found[key]


class _Walk:
    """Collects the files and libraries of one method by following imports from its roots."""

    def __init__(self, prints: Fingerprints, roots: Iterable[str]) -> None:
        self.prints = prints
        self.files: dict[Path, str] = {}
        self.libraries: dict[str, str] = {}
        self._own: set[str] = set(OURS)
        self._todo: list[tuple[str, Path]] = []
        for root in roots:
            self._root(root)
        while self._todo:
            self._follow(*self._todo.pop())

    def _root(self, name: str) -> None:
        path = file_of(sys.modules.get(name))
        if path is None:
            return
        top = name.partition(".")[0]
        plugin = top.startswith("p3mbench_plugin_")
        if not (plugin or is_standard(path)):
            self._own.add(top)
            self._library(top, path)
        self._add(path.name if plugin or name == "__main__" else name, path)
        if name.startswith("p3mbench_methods."):
            self._folder(name, path)

    def _folder(self, name: str, path: Path) -> None:
        """Add the whole folder of a built-in method."""
        package = name.rpartition(".")[0]
        for file in sorted(path.parent.glob(f"*{SOURCE}")):
            self._add(package if file.stem == "__init__" else f"{package}.{file.stem}", file)

    def _add(self, name: str, path: Path) -> None:
        computes = name != "p3mbench" and not _matches(name, NOT_COMPUTING)
        if path not in self.files and computes:
            self.files[path] = name
            self._todo.append((name, path))

    def _follow(self, name: str, path: Path) -> None:
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        if name == path.name:  # a plugin file is not in a package
            package = ""
        beside = path.parent  # the folder that contains the outermost package
        for _ in filter(None, package.split(".")):
            beside = beside.parent
        if path.suffix == SOURCE:
            wanted = imports(self.prints.content(path), package)
            for imported in wanted:
                self._imported(imported, beside)
            for place in self._mentions(name, path):
                for imported in wanted:
                    self._imported(imported, place)
        if name.partition(".")[0] not in OURS:
            loaded = self.prints.loaded.get(path, ())
            for kept in dict.fromkeys(name for module in loaded for name in held(module)):
                self._imported(kept, beside, local=True)

    def _mentions(self, name: str, path: Path) -> tuple[Path, ...]:
        """Add the files that a module's text names; return the folders that it names."""
        if name.partition(".")[0] in OURS:
            return ()
        files, folders = mentioned(self.prints.content(path), path)
        for file in files:
            self._add(file.name, file)
        return folders

    def _imported(self, name: str, beside: Path, local: bool = False) -> None:
        """Add every prefix of ``name`` that is a module; the rest may be a name inside one."""
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            module = ".".join(parts[:end])
            found = self.prints.candidates(module, beside)
            code = [path for path in found if self._is_code(parts[0], path, local)]
            for path in code:
                self._add(module, path)
            if not code and (end == 1 or not found) and not any(p.is_dir() for p in found):
                return

    def _is_code(self, top: str, path: Path, local: bool) -> bool:
        if path.is_dir() or is_standard(path):
            return False
        return top in self._own or not self._library(top, path, count=not local)

    def _library(self, top: str, path: Path, count: bool = True) -> bool:
        """Return whether a distribution installed the file in its place."""
        found = False
        for name in providers().get(top, ()):
            try:
                distribution = metadata.distribution(name)
                home = Path(str(distribution.locate_file(""))).resolve()
            except metadata.PackageNotFoundError:
                continue
            if name.lower() not in OURS and path.is_relative_to(home):
                found = True
                if count:
                    self.libraries[name] = distribution.version
        return found


def _matches(name: str, prefixes: Iterable[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)
