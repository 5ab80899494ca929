"""``p3mbench obfuscate``: write a version of a folder in which faces are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.settings import KINDS, check_variant, recipe_of, spelt, variant_of

if TYPE_CHECKING:
    from p3mbench.data.hiding.folder import Hidden, HideRequest
    from p3mbench.data.hiding.manifest import Left, Unmade, Written

SHOWN = 3  # unreadable files named one by one


@click.command("obfuscate")
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.argument("out", metavar="DST", type=click.Path(path_type=Path))
@click.option(
    "--how",
    required=True,
    metavar="KIND[-STRENGTH]",
    help=f"How to hide faces: {', '.join(KINDS)}, such as mosaic-0.10.",
)
@click.option(
    "--strength", type=float, help="Strength, above 0 and at most 1, if --how does not name it."
)
@click.option(
    "--faces",
    type=click.Choice(["facemask", "detect"]),
    default="facemask",
    show_default=True,
    help="Where the faces come from: masks in the folder 'facemask', or a detector.",
)
@click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: one per core]")
@click.pass_context
def command(
    ctx: click.Context, /, source: Path, out: Path, how: str, strength: float | None, **more: Any
) -> None:
    """Write a version of the folder SRC into the folder DST, with all faces hidden.

    SRC is a data set laid out like P3M-10k, one of its subset folders, or a folder of pictures,
    which may have the folders 'mask' (alphas) and 'facemask' in it. The transition region of an
    alpha is never changed. Pictures are written as PNG; those without a face are not written.
    obfuscation.json in DST lists everything. The exit code is 3 if a picture was not written. The
    same command continues after Ctrl-C.

    \b
    p3mbench obfuscate /data/P3M-10k /data/P3M-mosaic --how mosaic-0.10
    p3mbench obfuscate photos hidden --how gaussian --strength 0.12 --faces detect
    """
    from tqdm import tqdm

    from p3mbench.cli.screen import pause
    from p3mbench.data.hiding.folder import HideRequest, hide_folder

    variant = _variant(how, strength)
    request = HideRequest(source, out, variant, more["faces"] == "detect", more["jobs"])
    with tqdm(unit="picture", dynamic_ncols=True, mininterval=pause(), delay=1) as bar:

        def tick(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            hidden = hide_folder(request, tick)
        except KeyboardInterrupt:
            bar.close()
            click.echo("stopped; the same command continues", err=True)
            ctx.exit(130)
    _show(hidden, request)
    ctx.exit(3 if hidden.left else 0)


def _variant(how: str, strength: float | None) -> str:
    """Return the one name of the recipe; wrong names and strengths are errors of usage."""
    written = how.strip()
    try:
        if strength is not None:
            if written not in KINDS:
                raise ValueError(f"--strength needs one of {', '.join(KINDS)} in --how")
            if not 0 < strength <= 1:
                raise ValueError(f"--strength must be above 0 and at most 1, not {strength:g}")
            return check_variant(variant_of(written, strength))
        if KINDS.get(written):
            raise ValueError(f"{written} needs a strength, such as --how {written}-0.10")
        name = check_variant(spelt(written))
        if recipe_of(name) is None:
            raise ValueError(f"{name} does not say how; name a recipe, such as gaussian-0.12")
    except ValueError as error:
        raise click.UsageError(f"--how: {error}") from None
    return name


def _show(hidden: Hidden, request: HideRequest) -> None:
    from p3mbench.data.hiding.manifest import NAME

    for note in hidden.notes:
        click.echo(f"note: {note}", err=True)
    for line in (*_cautions(hidden.made), *_left(hidden.left)):
        click.echo(line, err=True)
    count = len(hidden.made)
    kept = f"; {hidden.kept} existed already" if hidden.kept else ""
    click.echo(f"wrote {_pictures(count)} with {request.variant} to {request.out}{kept}")
    click.echo(f"{request.out / NAME} lists them")
    if hidden.p3m and (hidden.made or hidden.kept):
        where = f"--benchmark p3m500 --data {request.out} --variants {request.variant}"
        click.echo(f"try it: p3mbench run {where}")


def _cautions(made: Sequence[Written]) -> list[str]:
    """Say what a reader must know about the pictures that were written, a line for each kind."""
    from p3mbench.flags import WORDS

    said = []
    bare = sum(not one.alpha_sha256 for one in made)
    if bare:
        said.append(
            f"note: {_pictures(bare)} without an alpha matte (folder 'mask'): the whole face area "
            "is hidden, hair and outlines in it too"
        )
    lossy = sum(not one.source.lower().endswith(".png") for one in made)
    if lossy:
        said.append(
            f"note: {_pictures(lossy)} of other formats written as PNG, so that no other pixel "
            "changes"
        )
    flags = [flag for one in made for flag in one.flags]
    said += [
        f"note: {_pictures(flags.count(flag))}: {WORDS.get(flag, flag)}"
        for flag in dict.fromkeys(flags)
    ]
    return said


def _left(left: Sequence[Left]) -> list[str]:
    """Return a line for each kind of picture that was not written, and for each unreadable file."""
    from p3mbench.data.hiding.manifest import Unmade
    from p3mbench.data.listing import first_names
    from p3mbench.names import printable

    said = []
    for why in (Unmade.NO_FACE, Unmade.NO_MASK, Unmade.UNCHANGED):
        found = [one for one in left if one.why is why]
        if found:
            names = first_names(one.source for one in found)
            reasons = ", ".join(dict.fromkeys(one.reason for one in found))
            said.append(
                f"not written: {_pictures(len(found))}, {why} ({reasons}): {names}; {_mend(why)}"
            )
    broken = [one.reason for one in left if one.why is Unmade.UNREADABLE]
    said += [f"not written: {printable(reason)}" for reason in broken[:SHOWN]]
    if len(broken) > SHOWN:
        said.append(f"not written: {len(broken) - SHOWN} more that cannot be used")
    return said


def _mend(why: Unmade) -> str:
    from p3mbench.data.hiding.manifest import Unmade

    if why is Unmade.NO_MASK:
        return "add masks, or find the faces with --faces detect"
    return "look at them, and mark the face in a mask in 'facemask'"


def _pictures(count: int) -> str:
    return f"{count:,} picture{'s' * (count != 1)}"
