"""Functions that complete the names of methods, benchmarks, checkpoints, metrics and settings.

The shell calls the program at every Tab. Everything is therefore imported inside the functions, and
names come from entry points without loading the methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from p3mbench import settings

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    """Return the names that start with the text; after a comma, those of the last part."""
    head, comma, tail = incomplete.rpartition(",")
    given = head.split(",")
    return [head + comma + name for name in names if name.startswith(tail) and name not in given]


def _plugged(ctx: click.Context) -> list[str]:
    """Return the methods of the plugins on the command line that the user has run before.

    Completion never executes a plugin file.
    """
    from p3mbench.plugins import known_plugins

    given = {str(Path(path).resolve()) for path in ctx.params.get("plugins") or ()}
    known = (plugin for plugin in known_plugins() if str(plugin.path) in given)
    return [name for plugin in known for name in plugin.methods]


def _names(ctx: click.Context) -> list[str]:
    """Return the names of the installed methods, and of known plugins on the command line."""
    from importlib.metadata import entry_points

    from p3mbench.filemodels.finding import builtin_files, user_files
    from p3mbench.registry import GROUP

    models = [path.stem for _, path in builtin_files()] + [path.stem for path in user_files()]
    installed = (point.name for point in entry_points(group=GROUP))
    return sorted({*installed, *models, *_plugged(ctx)})


def complete_methods(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a comma-separated list of methods."""
    return _starting(["all", *_names(ctx)], incomplete)


def complete_method(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of one method."""
    return [name for name in _names(ctx) if name.startswith(incomplete)]


def complete_learned(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the names of methods that need weights; known plugins among them."""
    from p3mbench.registry import learned_methods

    names = {*(method.info.name for method in learned_methods()), *_plugged(ctx)}
    return [name for name in sorted(names) if name.startswith(incomplete)]


def complete_benchmarks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a benchmark."""
    from p3mbench.shipped import builtin_names

    return [name for name in builtin_names() if name.startswith(incomplete)]


def complete_variants(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a comma-separated list of the variants that every benchmark knows."""
    return _starting(settings.PAPER_VARIANTS, incomplete)


def complete_settings(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a comma-separated list of settings TRAIN:TEST."""
    pairs = (
        f"{train}:{test}"
        for train in (*settings.TRAIN_SETTINGS, settings.UNTRAINED)
        for test in settings.PAPER_VARIANTS
    )
    return _starting(dict.fromkeys(pairs), incomplete)


def complete_metrics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a comma-separated list of metrics."""
    from p3mbench.metrics.table import METRICS

    return _starting(METRICS, incomplete)


def complete_conventions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a convention."""
    from p3mbench.metrics import CONVENTIONS

    return [name for name in CONVENTIONS if name.startswith(incomplete)]


def complete_checkpoints(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a published checkpoint of the method on the command line."""
    from p3mbench.registry import learned_methods

    wanted = ctx.params.get("method") or ctx.params.get("wanted")
    return [
        checkpoint.name
        for method in learned_methods()
        if wanted in (None, method.info.name)
        for checkpoint in method.info.checkpoints
        if checkpoint.name.startswith(incomplete)
    ]


def complete_weights(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the NAME= of NAME=FILE, then the files in the folder that is typed."""
    name, equals, file = incomplete.partition("=")
    if not equals:
        return [f"{one}=" for one in complete_learned(ctx, param, name)]
    typed = Path(file)
    folder = typed if file.endswith("/") else typed.parent
    try:
        found = sorted(folder.expanduser().iterdir())
    except OSError:
        return []
    shown = (folder / path.name for path in found if not path.name.startswith("."))
    return [f"{name}={path}" + "/" * path.is_dir() for path in shown if str(path).startswith(file)]


def complete_set(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the NAME.OPTION= of a method's parameter, and the strategies of `strategy`."""
    from p3mbench.method import options_of
    from p3mbench.registry import find

    name, dot, rest = incomplete.partition(".")
    if not dot:
        return [f"{one}." for one in _names(ctx) if one.startswith(name)]
    option, equals, value = rest.partition("=")
    for entry in find():
        if entry.method is not None and entry.name == name:
            if not equals:
                return [f"{name}.{o}=" for o in options_of(entry.method) if o.startswith(option)]
            known = entry.method.info.strategies if option == "strategy" else ()
            return [f"{name}.{option}={one}" for one in known if one.startswith(value)]
    return []
