"""``p3mbench methods``: the methods that can be run, and facts about each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.completions import complete_method
from p3mbench.cli.fidelity import checks, thin_weights, training_tables
from p3mbench.cli.method_list import GROUPS, KINDS, Filter, file_name
from p3mbench.cli.method_list import show as show_list
from p3mbench.cli.options import plugin_option
from p3mbench.names import printable

if TYPE_CHECKING:
    from p3mbench.method import Method, MethodInfo


@click.group("methods", invoke_without_command=True)
@plugin_option
@click.option("--kind", type=click.Choice(KINDS), help="List only this kind.")
@click.option("--group", type=click.Choice(GROUPS), help="List only what comes from there.")
@click.option("--name", "pattern", default="", metavar="GLOB", help="List only names like 'pp-*'.")
@click.option("--ready", is_flag=True, help="List only methods that lack nothing here.")
@click.option("--trainable", is_flag=True, help="List only methods that p3mbench train can train.")
@click.pass_context
def command(ctx: click.Context, /, plugins: tuple[Path, ...], **wanted: Any) -> None:
    """List the methods, show one, register a model file, or write a page on each."""
    from p3mbench.registry import find

    ctx.obj = plugins
    if ctx.invoked_subcommand is None:
        show_list(find(plugins), Filter(**wanted))


@command.command("add")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def add(file: Path) -> None:
    """Register the model that FILE.toml describes, for this user.

    The file is copied below $P3MBENCH_HOME. If its weights lie where it says, they are copied into
    the weights folder.
    """
    from p3mbench import checkpoints
    from p3mbench.filemodels import adding

    info, weights = adding.add(file)
    click.echo(f"{info.name}: registered")
    if weights is None:
        click.echo(f"{info.name} {_missing(info)}")
        return
    added = checkpoints.add(weights, info, "", "", ())
    click.echo(f"{info.name}: {added.path.name}, SHA-256 {added.sha256}")


@command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Remove a model that 'p3mbench methods add' registered; its weights stay."""
    from p3mbench.filemodels import adding

    click.echo(f"removed {adding.remove(name)}")


def _missing(info: MethodInfo) -> str:
    """Return what to do about a model's weights, which a folder of transformers keeps in place."""
    from p3mbench.weights import find_checkpoint, needs_weights

    found = find_checkpoint(info)
    return f"runs {found}" if found else needs_weights(info)


@command.command("show")
@click.argument("name", shell_complete=complete_method)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    help="Also show the results in this folder.",
)
@plugin_option
@click.pass_obj
def show(
    outer: tuple[Path, ...], name: str, results: Path | None, plugins: tuple[Path, ...]
) -> None:
    """Show everything known about one method, published figures included."""
    from p3mbench.cli.screen import columns, item
    from p3mbench.registry import get

    method = get(name, outer + plugins)
    click.secho(f"{method.info.title} ({name})", bold=True)
    for line in _idea(method):
        click.echo(line)
    click.echo()
    for key, value in _facts(method):
        click.echo(item(key, value))
    click.echo(item("weights", _weights(method.info)))
    for title, header, rows in training_tables(method):
        click.secho(f"\n{title}", bold=True)
        for row in rows:
            click.echo(f"{row[0]}:")
            for heading, text in zip(header[1:], row[1:], strict=True):
                click.echo(item(f"  {heading}", text))
    header, rows = _published(name)
    if rows:
        click.secho("\npublished on P3M-500", bold=True)
        click.echo(columns(header, [[*row[:-1], _cut(row[-1])] for row in rows]))
        click.echo("Sources and remarks in full: results/published, or p3mbench methods pages.")
    if results is not None:
        header, rows = _measured(name, results)
        click.secho(f"\nmeasured in {results}", bold=True)
        click.echo(columns(header, rows) if rows else "nothing")


@command.command("pages")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@plugin_option
@click.pass_obj
def pages(outer: tuple[Path, ...], folder: Path, plugins: tuple[Path, ...]) -> None:
    """Write a Markdown page on every method, and an index, into FOLDER."""
    from p3mbench.writing import write_bytes

    folder.mkdir(parents=True, exist_ok=True)
    index = ["# Methods", "", "| name | title | kind | parameters | year |"]
    index.append("| --- | --- | --- | --: | --- |")
    for method in _methods(outer + plugins):
        info = method.info
        write_bytes(folder / f"{info.name}.md", page(method).encode())
        index.append(
            f"| [{info.name}]({info.name}.md) | {info.title} | {info.kind} | "
            f"{_parameters(info) or '–'} | {info.year} |"
        )
    text = "\n".join([*index, "", "Written by `p3mbench methods pages`."]) + "\n"
    write_bytes(folder / "index.md", text.encode())
    click.echo(f"wrote {len(index) - 4} pages to {folder}")


def page(method: Method) -> str:
    """Write a Markdown page on a method: idea, facts, options, published figures."""
    from p3mbench.report.render.markdown import escape

    lines = [f"# {method.info.title} (`{method.info.name}`)", ""]
    lines += [*_markdown(_idea(method)), ""]
    lines += [f"- **{key}**: {escape(value)}" for key, value in _facts(method)]
    for title, header, rows in training_tables(method):
        lines += ["", f"## {title}", "", *_table(header, rows)]
    header, rows = _published(method.info.name)
    if rows:
        lines += ["", "## Published on P3M-500", ""]
        lines += ["Not measured here; see `p3mbench report --compare published`.", ""]
        lines += _table(header, rows)
    return "\n".join(lines) + "\n"


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    from p3mbench.report.render.markdown import escape

    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    return lines + [f"| {' | '.join(map(escape, row))} |" for row in rows]


