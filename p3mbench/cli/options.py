"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_RESULTS = Path("results") / "run"


def plugin_option(function: F) -> F:
    """--plugin FILE, any number of times."""
    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="Python file that holds a method of your own; it is executed.",
    )(function)


def results_option(function: F) -> F:
    """--results DIR, what ``run --out`` wrote."""
    return click.option(
        "--results",
        type=click.Path(path_type=Path, file_okay=False),
        default=DEFAULT_RESULTS,
        show_default=True,
        help="Folder that 'p3mbench run --out' wrote.",
    )(function)


def out_file_option(function: F) -> F:
    """--out FILE instead of the screen."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        help="File to write instead of the screen.",
    )(function)


def complete_methods(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names for shell completion of a comma-separated list of methods."""
    from p3mbench.registry import find

    head, comma, tail = incomplete.rpartition(",")
    names = ["all", *(entry.name for entry in find())]
    return [head + comma + name for name in names if name.startswith(tail)]


def complete_benchmarks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names for shell completion of a benchmark."""
    from p3mbench.benchmark import builtin_names

    return [name for name in builtin_names() if name.startswith(incomplete)]


def named(values: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    """(NAME, VALUE) of each ``NAME=VALUE``; a usage error for anything else."""
    pairs = []
    for value in values:
        name, equals, rest = value.partition("=")
        if not (name and equals and rest):
            raise click.UsageError(f"{option} takes NAME=VALUE, not {value!r}")
        pairs.append((name, rest))
    return pairs


def write_or_print(text: str, out: Path | None) -> None:
    """Write ``text`` to a file, atomically, or to the screen."""
    from p3mbench.writing import write_text

    if out is None:
        click.echo(text.rstrip("\n"))
    else:
        write_text(out, text.rstrip("\n") + "\n")
        click.echo(f"wrote {out}", err=True)
