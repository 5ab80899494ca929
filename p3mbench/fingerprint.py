"""What code computes a matte: the source files behind a method, and the libraries they import.

The files are found without running them: from the module of the method's class, imports are
followed through the syntax tree, those inside functions too. Code that belongs to an installed
distribution (in site-packages) is a library and counts by its version. Everything else counts by
its bytes: a plugin file, modules and files beside it that it names (`mentions`), what lies on
PYTHONPATH, packages that are installed editable, and always the method's own package. Files and
imports whose names are computed cannot be seen, nor can environment variables.
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

from p3mbench.mentions import mentioned
from p3mbench.module_files import candidates, file_of, files_of, held, is_standard, providers
from p3mbench.source_imports import imports

OURS = ("p3mbench", "p3mbench_methods")
# Of p3mbench itself, what a method may import and what computes no matte.
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
    """The code of a method at one moment.

    Attributes:
        sha256: over the names and bytes of all files, 64 hexadecimal digits.
        files: (name, SHA-256) of each, sorted; a module's dotted name, or a plugin's file name.
        libraries: (distribution, version) of each that the files import, sorted.
        paths: (path, SHA-256) of each, to look at again where the code runs.
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
        """The name of a file whose bytes are others by now; None if there is none.

        A file that cannot be read here (another machine has it elsewhere) is not compared.
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
    """Names of the files that differ between two codes, given as (name, hash) pairs."""
    a, b = {tuple(pair) for pair in before}, {tuple(pair) for pair in after}
    return tuple(sorted({name for name, _ in a ^ b})) if a and b else ()


def changed_libraries(before: str, after: str) -> tuple[str, ...]:
    """What changed between two sets of libraries, given as JSON: "torch 2.4 became 2.5"."""
    try:
        a, b = json.loads(before or "{}"), json.loads(after or "{}")
    except ValueError:
        return ()
    return tuple(
        f"{name} {a.get(name, 'absent')} became {b.get(name, 'absent')}"
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    )


class Fingerprints:
    """The code of several methods; each file is read once in the life of this object."""

    def __init__(self) -> None:
        importlib.invalidate_caches()
        self._codes: dict[tuple[str, ...], Code] = {}
        self._read: dict[Path, bytes] = {}
        self._found: dict[tuple[str, Path], tuple[Path, ...]] = {}

    def of(self, method: object) -> Code:
        """The code of a method, found from the modules of its class and of its base classes."""
        roots = tuple(c.__module__ for c in type(method).__mro__ if c.__module__ != "builtins")
        if roots not in self._codes:
            self._codes[roots] = self._code(roots)
        return self._codes[roots]

    def _code(self, roots: tuple[str, ...]) -> Code:
        walk = _Walk(self, roots)
        files = sorted(walk.files.items())
        digests = {path: hashlib.sha256(self.content(path)).hexdigest() for path, _ in files}
        named = sorted((name, digests[path]) for path, name in files)
        whole = hashlib.sha256(json.dumps(named).encode()).hexdigest() if named else ""
        paths = tuple((str(path), digests[path]) for path, _ in files)
        return Code(whole, tuple(named), tuple(sorted(walk.libraries.items())), paths)

    @cached_property
    def loaded(self) -> dict[Path, list[ModuleType]]:
        """The modules of this process by their files."""
        found: dict[Path, list[ModuleType]] = {}
        for path, module in files_of(list(sys.modules.values())):
            found.setdefault(path, []).append(module)
        return found

    def content(self, path: Path) -> bytes:
        """The bytes of a file; none if it cannot be read."""
        if path not in self._read:
            try:
                self._read[path] = path.read_bytes()
            except OSError:
                self._read[path] = b""
        return self._read[path]

    def candidates(self, name: str, beside: Path) -> tuple[Path, ...]:
        """Every file that ``import name`` may mean for a module in the folder ``beside``."""
        key = (name, beside)
        if key not in self._found:
            self._found[key] = tuple(dict.fromkeys(candidates(name, beside)))
        return self._found[key]


class _Walk:
    """One method's files and libraries, collected by following imports from its roots."""

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
        """A built-in method's folder counts as a whole."""
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
        if name == path.name:  # a plugin file is in no package
            package = ""
        beside = path.parent  # of the outermost package
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
        """Count the files that a module's text names; the folders that it names."""
        if name.partition(".")[0] in OURS:
            return ()
        files, folders = mentioned(self.prints.content(path), path)
        for file in files:
            self._add(file.name, file)
        return folders

    def _imported(self, name: str, beside: Path, local: bool = False) -> None:
        """``name`` may be a module, or something in one: every prefix that is a module counts."""
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
        """Whether the file belongs to a distribution that is installed where it lies."""
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
