"""Checks without loading: interface, metadata, options, pickling and cost of the import."""

from __future__ import annotations

import datetime
import inspect
import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import fields
from functools import cache
from typing import Any

from p3mbench.errors import P3MBenchError
from p3mbench.method import Kind, Method, MethodInfo, options_of, with_options
from p3mbench.names import problem_of
from p3mbench.testing.finding import Broken, NotApplicable, Odd, one_line
from p3mbench.testing.subject import CheckedMethod, described

HEAVY = ("torch", "tensorflow", "jax", "onnxruntime", "transformers", "pymatting", "numba")
SLOW_IMPORT = 1.0  # seconds of the processor that importing the module of a method may take
_KEBAB = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_PLACEHOLDER = re.compile(r"TODO|FIXME|XXX|0000\.00000", re.IGNORECASE)

# Run in a fresh interpreter. The light parts of p3mbench are imported before the clock starts.
_IMPORT = """
import importlib, json, sys, time
sys.path[:] = json.loads(sys.argv[1])
from pathlib import Path
import p3mbench.method, p3mbench.weights, p3mbench.registry
before = set(sys.modules)
start = time.process_time()
if sys.argv[2]:
    p3mbench.registry.execute(Path(sys.argv[2]))
else:
    importlib.import_module(sys.argv[3])
seconds = time.process_time() - start
heavy = [name for name in sys.argv[4].split(",") if name in sys.modules and name not in before]
print("\\n" + json.dumps([seconds, heavy]))
"""


def interface(subject: CheckedMethod) -> str:
    """A frozen dataclass with ``info`` and ``load(device, weights)``."""
    method = subject.method
    load = inspect.signature(method.load)
    try:
        load.bind("cpu", None)
    except TypeError as error:
        raise Broken(
            f"load cannot be called as load(device, weights): {error}",
            "write it as load(self, device, weights)",
        ) from None
    if not isinstance(method.info.kind, Kind):
        raise Broken(
            f"info.kind is {method.info.kind!r}", "give Kind.TRIMAP_FREE or Kind.TRIMAP_BASED"
        )
    if "info" in {field.name for field in fields(method)}:  # type: ignore[arg-type]
        raise Broken("info is a field of the dataclass", "annotate it: info: ClassVar[MethodInfo]")
    return (
        f"frozen dataclass, {method.info.kind}, {'learned' if method.info.learned else 'unlearned'}"
    )


def metadata(subject: CheckedMethod) -> str:
    """Name, title, year, citation, licence, and the same of its checkpoints."""
    info = subject.info
    problem = problem_of(info.name)
    if problem:
        raise Broken(
            f"info.name {info.name!r} cannot be used: {problem}", "give a name like my-net"
        )
    if not _KEBAB.fullmatch(info.name):
        raise Broken(
            f"info.name {info.name!r} is not in kebab case",
            "use small letters, digits and single hyphens: my-net",
        )
    for what in ("title", "citation", "code_licence"):
        if not str(getattr(info, what) or "").strip():
            raise Broken(f"info.{what} is empty", f"give MethodInfo({what}=...)")
    for checkpoint in info.checkpoints:
        for what in ("name", "file", "where", "licence", "train_sets"):
            if not getattr(checkpoint, what):
                raise Broken(
                    f"checkpoint {checkpoint.name or checkpoint.file!r} has no {what}",
                    f"give Checkpoint({what}=...); people must know what they get",
                )
    _look_at_metadata(info)
    return f"{info.citation}; {info.code_licence}"


def _look_at_metadata(info: MethodInfo) -> None:
    now = datetime.datetime.now(tz=datetime.UTC).year
    if not 1980 <= info.year <= now + 1:
        raise Broken(f"info.year is {info.year}", "give the year of the paper")
    if not isinstance(info.version, int) or info.version < 1:
        raise Broken(f"info.version is {info.version!r}", "count from 1, in integers")
    texts = [info.title, info.citation, *(c.where for c in info.checkpoints)]
    if any(_PLACEHOLDER.search(text) for text in texts):
        raise Odd(
            f"the metadata contain a placeholder: {one_line(info.citation, 80)}",
            "fill in authors, title, venue and an arXiv id or DOI",
        )
    if not info.learned and info.checkpoints:
        raise Odd("it has checkpoints but learned=False", "give MethodInfo(learned=True)")


