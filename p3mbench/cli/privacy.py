"""``p3mbench privacy``: how many faces each variant of a benchmark still shows."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.completions import complete_benchmarks, complete_variants
from p3mbench.cli.options import variants
from p3mbench.runs import RESULTS

if TYPE_CHECKING:
    from p3mbench.benchmark import Benchmark
    from p3mbench.privacy.persons import Gallery
    from p3mbench.privacy.record import PrivacyRecord


@click.command("privacy")
@click.argument("benchmark", required=False, shell_complete=complete_benchmarks)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder.")
@click.option(
    "--faces",
    type=click.Choice(["facemask", "detect"]),
    help="Source of the faces to hide, if there are no images with hidden faces.",
)
@click.option(
    "--variants",
    "variants_",
    shell_complete=complete_variants,
    help="Variants to measure, joined by commas, e.g. B,mosaic-0.10 [default: the benchmark's]",
)
@click.option(
    "--detector",
    "detectors",
    multiple=True,
    help="mtcnn, cascade, or yunet=FILE (ONNX); repeatable [default: mtcnn and cascade]",
)
@click.option(
    "--recogniser",
    type=click.Path(path_type=Path, dir_okay=False),
    help="ONNX file of SFace: match hidden faces to their normal images.",
)
@click.option(
    "--persons",
    type=click.IntRange(0),
    help="Drawn benchmarks: train an embedding on so many people of the train split; 0 for none "
    "[default: 160]",
)
@click.option(
    "--alarms",
    type=click.FloatRange(0, min_open=True),
    default=0.1,
    show_default=True,
    help="False alarms per image with visible faces, at most; sets the detectors' thresholds.",
)
@click.option("--limit", type=click.IntRange(1), help="Images of each subset to look at.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    show_default=True,
    help="Folder of the results; report finds the record there.",
)
def command(
    benchmark: str | None,
    data: Path | None,
    faces: str | None,
    variants_: str | None,
    detectors: tuple[str, ...],
    recogniser: Path | None,
    persons: int | None,
    alarms: float,
    limit: int | None,
    out: Path,
) -> None:
    """Measure what hiding hides: faces still found, people still recognised.

    BENCHMARK is a name or FILE.toml; mini by default. The result is a JSON file in the folder of
    the results, and `p3mbench report` draws the price list from it: error against faces found.

    \b
    p3mbench run --benchmark collection --variants B,N,mosaic-0.10 --methods all
    p3mbench privacy collection --variants B,N,mosaic-0.10
    p3mbench report --plots plots
    """
    from tqdm import tqdm

    from p3mbench import benchmark as benchmarks
    from p3mbench.cli.screen import pause
    from p3mbench.data.recognition import recognised
    from p3mbench.privacy.detectors import named_detector
    from p3mbench.privacy.measure import PrivacyRequest, measure
    from p3mbench.privacy.recogniser import SFace
    from p3mbench.privacy.record import file_of, written

    name = recognised(benchmark, data)
    chosen = benchmarks.chosen(name, faces=faces, variants=variants(variants_))
    used = [named_detector(text) for text in detectors or ("mtcnn", "cascade")]
    embedding = SFace(recogniser) if recogniser is not None else None
    opened = benchmarks.open_benchmark(chosen, data)
    request = PrivacyRequest(
        opened, used, embedding, _gallery(chosen, persons), alarms=alarms, limit=limit or 0
    )
    with tqdm(
        desc="looking for faces", total=request.total, unit="image", mininterval=pause()
    ) as bar:
        record = measure(request, bar.update)
    path = file_of(out, record.benchmark)
    written(record, path)
    _show(record)
    click.echo(f"wrote {path}", err=True)


def _gallery(benchmark: Benchmark, persons: int | None) -> Gallery | None:
    """Train the embedding of drawn people; None for photographs."""
    if not benchmark.source.drawn:
        if persons:
            raise click.UsageError(
                f"--persons needs drawn people, and {benchmark.name} has photographs; "
                "give --recogniser FILE"
            )
        return None
    if persons == 0:
        return None
    from p3mbench.benchmark import train_samples
    from p3mbench.privacy.persons import IDENTITIES, Gallery
    from p3mbench.settings import NORMAL

    click.echo("learning to recognise drawn people: about a minute", err=True)
    return Gallery.trained(train_samples(benchmark, None, NORMAL), persons or IDENTITIES)


def _show(record: PrivacyRecord) -> None:
    from p3mbench.cli.screen import columns
    from p3mbench.privacy.wording import answer, meanings, table

    for line in (answer(record), ""):
        click.secho(line, bold=True)
    header, rows = table(record)
    click.echo(columns(header, rows))
    click.echo("")
    for line in meanings(record):
        for part in textwrap.wrap(line, 100, subsequent_indent="  "):
            click.echo(part)
