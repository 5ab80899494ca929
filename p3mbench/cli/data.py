"""``p3mbench data``: look at data before measuring on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.completions import complete_benchmarks
from p3mbench.cli.options import VARIANT
from p3mbench.settings import BLURRED, NORMAL, ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p3mbench.benchmark import Benchmark
    from p3mbench.data.subset import Subset
    from p3mbench.data.verify import FoundParts, Verified
    from p3mbench.privacy.artefact import Leak

LEAK_IMAGES = 100  # of each part, for the test of the artefact


@click.group("data")
def command() -> None:
    """Check a data set, write the synthetic one to disk, or fetch a published one."""


@command.command("verify")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--benchmark",
    shell_complete=complete_benchmarks,
    help="Name or FILE.toml [default: p3m500 if FOLDER is laid out as P3M-10k]",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@click.option("--strict", is_flag=True, help="Count legal but suspicious files as problems.")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: one per core]")
@click.option(
    "--leak",
    is_flag=True,
    help="Test whether the artefact of hiding alone shows where the person is (also for drawn "
    "benchmarks).",
)
def verify(
    folder: Path | None,
    benchmark: str | None,
    format_: str,
    strict: bool,
    jobs: int | None,
    leak: bool,
) -> None:
    """Read every file of a data set and report what is wrong or odd.

    Test and training images are read. The exit code is 0 if nothing is wrong. It is 3 if something
    is wrong or, with --strict, odd. An artefact that finds the person is odd.
    """
    import json

    from p3mbench import benchmark as benchmarks
    from p3mbench.benchmark import open_benchmark
    from p3mbench.cli.oddities import looking
    from p3mbench.data.recognition import recognised
    from p3mbench.data.verify import find_parts
    from p3mbench.data.verify import verify as read_all

    chosen = benchmarks.get(recognised(benchmark, folder, default="p3m500"))
    if leak and chosen.source.drawn:  # no files to read
        leaks = _leaks(chosen, open_benchmark(chosen, folder).subsets, err=format_ == "json")
        if format_ == "json":
            click.echo(json.dumps({"leaks": [one.as_json() for one in leaks]}, indent=1))
        raise SystemExit(3 if strict and any(one.cries for one in leaks) else 0)
    found = find_parts(chosen, folder)
    if format_ == "text":
        _show_parts(found)
    with looking(len(found.work)) as tick:
        verified = read_all(found, jobs=jobs, progress=tick)
    if format_ == "text":
        _show_verified(verified)
    parts = [part.subset for part in found.parts] if leak else []
    leaks = _leaks(chosen, parts, err=format_ == "json")
    if format_ == "json":
        more = {"leaks": [one.as_json() for one in leaks]} if leak else {}
        click.echo(json.dumps(verified.as_json() | more, indent=1, ensure_ascii=False))
    odd = verified.odd or any(one.cries for one in leaks)
    if verified.problems or (strict and odd):
        raise SystemExit(3)


def _leaks(benchmark: Benchmark, subsets: Sequence[Subset], *, err: bool) -> list[Leak]:
    """Test each part for the leak of the artefact, with one line per variant."""
    from p3mbench.privacy.artefact import leaks_of

    leaks = []
    for subset in subsets:
        for one in leaks_of(subset, benchmark.obfuscation, limit=LEAK_IMAGES):
            if isinstance(one, str):
                click.echo(one, err=err)
                continue
            click.secho(one.line, fg="red" if one.cries else None, err=err)
            leaks.append(one)
    return leaks


def _show_parts(found: FoundParts) -> None:
    from p3mbench.cli.screen import item

    for part in found.parts:
        subset = part.subset
        click.secho(f"{subset.name}: {len(subset.samples)} of {subset.size} images", bold=True)
        click.echo(item("found", "; ".join(subset.notes)))
        for variant in ordered((*subset.available, *subset.unavailable)):
            why = subset.lacks(variant)
            click.echo(item(f"variant {variant}", f"unavailable: {why}" if why else "available"))
    for name, reason in found.absent.items():
        click.echo(item(f"{name}: absent", reason))


def _show_verified(verified: Verified) -> None:
    from p3mbench.cli.oddities import show_kinds

    show_kinds(verified.kinds)
    for line in verified.ignored:
        click.echo(f"note: {line}")
    names = {BLURRED: "blurred", NORMAL: "unblurred", "alpha": "mattes"}
    names |= {"trimap": "trimaps", "face": "face masks"}
    for part in verified.found.parts:
        counts = [f"{n} {names.get(role, role)}" for role, n in part.counts.items() if n]
        click.echo(f"looked at {part.subset.name}: {', '.join(counts)}")
    lacking = ", ".join(verified.found.absent)
    plural = "s" * (verified.problems != 1)
    click.echo(
        f"{verified.files:,} files read: {verified.problems} problem{plural}, {verified.odd} odd"
        f"{lacking and f'; not there and not looked at: {lacking}'}"
    )


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
@click.option(
    "--benchmark",
    shell_complete=complete_benchmarks,
    help="Name or FILE.toml [default: mini, or p3m500 if --data is laid out as P3M-10k]",
)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder.")
@click.option("--count", default=12, show_default=True, help="Samples per subset.")
def sheet(out: Path, benchmark: str | None, data: Path | None, count: int) -> None:
    """Draw a contact sheet of a benchmark's samples to OUT, a PNG or JPEG file."""
    from p3mbench import benchmark as benchmarks
    from p3mbench.data.export import contact_sheet
    from p3mbench.data.recognition import recognised
    from p3mbench.writing import write_picture

    opened = benchmarks.open_benchmark(benchmarks.get(recognised(benchmark, data)), data)
    write_picture(out, contact_sheet(opened.subsets, count))
    click.echo(f"wrote {out}")


