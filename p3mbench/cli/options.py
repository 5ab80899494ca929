"""Options that several commands share, and functions that read their values."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from p3mbench import settings
from p3mbench.filemodels.method import TRUST_VARIABLE
from p3mbench.names import nearest, printable
from p3mbench.runs import RESULTS

if TYPE_CHECKING:
    import pandas as pd

    _Text = click.ParamType[str]
else:
    _Text = click.ParamType  # generic only from click 8.3 on

F = TypeVar("F", bound=Callable[..., Any])


def plugin_option(function: F) -> F:
    """Add --plugin FILE, any number of times."""
    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="A method of your own: a Python file, which is executed, or a TOML file of a model.",
    )(function)


def trust_option(function: F) -> F:
    """Add --trust, which allows model files that are programs, in this command's processes."""
    return click.option(
        "--trust",
        is_flag=True,
        expose_value=False,
        callback=_trust,
        help="Run model files that are programs (TorchScript); only if you trust their makers.",
    )(function)


def _trust(ctx: click.Context, param: click.Parameter, given: bool) -> None:
    before = os.environ.get(TRUST_VARIABLE)
    if not given or before:
        return
    os.environ[TRUST_VARIABLE] = "1"
    ctx.call_on_close(lambda: os.environ.pop(TRUST_VARIABLE, None))


def results_option(function: F) -> F:
    """Add --results DIR, the folder that ``run --out`` wrote."""
    return click.option(
        "--results",
        type=click.Path(path_type=Path, file_okay=False),
        default=RESULTS,
        show_default=True,
        help="Folder that 'p3mbench run --out' wrote.",
    )(function)


def out_file_option(function: F) -> F:
    """Add --out FILE, which replaces the screen."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        help="File to write instead of printing.",
    )(function)


class _Named(_Text):
    """An option whose value is a name of `p3mbench.settings`."""

    def __init__(self, name: str, known: tuple[str, ...], check: Callable[[str], str]) -> None:
        self.name, self.known, self.check = name, known, check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, spelt as p3mbench spells it."""
        try:
            return str(self.check(settings.spelt(str(value))))
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the values that the help shows."""
        return f"[{'|'.join(self.known)}|KIND-STRENGTH]"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the names that every benchmark knows."""
        return [CompletionItem(name) for name in self.known if name.startswith(incomplete)]


VARIANT = _Named("variant", settings.PAPER_VARIANTS, settings.check_variant)
TRAIN_SETTING = _Named("setting", settings.TRAIN_SETTINGS, settings.TrainSetting)


def variants(text: str | None) -> tuple[str, ...]:
    """Return the test variants of a comma-separated option; () if unset."""
    try:
        named = map(settings.spelt, listed(text))
        return tuple(dict.fromkeys(map(settings.check_variant, named)))
    except ValueError as error:
        raise click.UsageError(f"--variants: {error}") from None


def reading(function: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Make a Click callback that reads the value of an option with ``function``."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        return function(value)

    return callback


def listed(text: str | None) -> tuple[str, ...]:
    """Split a comma-separated option, without blanks and empty parts; () if unset."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def named(values: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    """Split each ``NAME=VALUE`` into (NAME, VALUE); anything else is a usage error."""
    pairs = []
    for value in values:
        name, equals, rest = value.partition("=")
        if not (name and equals and rest):
            raise click.UsageError(f"{option} takes NAME=VALUE, not {value!r}")
        pairs.append((name, rest))
    return pairs


class _Format(_Text):
    """The name of an output format: one of `p3mbench.report.render`, or one of the command."""

    name = "format"

    def __init__(self, more: dict[str, tuple[str, ...]]) -> None:
        self.more = more

    @property
    def choices(self) -> tuple[str, ...]:
        """The names; looked up when needed, so that ``p3mbench --help`` starts fast."""
        from p3mbench.report.render import formats

        return (*formats(), *self.more)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, if there is such a format."""
        if value not in self.choices and (hint := nearest(str(value), self.choices)):
            self.fail(f"{value!r} is not one; {hint}({', '.join(self.choices)})", param, ctx)
        return str(click.Choice(self.choices).convert(value, param, ctx))

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the values that the help shows."""
        return f"[{'|'.join(self.choices)}]"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the name of a format."""
        return [CompletionItem(name) for name in self.choices if name.startswith(incomplete)]


class _FormatOption(click.Option):
    """--format; its help says what each text format is for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the lines of the help."""
        from p3mbench.report.render import formats

        record = super().get_help_record(ctx)
        uses = "; ".join(f"{one.name} {one.purpose}" for one in formats().values())
        return record and (record[0], f"{record[1]} {uses[0].upper()}{uses[1:]}.")


FORMAT = _Format({})
PAGE = {"html": (".html", ".htm")}  # what `report` writes besides the text formats


def format_option(**more: tuple[str, ...]) -> Callable[[F], F]:
    """Add --format for the text; `chosen_format` reads it.

    Args:
        more: further formats of the command, with the suffixes of their files.
    """
    return click.option(
        "--format",
        "format_",
        cls=_FormatOption,
        type=_Format(more),
        help="Output format [default: by the suffix of --out, else table].",
    )


def chosen_format(format_: str | None, out: Path | None) -> str:
    """Choose the format: --format if given, else by the suffix of --out, else a table.

    Raises:
        click.UsageError: the suffix is that of a format that the command does not have.
    """
    from p3mbench.report.render import DEFAULT, suffixes

    if format_ is not None or out is None:
        return format_ or DEFAULT
    pages = {suffix: name for name, those in PAGE.items() for suffix in those}
    found = (suffixes() | pages).get(out.suffix.lower(), DEFAULT)
    context = click.get_current_context()
    has = next(
        (p.type.choices for p in context.command.params if isinstance(p.type, _Format)), (found,)
    )
    if found not in has:
        raise click.UsageError(
            f"{out}: this command writes no {found}; it has {', '.join(has)}. Give another suffix, "
            "or --format"
        )
    return found


def metric_names(text: str | None, known: Iterable[str]) -> tuple[str, ...] | None:
    """Read a comma-separated list of metrics, in any case, with hyphens or underscores.

    Args:
        text: such as "SAD,sad-t".
        known: the names to choose from.

    Raises:
        click.UsageError: a name is unknown; the message gives the nearest ones.
    """
    if text is None:
        return None
    names = {_folded(name): name for name in known}
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    if not wanted:
        raise click.UsageError("--metrics names no metric; join names by commas, as in sad,mse")
    for name in wanted:
        if _folded(name) not in names:
            near = difflib.get_close_matches(_folded(name), names, 2, 0.5)
            hint = f"did you mean {' or '.join(names[n] for n in near)}?" if near else (
                f"there are {', '.join(names.values())}"
            )  # fmt: skip
            raise click.UsageError(f"no metric {printable(name)}: {hint}")
    return tuple(dict.fromkeys(names[_folded(name)] for name in wanted))


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")


def note_boxes(frame: pd.DataFrame) -> None:
    """Note once which letters of the names in some rows no plot font has."""
    from p3mbench.report.plots.fonts import boxes_note

    names = (str(n) for c in ("title", "image", "benchmark", "subset") for n in frame[c].unique())
    if note := boxes_note(names):
        click.echo(f"note: {note}", err=True)


def write_or_print(text: str, out: Path | None) -> None:
    """Write ``text`` to a file, atomically and without terminal codes, or to the screen."""
    from p3mbench.writing import write_text

    if out is None:
        click.echo(text.rstrip("\n"))
    else:
        write_text(out, click.unstyle(text).rstrip("\n") + "\n")
        click.echo(f"wrote {out}", err=True)
