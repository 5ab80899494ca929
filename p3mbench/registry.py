"""Find methods in the entry-point group ``p3mbench.methods`` and in plugin files of the user.

Built-in methods register in the same way as plugins. Nothing is kept between calls. Only the light
modules of the method classes are imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import pickle
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import (
    Method,
    MethodInfo,
    Predictor,
    problem_of_info,
    problem_of_options,
    with_options,
)
from p3mbench.names import printable
from p3mbench.names import unknown as unknown
from p3mbench.plugins import offering, remember
from p3mbench.shipped import shipped_weights

GROUP = "p3mbench.methods"


@dataclass(frozen=True)
class Found:
    """One name in the registry: a usable method, or the reason why it cannot be used."""

    name: str
    origin: str  # its distribution or file
    method: Method | None
    problem: str | None = None


def find(plugins: Sequence[Path] = ()) -> list[Found]:
    """Find every method, sorted by name; a broken or doubly claimed one has a problem.

    Args:
        plugins: files of the user: Python files, which are executed, and TOML files that describe
            a model (`p3mbench.filemodels`).

    Raises:
        MethodError: a plugin file is missing or defines no method.
    """
    found = [_from_entry_point(point) for point in entry_points(group=GROUP)]
    found.extend(_from_models())
    for path in plugins:
        found.extend(_from_file(path))
    by_name: dict[str, list[Found]] = {}
    for entry in found:
        if entry not in by_name.setdefault(entry.name, []):
            by_name[entry.name].append(entry)
    return [_settled(entries) for _, entries in sorted(by_name.items())]


def get(name: str, plugins: Sequence[Path] = ()) -> Method:
    """Return the method with this name.

    Raises:
        MethodError: the name is unknown (the message has the nearest names), broken or claimed
            twice.
    """
    found = find(plugins)
    for entry in found:
        if entry.name == name:
            if entry.method is None:
                raise MethodError(f"method {name} ({entry.origin}) cannot be used: {entry.problem}")
            return entry.method
    raise MethodError(unknown_method(name, [entry.name for entry in found]))


def unknown_method(name: str, names: Iterable[str], what: str = "method") -> str:
    """Return an error text for an unknown method, with the plugin file that may define it."""
    plugin = offering(name)
    if plugin is None:
        return unknown(name, names, what)
    return f"unknown {what} {name!r}; a plugin that you have used defines it: add {plugin.option}"


def list_methods(plugins: Sequence[Path] = ()) -> list[MethodInfo]:
    """Return the description of each usable method, sorted by name; does not import torch.

    >>> "closed-form" in [info.name for info in list_methods()]
    True
    """
    return [entry.method.info for entry in find(plugins) if entry.method is not None]


def learned_methods(plugins: Sequence[Path] = ()) -> list[Method]:
    """Return each usable method that needs weights, sorted by name."""
    found = [entry.method for entry in find(plugins) if entry.method is not None]
    return [method for method in found if method.info.learned]


def load_method(
    name: str,
    weights: str | Path | None = None,
    device: str = "auto",
    *,
    plugins: str | Path | Sequence[str | Path] = (),
    **options: Any,
) -> Predictor:
    """Load a method, ready to predict.

    Args:
        name: a name of `list_methods`.
        weights: checkpoint file; or a name: of published weights in the weights folder, or of a
            thin network that ships, such as ``nano-B`` (for mini; useless on photographs). None
            for the published file in the weights folder.
        device: "auto" (CUDA if there is one), "cpu" or "cuda".
        plugins: Python files with more methods; they are executed.
        **options: parameters of the method, for instance ``strategy="hybrid"``. Other parameters
            come from the checkpoint, if it records them, as in a run.

    Returns:
        An object with ``predict(image, trimap=None)``; see `p3mbench.method.Predictor`.

    Raises:
        MethodError: the name or an option is unknown.
        WeightsError: the weights are missing, unsafe, or belong to another network; the message
            lists the names that could be given.
    """
    from p3mbench.devices import resolve
    from p3mbench.nearest import load
    from p3mbench.weights import as_recorded, recorded

    files = [Path(f) for f in ([plugins] if isinstance(plugins, str | Path) else plugins)]
    method = with_options(get(name, files), options)
    path = _weights_of(method.info, weights)
    if path is not None and method.info.learned:
        method = as_recorded(method, recorded(path).get("options", {}), path, options)

    def others() -> list[Method]:
        return [entry.method for entry in find(files) if entry.method is not None]

    return load(method, resolve(device, method.info.learned), path, others)


def _weights_of(info: MethodInfo, given: str | Path | None) -> Path | None:
    """Return the file of named weights; None if a method has none and needs none.

    Raises:
        WeightsError: a learned method has no such weights; the message says what there is.
    """
    from p3mbench.weights import find_checkpoint, needs_weights, weights_dir

    if not info.learned:
        return None if given is None else Path(given)
    found = find_checkpoint(info) if given is None else Path(given)
    if found is not None and found.is_file():
        return found
    published = {c.name: weights_dir() / c.file for c in info.checkpoints}
    shipped = shipped_weights(info.name)
    here = {name: path for name, path in published.items() if path.is_file()} | shipped
    if given is not None and str(given) in here:
        return here[str(given)]
    if given is None:
        problem = f"{info.name} {needs_weights(info)}"
    else:
        problem = f"{given}: does not exist, and {info.name} has no weights of this name"
    offer = f"; there are {', '.join(here)}" if here else ""
    nano = " (nano: thin networks for mini, useless on photographs)" if shipped else ""
    raise WeightsError(f"{problem}{offer}{nano}")


def _settled(entries: list[Found]) -> Found:
    if len(entries) == 1:
        return entries[0]
    origins = " and ".join(entry.origin for entry in entries)
    return Found(entries[0].name, origins, None, f"two plugins claim this name: {origins}")


def _from_entry_point(point: EntryPoint) -> Found:
    origin = point.dist.name if point.dist is not None else point.value
    try:
        with _foreign():
            found = point.load()
    except MethodError as error:  # a broken plugin is a line in the list; the command continues
        return Found(point.name, origin, None, str(error))
    return _checked(point.name, origin, found)


@contextmanager
def _foreign() -> Iterator[None]:
    """Run code of a plugin; all its exceptions, including `sys.exit`, become one line.

    A Ctrl-C of the user still interrupts; a KeyboardInterrupt that the plugin raises does not.
    """
    pressed = []

    def interrupt(*_: Any) -> None:
        pressed.append(True)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    mine = before is signal.default_int_handler
    try:
        if mine:
            signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # only the main thread can be interrupted
        mine = False
    try:
        yield
    except BaseException as error:
        if pressed:
            raise
        raise MethodError(_line(error)) from error
    finally:
        if mine:
            signal.signal(signal.SIGINT, before)


def _line(error: BaseException) -> str:
    """Return a foreign error as one printable line."""
    try:
        text = str(error)
    except Exception:
        text = "its message cannot be read"
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        text = f"it ends the program when it is imported ({text or 'no code'})"
    elif isinstance(error, MethodError):
        return printable(text)
    return printable(f"{type(error).__name__}: {' '.join(text.split()) or 'no message'}")


def _from_file(path: Path) -> list[Found]:
    if not path.is_file():
        raise MethodError(f"plugin file {path} does not exist")
    if is_model_file(path):
        return [_from_model(path, path.name, str(path.resolve().parent))]
    try:
        with _foreign():
            module = execute(path)
    except MethodError as error:
        raise MethodError(f"plugin file {path} fails: {error}") from error
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and hasattr(value, "info")
    ]
    if not classes:
        raise MethodError(
            f"plugin file {path} defines no method: a frozen dataclass with a class attribute "
            "'info' (a MethodInfo) and a method 'load(device, weights)'"
        )
    found = [_checked(None, path.name, cls) for cls in classes]
    remember(path, (entry.name for entry in found))
    return found


def is_model_file(path: Path) -> bool:
    """Return whether a plugin file describes a model instead of being code."""
    return path.suffix == ".toml"


def _from_models() -> list[Found]:
    """Return the methods of built-in and registered TOML files; a wrong file has a problem."""
    from p3mbench.filemodels.finding import builtin_files, user_files

    places = [*builtin_files(), *((str(path.parent), path) for path in user_files())]
    found = []
    for origin, path in places:
        try:
            found.append(_from_model(path, origin, ""))
        except MethodError as error:
            found.append(Found(path.stem, origin, None, str(error)))
    return found


def _from_model(path: Path, origin: str, folder: str) -> Found:
    from p3mbench.filemodels.finding import class_of
    from p3mbench.filemodels.reading import read_text

    return _checked(None, origin, class_of(read_text(path), str(path), folder))


def execute(path: Path) -> ModuleType:
    """Run a plugin file as a module; the name comes from the path, so that pickling works."""
    path = path.resolve()
    name = f"p3mbench_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise MethodError("it is not a Python file (its name must end in .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up their module there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _checked(name: str | None, origin: str, cls: Any) -> Found:
    """Check an object of an entry point or a file, and make a `Found` of it."""
    info = getattr(cls, "info", None)
    shown = printable(str(name or getattr(info, "name", None) or getattr(cls, "__name__", cls)))
    problem = _problem_of_entry(name, cls, info)
    if problem:
        return Found(shown, origin, None, problem)
    try:
        with _foreign():
            method = cast(Method, cls())
            problem = problem_of_options(method) or _problem_of_copies(method)
    except MethodError as error:
        return Found(shown, origin, None, f"its parameters need defaults that work ({error})")
    return Found(shown, origin, None if problem else method, problem or None)


def _problem_of_entry(name: str | None, cls: Any, info: Any) -> str:
    problem = problem_of_class(cls)
    if problem:
        return problem
    if name is not None and info.name != name:
        return f"its info is named {printable(str(info.name))!r}, its entry point {name!r}"
    return problem_of_info(info)


def problem_of_class(cls: Any) -> str:
    """Return why an object is not the class of a method, without calling it; "" if it is."""
    if not isinstance(cls, type) or not is_dataclass(cls):
        return "it is not a dataclass"
    if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return "its dataclass is not frozen: write @dataclass(frozen=True)"
    if not isinstance(getattr(cls, "info", None), MethodInfo):
        return "its attribute 'info' is not a p3mbench.method.MethodInfo"
    if not inspect.isfunction(getattr(cls, "load", None)):
        return "it has no method 'load(device, weights)'"
    return ""


def _problem_of_copies(method: Method) -> str:
    """Return why a method cannot be hashed, pickled or copied; "" if it can."""
    for what, check in (
        ("hashed", lambda: hash(method)),
        ("pickled", lambda: pickle.dumps(method)),
        ("made with other parameters", lambda: with_options(method, {})),
    ):
        try:
            check()
        except Exception as error:
            return f"it cannot be {what} ({_line(error)}); see docs/plugins.md"
    return ""
