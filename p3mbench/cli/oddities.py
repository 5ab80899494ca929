"""Oddities of data on the screen: a progress bar while looking, then one line for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from p3mbench.cli.screen import pause
from p3mbench.data.findings import FindingKind, kinds_of, refuse
from p3mbench.data.survey import FEW, Memory, survey


@contextmanager
def looking(total: int) -> Iterator[Callable[[int], object]]:
    """Show a progress bar over images; none for a few."""
    from tqdm import tqdm

    with tqdm(
        desc="looking at the data",
        total=total,
        unit="image",
        dynamic_ncols=True,
        mininterval=pause(),
        disable=total <= FEW,
    ) as bar:
        yield bar.update


def show_kinds(kinds: Sequence[FindingKind], *, err: bool = False) -> None:
    """Print a line for each kind, under a heading; nothing if there are none."""
    for problem, heading, colour in (
        (True, "wrong in the data", "red"),
        (False, "odd in the data", "yellow"),
    ):
        chosen = [kind for kind in kinds if kind.problem is problem]
        if chosen:
            click.secho(heading, bold=True, fg=colour, err=err)
        for kind in chosen:
            click.echo(f"  {kind.line}", err=err)


def show_training(source: object, out: Path, *, strict: bool) -> None:
    """Look at the files of a training split before the first step, and say what is odd.

    Args:
        source: of a training; only a source that reads files is checked.
        out: the run's folder, which remembers the findings.
        strict: also refuse legal but suspicious files.

    Raises:
        DataError: a file cannot be used, so the training would end when it reaches the file.
    """
    from p3mbench.training.sources import FileSource

    if not isinstance(source, FileSource):
        return
    work = [(sample, (source.variant,)) for sample in source.samples]
    with looking(len(work)) as tick:
        found = survey(work, memory=Memory(out / "findings.sqlite"), progress=tick)
    kinds = kinds_of(one for ones in found for one in ones)
    show_kinds(kinds, err=True)
    refuse(kinds, strict=strict, what="no training was begun")
