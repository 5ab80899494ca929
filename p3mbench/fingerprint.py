"""What code computes a matte: the source files behind a method, and the libraries they import.

The files are found without running them: from the module of the method's class, imports are
followed through the syntax tree, those inside functions too. Code that belongs to an installed
distribution (in site-packages) is a library and counts by its version. Everything else counts by
its bytes: a plugin file, modules and files beside it that it names (`mentions`), what lies on
PYTHONPATH, packages that are installed editable, and always the method's own package. Files and
imports whose names are computed cannot be seen, nor can environment variables.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from p3mbench.mentions import mentioned

OURS = ("p3mbench", "p3mbench_methods")
# Of p3mbench itself, what a method may import and what computes no matte.
NOT_COMPUTING = tuple(
    f"p3mbench.{name}"
    for name in (
        "cli", "report", "harness", "training", "errors", "flags", "names", "registry", "store",
        "stats", "published", "ingest", "evaluation", "provenance", "benchmark", "metrics",
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
        for module in list(sys.modules.values()):
            path = _file_of(module) if isinstance(module, ModuleType) else None
            if path is not None:
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
            self._found[key] = tuple(dict.fromkeys(_candidates(name, beside)))
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
        path = _file_of(sys.modules.get(name))
        if path is None:
            return
        top = name.partition(".")[0]
        plugin = top.startswith("p3mbench_plugin_")
        if not (plugin or _standard(path)):
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
            for held in dict.fromkeys(name for module in loaded for name in _held(module)):
                self._imported(held, beside, local=True)

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
        if path.is_dir() or _standard(path):
            return False
        return top in self._own or not self._library(top, path, count=not local)

    def _library(self, top: str, path: Path, count: bool = True) -> bool:
        """Whether the file belongs to a distribution that is installed where it lies."""
        found = False
        for name in _providers().get(top, ()):
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


@lru_cache(maxsize=4096)
def imports(source: bytes, package: str) -> tuple[str, ...]:
    """The dotted names that a module imports anywhere in it, absolute; () for broken source.

    ``from a import b`` gives ``a.b``, since ``b`` may be a module. Imports that are for type
    checkers only do not count; ``import_module("literal")`` and ``__import__("literal")`` do.

    Args:
        source: of the module.
        package: it is in, "" for a module on its own.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(dict.fromkeys(name for name in _names(tree, package) if name))


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo.extend(node.orelse)
            continue
        todo.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(package, node.level, node.module or "")
            yield from (base if a.name == "*" else f"{base}.{a.name}" for a in node.names if base)
        elif isinstance(node, ast.Call):
            yield _called(node, package)


def _absolute(package: str, level: int, module: str) -> str:
    if not level:
        return module
    parts = package.split(".") if package else []
    kept = parts[: len(parts) - level + 1]
    return ".".join([*kept, *filter(None, [module])])


def _called(node: ast.Call, package: str) -> str:
    """The module that ``import_module("x")`` or ``__import__("x")`` names, else ""."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    first = node.args[0] if node.args else None
    if name not in ("import_module", "__import__") or not isinstance(first, ast.Constant):
        return ""
    text = first.value if isinstance(first.value, str) else ""
    bare = text.lstrip(".")
    return _absolute(package, len(text) - len(bare), bare)


def _candidates(name: str, beside: Path) -> Iterator[Path]:
    loaded = _file_of(sys.modules.get(name))
    if loaded is not None:
        yield loaded
    for places in (None, [str(beside)]):
        file, folders = _found(name, places)
        if file is not None:
            yield file.resolve()
        else:  # folders without __init__.py
            yield from (Path(folder).resolve() for folder in folders)


def _found(name: str, places: list[str] | None) -> tuple[Path | None, list[str]]:
    """The file of a module and the folders of what is in it, importing nothing.

    ``places`` is where its first part is looked for; None for wherever Python looks.
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
        except KeyError:  # a folder in a folder, neither with __init__.py: it asks for the parent
            last = name.rpartition(".")[2]
            found = [Path(place) / last for place in places or ()]
            return None, [str(folder) for folder in found if folder.is_dir()]
        except (AttributeError, ImportError, ValueError, OSError):  # a finder of somebody else's
            continue
        return (Path(spec.origin) if spec.has_location and spec.origin else None), folders
    return None, []


def _file_of(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def _held(module: ModuleType) -> Iterator[str]:
    """Modules behind the names of a loaded module, found however it imported them."""
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
def _standard(path: Path) -> bool:
    """Whether a file is Python's own."""
    inside, outside = _standard_folders()
    if any(path.is_relative_to(folder) for folder in outside):
        return False
    if "site-packages" in path.parts or "dist-packages" in path.parts:
        return False
    return any(path.is_relative_to(folder) for folder in inside)


def _providers() -> dict[str, tuple[str, ...]]:
    """Top-level module -> distributions that bring it."""
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
