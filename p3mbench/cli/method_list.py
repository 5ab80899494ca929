"""The listing of ``p3mbench methods``: groups, what each method learned from, and what it needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import click

from p3mbench.method import Kind, Method, MethodInfo, missing_extra
from p3mbench.names import printable
from p3mbench.registry import Found

BUILT_IN, ZOO, YOURS = "built in", "zoo", "yours"
GROUPS = ("built-in", "zoo", "yours")
CLASSICAL = "classical"
KINDS = (*map(str, Kind), CLASSICAL)
OURS = "p3mbench"
READY, ON_MINI = "ready", "ready on mini"
_TITLES = {
    str(Kind.TRIMAP_FREE): "Trimap-free",
    str(Kind.TRIMAP_BASED): "Trimap-based",
    CLASSICAL: "Trimap-based, nothing is learned",
}
_HEADER = ("name", "year", "params", "from", "licence", "trained on", "needs")
_TESTS = "P3M-10k/P3M-500"  # beginning of the names of P3M-10k's test sets
_LEAST, _MOST = 84, 130  # columns of the terminal that the listing adapts to
_LICENCE, _SETS = 4, 5  # columns that are cut to fit, the second one first
_LEAST_SETS = 20


@dataclass(frozen=True)
class Filter:
    """Which methods to list.

    Attributes:
        kind: a name in `KINDS`; None for all.
        group: a name in `GROUPS`; None for all.
        pattern: a glob that the name matches; "" for all.
        ready: only methods that lack nothing.
        trainable: only methods that ``p3mbench train`` can train.
    """

    kind: str | None = None
    group: str | None = None
    pattern: str = ""
    ready: bool = False
    trainable: bool = False

    def takes(self, entry: Found, method: Method) -> bool:
        """Return whether a method is listed."""
        info = method.info
        return (
            self.kind in (None, kind_of(info))
            and self.group in (None, group_of(entry).replace(" ", "-"))
            and (not self.pattern or fnmatchcase(info.name, self.pattern))
            and (not self.trainable or hasattr(method, "training"))
            and (not self.ready or needs_of(info) in (READY, ON_MINI))
        )


def kind_of(info: MethodInfo) -> str:
    """Return the kind of a method, or "classical" if it needs a trimap and learns nothing."""
    return CLASSICAL if info.needs_trimap and not info.learned else str(info.kind)


def group_of(entry: Found) -> str:
    """Return where a method comes from."""
    if entry.origin != OURS:
        return YOURS
    return ZOO if entry.method is not None and entry.method.info.model_file else BUILT_IN


def needs_of(info: MethodInfo) -> str:
    """Return what a method lacks on this machine, in a few words."""
    absent = []
    state = READY
    if info.learned:
        state, lacks = _weights_state(info)
        absent += ["weights"] if lacks else []
    if missing_extra(info):
        absent.append(f"p3mbench[{info.extra}]" if info.extra else info.imports[0])
    return ", ".join(absent) or state


def _weights_state(info: MethodInfo) -> tuple[str, bool]:
    from p3mbench.checkpoints import shipped_files
    from p3mbench.weights import find_checkpoint

    if find_checkpoint(info) or _added(info):
        return READY, False
    if not info.model_file and shipped_files(info, _of_mini()):
        return ON_MINI, False
    return "", True


@lru_cache
def _of_mini() -> Path | None:
    """Return the folder of the weights that come with mini."""
    from p3mbench.benchmark import get

    return get("mini").checkpoints


def _added(info: MethodInfo) -> bool:
    """Return whether the user has added weights of this method, without hashing them."""
    from p3mbench.weights import weights_dir

    folder = weights_dir()
    return folder.is_dir() and any(folder.glob(f"{info.name}--*"))


def show(entries: Sequence[Found], wanted: Filter) -> None:
    """Print the methods that a filter takes, by kind, and every broken one."""
    from p3mbench.cli.screen import columns

    taken = [(e, e.method) for e in entries if e.method is not None and wanted.takes(e, e.method)]
    rows: dict[str, list[list[str]]] = {kind: [] for kind in KINDS}
    for entry, method in taken:
        rows[kind_of(method.info)].append(_row(entry, method.info))
    table = columns(_HEADER, _fitted([row for kind in KINDS for row in rows[kind]]))
    header, *lines = table.splitlines()
    if taken:
        click.echo(header)
    for kind in KINDS:
        if rows[kind]:
            click.secho(f"{_TITLES[kind]} ({len(rows[kind])})", fg="cyan", bold=True)
        for row in rows[kind]:
            line = lines.pop(0)
            click.echo(_coloured(line, row[-1]))
    if not taken:
        click.echo("no method matches")
    for entry in entries:
        if entry.problem is not None:
            text = f"cannot be used: {entry.name} ({entry.origin}): {entry.problem}"
            click.secho(printable(text), fg="red")
    _footer(taken)


def _footer(taken: Sequence[tuple[Found, Method]]) -> None:
    groups = [group_of(entry) for entry, _ in taken]
    counts = ", ".join(f"{groups.count(g)} {g}" for g in (BUILT_IN, ZOO, YOURS) if g in groups)
    if counts:
        plural = "s" * (len(taken) != 1)
        click.echo(
            f"\n{len(taken)} method{plural}: {counts}. All about one: p3mbench methods show NAME"
        )
    if ZOO in groups:
        click.echo("zoo: models as files; their weights are not shipped (docs/models-as-files.md).")


def _coloured(line: str, needs: str) -> str:
    """Colour the last column of a line."""
    colour = {READY: "green", ON_MINI: "green"}.get(needs, "yellow")
    return line.removesuffix(needs) + click.style(needs, fg=colour)


def _row(entry: Found, info: MethodInfo) -> list[str]:
    checkpoint = info.checkpoints[0] if info.checkpoints else None
    return [
        info.name,
        str(info.year),
        f"{info.parameters / 1e6:.1f} M" if info.parameters else "",
        group_of(entry),
        printable(_short_licence(checkpoint.licence)) if checkpoint else info.code_licence,
        printable(_short_sets(checkpoint.train_sets)) if checkpoint else _nothing(info),
        needs_of(info),
    ]


def _nothing(info: MethodInfo) -> str:
    return "no weights published" if info.learned else "nothing"


def _short_licence(licence: str) -> str:
    """Return a licence without its remarks."""
    for end in (":", ";", ",", " ("):
        licence = licence.partition(end)[0]
    return licence


def _short_sets(sets: Iterable[str]) -> str:
    """Return the first training set, and how many more there are; P3M-10k's test images first.

    A user must see at a glance that a checkpoint has seen test images.
    """
    ordered = sorted(sets, key=lambda name: not name.startswith(_TESTS))
    first = ordered[0].removeprefix("P3M-10k/") if ordered[0].startswith(_TESTS) else ordered[0]
    first = first.partition(" (")[0]
    return f"{first} +{len(ordered) - 1}" if len(ordered) > 1 else first


def _fitted(rows: list[list[str]]) -> list[list[str]]:
    """Cut licences and training sets so that a row fits into the terminal."""
    width = min(max(shutil.get_terminal_size().columns, _LEAST), _MOST)
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(_HEADER))]
    widths = [max(w, len(h)) for w, h in zip(widths, _HEADER, strict=True)]
    over = sum(widths) + 2 * (len(widths) - 1) - width
    sets = max(_LEAST_SETS, widths[_SETS] - max(0, over))
    over -= widths[_SETS] - sets
    licence = max(len(_HEADER[_LICENCE]), widths[_LICENCE] - max(0, over))
    limits = {_LICENCE: licence, _SETS: sets}
    return [[_cut(cell, limits.get(i, len(cell))) for i, cell in enumerate(row)] for row in rows]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"


def file_name(info: MethodInfo) -> str:
    """Return the name of the TOML file that declares a method; paths differ between machines."""
    return Path(info.model_file).name