@command.command("foregrounds")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--benchmark",
    default="p3m500",
    show_default=True,
    shell_complete=complete_benchmarks,
    help="Name or FILE.toml",
)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder (or set P3M_ROOT).")
@click.option(
    "--variant", type=VARIANT, default=BLURRED, show_default=True, help="What the faces look like."
)
@click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: one per core]")
def foregrounds(out: Path, benchmark: str, data: Path | None, variant: str, jobs: int) -> None:
    """Estimate foregrounds and backgrounds of the training images into the folder OUT.

    Composition losses need them, and P3M-10k has none. Existing files are kept.
    """
    from p3mbench import benchmark as benchmarks
    from p3mbench.data.foregrounds import make_layers
    from p3mbench.provenance import usable_cores

    samples = benchmarks.train_samples(benchmarks.get(benchmark), data, variant)
    with click.progressbar(length=len(samples), label="estimating", hidden=not _tty()) as bar:
        made = make_layers(samples, variant, out, jobs or usable_cores(), bar.update)
    click.echo(f"{made} made, {len(samples) - made} existed already; in {out}")


@command.command("fetch")
@click.argument("name", required=False)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for it.")
@click.option("--agree", is_flag=True, help="You have read the agreement and accept it.")
def fetch(name: str | None, out: Path | None, agree: bool) -> None:
    """List data sets that may be fetched and their agreements, or fetch one.

    Nothing is fetched before you accept the agreement. The archive is not unpacked.
    """
    from p3mbench.cli.screen import item
    from p3mbench.data.offers import OFFERS, offer_of
    from p3mbench.data.offers import fetch as fetch_offer
    from p3mbench.errors import DataError

    if name is None:
        for offer in OFFERS:
            text = f"{offer.title}; {offer.terms} ({offer.agreement}); {offer.source.address}"
            click.echo(item(offer.name, text))
        click.echo("\np3mbench data fetch NAME --out FOLDER fetches one.")
        return
    offer = offer_of(name)
    if out is None:
        raise click.UsageError("give a folder with --out")
    if not agree:
        raise DataError(
            f"{offer.name}: read {offer.agreement}; if you accept it, repeat the command with "
            "--agree"
        )
    click.echo(f"{fetch_offer(offer, out)}: unpack it, then p3mbench data verify FOLDER")


def _tty() -> bool:
    import sys

    return sys.stderr.isatty()
