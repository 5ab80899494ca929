"""``p3mbench data``: look at data before measuring on it."""

from __future__ import annotations

from pathlib import Path

import click

from p3mbench.cli.options import complete_benchmarks


@click.group("data")
def command() -> None:
    """Check a data set, or write the synthetic one to disk."""


@command.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--benchmark", default="p3m500", show_default=True, shell_complete=complete_benchmarks
)
def verify(folder: Path, benchmark: str) -> None:
    """Read every file of a data set and say what is there, what is missing and what is damaged."""
    from p3mbench import benchmark as benchmarks
    from p3mbench.cli.screen import item
    from p3mbench.data.verify import verify_samples

    opened = benchmarks.open_benchmark(benchmarks.get(benchmark), folder)
    problems = 0
    for subset in opened.subsets:
        click.secho(f"{subset.name}: {len(subset.samples)} of {subset.size} images", bold=True)
        click.echo(item("found", "; ".join(subset.notes)))
        for variant in ("B", "N"):
            state = subset.unavailable.get(variant)
            click.echo(
                item(f"variant {variant}", f"unavailable: {state}" if state else "available")
            )
        with click.progressbar(subset.samples, label="  reading", hidden=not _tty()) as samples:
            report = verify_samples(samples, subset.available)
        for line in report.errors:
            click.secho(f"  damaged: {line}", fg="red")
        for line in report.warnings:
            click.secho(f"  warning: {line}", fg="yellow")
        click.echo(item("checked", f"{report.images} images read, {len(report.errors)} problems"))
        problems += len(report.errors)
    for name, reason in opened.absent.items():
        click.echo(item(f"subset {name}", f"absent: {reason}"))
    if problems:
        raise SystemExit(1)


@command.command("make")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--benchmark", default="mini", show_default=True, help="A synthetic benchmark.")
@click.option("--train", default=0, show_default=True, help="Training images to write as well.")
def make(out: Path, benchmark: str, train: int) -> None:
    """Write a synthetic benchmark to the folder OUT, in the layout of P3M-10k."""
    from p3mbench import benchmark as benchmarks
    from p3mbench.data.export import write_p3m_layout

    written = write_p3m_layout(benchmarks.get(benchmark), out, train)
    click.echo(f"wrote {written} portraits to {out}")


@command.command("sheet")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--benchmark", default="mini", show_default=True, shell_complete=complete_benchmarks)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder.")
@click.option("--count", default=12, show_default=True, help="Samples per subset.")
def sheet(out: Path, benchmark: str, data: Path | None, count: int) -> None:
    """Draw a contact sheet of a benchmark's samples to OUT, a PNG or JPEG file."""
    from p3mbench import benchmark as benchmarks
    from p3mbench.data.export import contact_sheet
    from p3mbench.writing import write_picture

    opened = benchmarks.open_benchmark(benchmarks.get(benchmark), data)
    write_picture(out, contact_sheet(opened.subsets, count))
    click.echo(f"wrote {out}")


@command.command("foregrounds")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--benchmark", default="p3m500", show_default=True, shell_complete=complete_benchmarks
)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder (or P3M_ROOT).")
@click.option("--variant", type=click.Choice(["B", "N"]), default="B", show_default=True)
@click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: one per core]")
def foregrounds(out: Path, benchmark: str, data: Path | None, variant: str, jobs: int) -> None:
    """Estimate foregrounds and backgrounds of the training images into the folder OUT.

    Composition losses need them, and P3M-10k has none. What is there already is not made again.
    """
    from p3mbench import benchmark as benchmarks
    from p3mbench.data.foregrounds import make_layers
    from p3mbench.data.splits import train_samples
    from p3mbench.provenance import usable_cores

    samples = train_samples(benchmarks.get(benchmark), data, variant)
    with click.progressbar(length=len(samples), label="estimating", hidden=not _tty()) as bar:
        made = make_layers(samples, variant, out, jobs or usable_cores(), bar.update)
    click.echo(f"{made} made, {len(samples) - made} there already; in {out}")


def _tty() -> bool:
    import sys

    return sys.stderr.isatty()
