"""``p3mbench predict``: mattes and cut-outs of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.completions import complete_method
from p3mbench.cli.options import named, plugin_option, trust_option

if TYPE_CHECKING:
    from p3mbench.method import Method, Predictor
    from p3mbench.prediction import Outcome, Photo, Wish

FAILURES_SHOWN = 20


def _parameters(
    ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """Return parameter -> value of each [METHOD.]OPTION=VALUE."""
    method = ctx.params.get("method", "")
    return {key.removeprefix(f"{method}."): value for key, value in named(given, "--set")}


@click.command("predict")
@click.argument("method", is_eager=True, shell_complete=complete_method)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Checkpoint of a learned method [default: a published one in the weights folder].",
)
@click.option(
    "--trimap",
    "trimaps",
    type=click.Path(path_type=Path),
    help="Trimap for trimap-based methods: a file, or a folder of files named like the "
    "photographs (.png).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("mattes"),
    show_default=True,
    help="Folder to write into.",
)
@click.option(
    "--cutout", is_flag=True, help="Also write NAME-cutout.png: the person alone, transparent."
)
@click.option("--overwrite", is_flag=True, help="Replace existing files that differ; never inputs.")
@click.option(
    "--set",
    "options",
    callback=_parameters,
    multiple=True,
    metavar="OPTION=VALUE",
    help="A parameter of the method, e.g. strategy=hybrid. Repeatable.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@plugin_option
@trust_option
@click.pass_context
def command(ctx: click.Context, /, **asked: Any) -> None:
    """Write the matte of each IMAGE: a photograph, a folder of them, or a glob.

    Photographs are turned upright by their EXIF orientation, and so are their mattes. The benchmark
    commands (run, evaluate) use pixels as they are stored.

    An existing file is left alone if it has the same pixels; otherwise it is an error. The exit
    code is 3 if a photograph failed.

    \b
    p3mbench predict p3mnet-r34 photos/ --weights p3mnet_pretrained_on_p3m10k.pth --cutout
    p3mbench predict closed-form me.jpg --trimap me_trimap.png --out mattes
    """
    from p3mbench.errors import DataError
    from p3mbench.prediction import gather
    from p3mbench.prediction import named as named_photos
    from p3mbench.ready import PredictRequest, chosen_method, make_ready

    request = PredictRequest(**asked)
    method = chosen_method(request)
    files, notes = gather(request.images)
    for argument, note in notes:
        _note(argument, note)
    if not files:
        raise DataError("there is no photograph to process")
    ready = make_ready(method, request)
    if method.info.first_use:
        click.echo(f"note: {method.info.first_use}", err=True)
    predictor = ready.load()
    if request.cutout and not method.info.first_use:
        click.echo("note: cut-outs need PyMatting; it compiles itself when first used", err=True)
    try:
        outcome = _run(predictor, method, named_photos(files), request.wish)
    except KeyboardInterrupt:
        click.echo("stopped; written files stay, and the same command continues", err=True)
        ctx.exit(130)
    _show(outcome, request.out)
    ctx.exit(3 if outcome.failed else 0)


def _run(predictor: Predictor, method: Method, photos: list[Photo], wish: Wish) -> Outcome:
    from tqdm import tqdm

    from p3mbench.cli.screen import pause
    from p3mbench.prediction import predict_all

    with tqdm(total=len(photos), unit="photo", dynamic_ncols=True, mininterval=pause()) as bar:

        def tick(photo: Photo) -> None:
            bar.update()

        return predict_all(predictor, method.info.needs_trimap, photos, wish, tick)


def _show(outcome: Outcome, out: Path) -> None:
    from p3mbench.names import printable
    from p3mbench.prediction import counted

    for path, text in outcome.odd[:FAILURES_SHOWN]:
        _note(str(path), text)
    if len(outcome.odd) > FAILURES_SHOWN:
        click.echo(f"note: {len(outcome.odd) - FAILURES_SHOWN} more are odd", err=True)
    for path, reason in outcome.failed[:FAILURES_SHOWN]:
        click.secho(f"{printable(str(path))}: ", fg="red", nl=False, err=True)
        click.echo(printable(reason), err=True)
    if len(outcome.failed) > FAILURES_SHOWN:
        click.echo(f"... and {len(outcome.failed) - FAILURES_SHOWN} more", err=True)
    if outcome.written:
        click.echo(f"wrote {' and '.join(counted(outcome.written))} to {out}")
    if outcome.same:
        click.echo(f"{' and '.join(counted(outcome.same))} existed already, with the same pixels")
    if outcome.failed:
        count = len(outcome.failed)
        click.secho(
            f"{count} photograph{'s' * (count > 1)} could not be processed", fg="red", err=True
        )


def _note(argument: str, note: str) -> None:
    from p3mbench.names import printable

    click.echo(f"note: {printable(argument)}: {printable(note)}", err=True)
