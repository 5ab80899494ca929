"""Per-image scores from elsewhere: a table or a log becomes rows of a store, marked as imported.

docs/import.md has the columns, the names of other projects that are known, and the rules. What
``p3mbench report --per-image --format csv`` and ``p3mbench evaluate --format csv`` write is read.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from p3mbench import settings
from p3mbench.errors import DataError
from p3mbench.ingest import checks, logs
from p3mbench.ingest.columns import REQUIRED
from p3mbench.ingest.rows import Made, image_id, is_summary, row_of, spelt
from p3mbench.ingest.tables import Content, Line, read_table, read_text
from p3mbench.names import printable
from p3mbench.provenance import environment, sha256_of
from p3mbench.published import BENCHMARK
from p3mbench.runs import ImportRecord, RunRecord
from p3mbench.store import Row, Store

FORMATS = ("auto", "csv", *logs.FORMATS)
TEST_OF = {"P": "B", "NP": "N"}  # how P3M-500's subsets were released
SHOWN = 3


@dataclass(frozen=True)
class Defaults:
    """What a user says of a file.

    Attributes:
        benchmark: what was tested; "" is the file's, or `BENCHMARK` where it says nothing.
        convention: whose metrics, likewise.
        method: whose scores, likewise.
        setting: ``TRAIN:TEST``, or ``TRAIN`` where the file or the subset tells the other.
        subset, strategy, kind, title, checkpoint: likewise; "" says nothing.
        keep: unknown columns that are metrics of the user's own; ``("all",)`` for all of them.
        format: one of `FORMATS`.
        strict: whether what would be noted is an error.
    """

    benchmark: str = ""
    convention: str = ""
    method: str = ""
    setting: str = ""
    subset: str = ""
    strategy: str = ""
    kind: str = ""
    title: str = ""
    checkpoint: str = ""
    keep: tuple[str, ...] = ()
    format: str = "auto"
    strict: bool = False


@dataclass(frozen=True)
class Outcome:
    """What an import did.

    Attributes:
        new, replaced, equal: rows that the store lacked, that took an older import's place, and
            that it had with the same values.
        notes: what was left out, mapped or odd, a line each.
    """

    new: int
    replaced: int
    equal: int
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return self.new + self.replaced + self.equal


def import_file(path: Path, store: Store, defaults: Defaults) -> Outcome:
    """Read a file and store its rows, all or none.

    Raises:
        DataError: the file cannot be read, a line of it says something impossible, or, if strict,
            anything is to be noted.
        StoreError: a row would take the place of one that was measured.
    """
    text = read_text(path)
    log = defaults.format in logs.FORMATS or (defaults.format == "auto" and logs.is_log(text))
    content = logs.read_log(path, text) if log else read_table(path, text, defaults.keep)
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    digest = sha256_of(path)
    notes = list(content.notes)
    lines = _completed(path, content, defaults, notes, log)
    made = _made(path, lines, content, (run_id, digest))
    made = checks.without_sums(path, made, notes)
    checks.check_twice(path, made)
    rows = list(checks.flagged(path, made, notes))
    if not rows:
        raise DataError(f"{path}: has a header and no image below it")
    checks.check_subsets(path, rows)
    checks.check_measured(rows, store)
    if defaults.strict and notes:
        raise DataError(f"{path}: {notes[0]} (--strict)" + _more(notes))
    return _stored(path, store, rows, (run_id, digest), notes)


def _more(notes: Sequence[str]) -> str:
    return f"; and {len(notes) - 1} more" if len(notes) > 1 else ""


def _stored(
    path: Path, store: Store, rows: list[Row], made: tuple[str, str], notes: Sequence[str]
) -> Outcome:
    run_id, digest = made
    known = _known_rows(store, {row.benchmark for row in rows})
    equal = {checks.question(row) for row in rows if known.get(checks.question(row)) == _said(row)}
    changed = [row for row in rows if checks.question(row) not in equal]
    replaced = sum(checks.question(row) in known for row in changed)
    if changed:
        run = RunRecord(
            run_id=run_id,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=environment(),
            imported=ImportRecord(path.name, digest, len(rows)),
        )
        places = {(row.benchmark, row.subset) for row in rows}
        store.begin_run(run, {k: n for k, n in checks.WHOLE.items() if k in places})
        store.add_all(changed)
    return Outcome(len(changed) - replaced, replaced, len(equal), tuple(notes))


def _known_rows(store: Store, benchmarks: set[str]) -> dict[tuple[str, ...], tuple[object, ...]]:
    """What the store says on every question of some benchmarks."""
    return {checks.question(row): _said(row) for row in store.rows(benchmarks)}


def _said(row: Row) -> tuple[object, ...]:
    """All of a row but which run it came with."""
    scores = sorted((k, v) for k, v in row.metrics.items() if not math.isnan(v))
    return (tuple(scores), row.status, row.title, row.kind, row.flags, row.reason, row.seconds,
            row.height, row.width, row.checkpoint)  # fmt: skip


def _completed(
    path: Path, content: Content, defaults: Defaults, notes: list[str], log: bool
) -> list[Line]:
    """Lines with what the user said filled in; those that are no image are left out."""
    given = _given(path, defaults)
    _check_given(path, content, given, notes)
    _check_complete(path, content, given, log)
    renamed = 0
    lines, summaries = [], []
    for line in content.lines:
        values = {**{k: v for k, v in given.items() if v}, **{k: v for k, v in line.values.items()
                                                              if v}}  # fmt: skip
        values.update({k: v for k, v in given.items() if v and k in _WINS})
        _split_setting(f"{path}, line {line.number}", values)
        values.setdefault("benchmark", BENCHMARK)
        spelt(values)
        if log and not values.get("variant"):
            values["variant"] = TEST_OF.get(values.get("subset", ""), "")
        image = values.get("image", "")
        if is_summary(image):
            summaries.append(f"{printable(image)!r} (line {line.number})")
            continue
        values["image"] = image_id(image)
        renamed += values["image"] != image
        lines.append(Line(line.number, values))
    if summaries:
        more = f" and {len(summaries) - SHOWN} more" if len(summaries) > SHOWN else ""
        notes.append(f"{path}: left out what is no image: {', '.join(summaries[:SHOWN])}{more}")
    if renamed:
        notes.append(
            f"{path}: {renamed:,} image names lost folders or a suffix such as .png, so that they "
            "pair with ids"
        )
    return lines


# what the user says counts more than a column that says one thing throughout
_WINS = ("benchmark", "subset", "convention")


def _given(path: Path, defaults: Defaults) -> dict[str, str]:
    names = ("convention", "method", "subset", "strategy", "kind", "title", "checkpoint")
    given = {name: getattr(defaults, name) for name in names}
    given["setting"] = defaults.setting
    given["benchmark"] = defaults.benchmark
    return given


def _check_given(path: Path, content: Content, given: dict[str, str], notes: list[str]) -> None:
    """Refuse options that contradict a file; those that replace its one value are noted."""
    for name in _WINS:
        values = {line.values.get(name, "") for line in content.lines} - {""}
        if not given[name] or not values or values == {given[name]}:
            continue
        if len(values) > 1:
            shown = ", ".join(sorted(map(printable, values))[:SHOWN])
            raise DataError(f"{path}: has several values of {name} ({shown}); leave --{name}")
        notes.append(f"{path}: --{name} {given[name]} in place of {printable(min(values))}")


def _check_complete(path: Path, content: Content, given: dict[str, str], log: bool) -> None:
    """Refuse a file that lacks a column which nobody filled in."""
    train, _, test = given["setting"].partition(":")
    if given["setting"]:
        _check_setting(path, train, test)
    told = {column.name for column in content.columns}
    told |= {name for name, value in given.items() if value}
    if "setting" in {column.kind for column in content.columns} or test or (train and log):
        told |= {"train_setting", "variant"}
    elif train:
        told.add("train_setting")
    missing = [name for name in REQUIRED if name not in told]
    if missing:
        asked = ", ".join(dict.fromkeys(_OPTIONS[name] for name in missing if name in _OPTIONS))
        raise DataError(
            f"{path}: the header lacks {', '.join(missing)}"
            + (f"; add the column, or give {asked}" if asked else "; it is needed")
        )


_OPTIONS = {
    "method": "--method",
    "subset": "--subset",
    "variant": "--setting TRAIN:TEST",
    "train_setting": "--setting TRAIN:TEST",
}


def _check_setting(path: Path, train: str, test: str) -> None:
    known = train == settings.UNTRAINED or settings.is_train_setting(train)
    if not known or (test and not settings.is_variant(test)):
        trains = ", ".join((*settings.TRAIN_SETTINGS, settings.UNTRAINED))
        raise DataError(
            f"{path}: the setting must be TRAIN:TEST with TRAIN of {trains} and TEST B or N, such "
            f"as B:N, or another obfuscation in the place of B, not {printable(train)}"
            f"{':' if test else ''}{printable(test)}"
        )


def _split_setting(where: str, values: dict[str, str]) -> None:
    setting = values.pop("setting", "")
    if setting:
        train, _, test = re.sub(r"\s*(?:→|->)\s*", ":", setting).partition(":")
        values.setdefault("train_setting", train.strip())
        if test:
            values.setdefault("variant", test.strip())


def _made(path: Path, lines: Sequence[Line], content: Content, made: tuple[str, str]) -> list[Made]:
    """The rows of all lines; an error says how many other lines share its trouble."""
    found: list[Made] = []
    first: DataError | None = None
    bad = 0
    for line in lines:
        try:
            where = f"{path}, line {line.number}"
            found.append(row_of(where, line.number, line.values, content.columns, made))
        except DataError as error:
            first, bad = first or error, bad + 1
    if first is not None:
        raise DataError(f"{first}" + (f"; and {bad - 1} more lines" if bad > 1 else ""))
    return found