def options(subject: CheckedMethod) -> str:
    """Parameters are hashable, convert to JSON, and can be set as text."""
    method, name = subject.method, subject.info.name
    found = options_of(method)
    try:
        hash(method)
        known = json.loads(json.dumps(found))
    except (TypeError, ValueError) as error:
        raise Broken(
            f"its parameters cannot be part of a row's key: {one_line(error)}",
            "use fields of type bool, int, float, str or tuple",
        ) from None
    if not info_strategies(subject.info):
        raise Broken("info.strategies is empty", 'leave it out, or name one: ("native",)')
    strategy = found.get("strategy", subject.info.strategies[0])
    if strategy not in subject.info.strategies:
        raise Broken(
            f"the default strategy {strategy!r} is not in info.strategies",
            "put it there first",
        )
    deaf = [key for key, value in found.items() if _set_as_text(method, key, value) != value]
    if deaf:
        raise Odd(
            f"--set {name}.{deaf[0]}=... does not give {found[deaf[0]]!r} back",
            "use a field of type bool, int, float, str or a tuple of integers",
        )
    return ", ".join(f"{key}={value}" for key, value in known.items()) or "no parameters"


def info_strategies(info: MethodInfo) -> tuple[str, ...]:
    """Return the declared strategies; () if they are unusable."""
    names = info.strategies
    return names if isinstance(names, tuple) and all(map(str, names)) else ()


def _set_as_text(method: Method, key: str, value: Any) -> Any:
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    try:
        return getattr(with_options(method, {key: text}), key)
    except P3MBenchError:
        return None if value is not None else ""


def pickling(subject: CheckedMethod) -> str:
    """A pickled copy equals the method, so that it can be sent to other processes."""
    method = subject.method
    try:
        content = pickle.dumps(method)
        copy = pickle.loads(content)  # nosec B301 # noqa: S301 - made in the line above
    except Exception as error:
        raise Broken(
            f"it cannot be pickled: {described(error)}",
            "keep plain values in its fields, and define the class at the top of its module",
        ) from None
    if copy != method:
        raise Broken(
            "a pickled copy does not equal it",
            "do not define __eq__, and keep its fields plain",
        )
    return f"{len(content)} bytes"


def import_cost(subject: CheckedMethod) -> str:
    """Importing the method's module is fast and does not import PyTorch."""
    module = sys.modules.get(type(subject.method).__module__)
    if module is None:
        raise NotApplicable("its module is not known to Python")
    name, file = module.__name__, getattr(module, "__file__", None) or ""
    seconds, heavy = _imported(name, file if name.startswith("p3mbench_plugin_") else "")
    if heavy:
        raise Broken(
            f"importing {name} imports {heavy[0]}, which delays every 'p3mbench methods'",
            f"import {heavy[0]} inside load, or in a module that load imports",
        )
    if seconds > SLOW_IMPORT:
        raise Odd(f"importing {name} takes {seconds:.1f} s", "move slow code into load or predict")
    return f"its module imports in {seconds * 1000:.0f} ms, without {HEAVY[0]}"


@cache
def _imported(module: str, file: str) -> tuple[float, list[str]]:
    """Measure the seconds and heavy modules of an import in a new interpreter."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSTARTUP"}
    arguments = [json.dumps(sys.path), file, module, ",".join(HEAVY)]
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, *arguments],
        capture_output=True, text=True, errors="replace", check=False, env=environment,
    )  # fmt: skip
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotApplicable(f"{module} cannot be imported in another process ({one_line(last)})")
    seconds, heavy = json.loads(lines[-1])
    return float(seconds), list(heavy)