def _markdown(lines: list[str]) -> Iterator[str]:
    """Yield a docstring as Markdown: its "Attributes:" become a heading and list items."""
    inside = False
    for line in lines:
        if line == "Attributes:":
            inside = True
            yield "**Options** (`--set NAME.OPTION=VALUE`)\n"
        elif inside and line.startswith("    ") and not line.startswith("     "):
            yield f"- {line.strip()}"
        else:
            inside = inside and (not line or line.startswith(" "))
            yield line[6:] if inside else line


def _methods(plugins: tuple[Path, ...]) -> Iterator[Method]:
    from p3mbench.registry import find

    for entry in find(plugins):
        if entry.method is not None:
            yield entry.method


def _idea(method: Method) -> list[str]:
    """Return what the method's class says about itself."""
    return printable(inspect.cleandoc(type(method).__doc__ or ""), lines=True).splitlines()


def _facts(method: Method) -> Iterator[tuple[str, str]]:
    from p3mbench.method import install_hint, options_of

    info = method.info
    yield "kind", str(info.kind)
    if info.model_file:
        yield "declared in", file_name(info)
    yield "paper", f"{info.citation} ({info.year})"
    yield "licence of the code here", info.code_licence
    yield from info.facts
    unknown = "not stated" if info.learned else "none: nothing is learned"
    yield "parameters", _parameters(info) or unknown
    if info.imports:
        packages = ", ".join(info.imports)
        yield "needs", f"{packages}: {install_hint(info, ' '.join(info.imports))}"
    yield "strategies", ", ".join(info.strategies)
    options = ", ".join(f"{k}={v}" for k, v in options_of(method).items())
    yield "options and their defaults", options or "none"
    yield from _recipes(method)
    for checkpoint in info.checkpoints:
        text = f"{checkpoint.file}; trained under {checkpoint.train_setting} on "
        text += f"{', '.join(checkpoint.train_sets)}; {checkpoint.licence}; {checkpoint.where}"
        text += f"; {checkpoint.digest}" if checkpoint.digest else ""
        yield f"published weights ({checkpoint.name})", text
    if info.learned and not info.checkpoints:
        yield "published weights", "none"


def _recipes(method: Method) -> Iterator[tuple[str, str]]:
    """Yield how it is trained here, if it can be."""
    from p3mbench.training.recipe import PRESETS, Trainable, training_of

    if not isinstance(method, Trainable):
        yield "can be trained here", "no"
    else:
        for preset in PRESETS:
            yield f"training, preset {preset}", str(training_of(method).recipe(preset))
        yield from checks(method)
    if thin := thin_weights(method.info):
        yield "thin weights for mini", thin


def _published(name: str) -> tuple[list[str], list[list[str]]]:
    from p3mbench.published import figures
    from p3mbench.report.wording.numbers import metric_display

    header = ["subset", "setting", "metric", "value", "source", "origin", "remarks"]
    rows = [
        [
            f.subset,
            f.setting,
            metric_display(f.metric).title,
            f"{f.value:g}",
            f"{f.source}, {f.where}",
            f.origin,
            "; ".join(filter(None, [f.strategy, f.note, f.conflict and f"conflict: {f.conflict}"])),
        ]
        for f in figures(name)
    ]
    return header, rows


def _measured(name: str, results: Path) -> tuple[list[str], list[list[str]]]:
    from p3mbench.report.analysis.current import current
    from p3mbench.report.wording.numbers import metric_display
    from p3mbench.store import Store

    with Store(results) as store:
        frame = current(store).frame
    frame = frame[(frame["method"] == name) & (frame["status"] == "ok")]
    shown = [m for m in ("sad", "mse", "mad", "sad_t", "mse_t", "grad", "conn") if m in frame]
    header = ["benchmark", "subset", "setting", "strategy", "weights", "images"]
    header += [metric_display(m).title for m in shown]
    keys = ["benchmark", "subset", "train_setting", "variant", "strategy", "checkpoint"]
    rows = []
    for key, part in frame.groupby(keys, sort=True):
        benchmark, subset, train, test, strategy, weights = map(str, key)
        row = [benchmark, subset, f"{train}:{test}", strategy, weights or "none", str(len(part))]
        decimals = [metric_display(m).decimals for m in shown]
        values = [
            f"{mean:.{places}f}" for mean, places in zip(part[shown].mean(), decimals, strict=True)
        ]
        rows.append(row + values)
    return header, rows


def _cut(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"


def _parameters(info: MethodInfo) -> str:
    return f"{info.parameters / 1e6:.1f} M" if info.parameters else ""


def _weights(info: MethodInfo) -> str:
    from p3mbench.shipped import shipped_weights
    from p3mbench.weights import find_checkpoint

    if not info.learned:
        return "none needed"
    path = find_checkpoint(info)
    if path:
        return f"found ({path.name})"
    if shipped_weights(info.name):
        return "thin ones for mini"
    return "needs weights"
