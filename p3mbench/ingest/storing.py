"""Read a file's rows, check them together and store them, all or none."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from p3mbench.errors import DataError
from p3mbench.ingest import checks, logs
from p3mbench.ingest.completing import completed
from p3mbench.ingest.defaults import Defaults
from p3mbench.ingest.rows import Made, Origin, row_of
from p3mbench.ingest.tables import FileContent, FileLine, read_table, read_text
from p3mbench.provenance import environment, sha256_of
from p3mbench.runs import ImportRecord, RunRecord
from p3mbench.store import Row, Store


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Attributes:
        new, replaced, equal: numbers of rows: new in the store, replacing those of an older import,
            and equal to stored ones.
        notes: one line for each part that was left out, mapped or odd.
    """

    new: int
    replaced: int
    equal: int
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """Number of rows in the file."""
        return self.new + self.replaced + self.equal


def import_file(path: Path, store: Store, defaults: Defaults) -> Imported:
    """Read a file and store its rows, all or none.

    Raises:
        DataError: the file cannot be read, a line is impossible, or, if strict, there is a note.
        StoreError: a row would replace a measured one.
    """
    text = read_text(path)
    log = defaults.format in logs.FORMATS or (defaults.format == "auto" and logs.is_log(text))
    content = logs.read_log(path, text) if log else read_table(path, text, defaults.keep)
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    origin = Origin(run_id, sha256_of(path))
    notes = list(content.notes)
    lines = completed(path, content, defaults, notes, log)
    made = _made(path, lines, content, origin)
    made = checks.without_sums(path, made, notes)
    checks.check_twice(path, made)
    rows = list(checks.flagged(path, made, notes))
    if not rows:
        raise DataError(f"{path}: has a header and no image below it")
    checks.check_subsets(path, rows)
    checks.check_measured(rows, store)
    if defaults.strict and notes:
        raise DataError(f"{path}: {notes[0]} (--strict)" + _more(notes))
    return _stored(path, store, rows, origin, notes)


def _more(notes: Sequence[str]) -> str:
    return f"; and {len(notes) - 1} more" if len(notes) > 1 else ""


def _made(
    path: Path, lines: Sequence[FileLine], content: FileContent, origin: Origin
) -> list[Made]:
    """Make the rows of all lines; an error counts the other wrong lines."""
    found: list[Made] = []
    first: DataError | None = None
    bad = 0
    for line in lines:
        try:
            where = f"{path}, line {line.number}"
            found.append(row_of(where, line.number, line.values, content.columns, origin))
        except DataError as error:
            first, bad = first or error, bad + 1
    if first is not None:
        raise DataError(f"{first}" + (f"; and {bad - 1} more lines" if bad > 1 else ""))
    return found


def _stored(
    path: Path, store: Store, rows: list[Row], origin: Origin, notes: Sequence[str]
) -> Imported:
    known = _known_rows(store, {row.benchmark for row in rows})
    equal = {checks.question(row) for row in rows if known.get(checks.question(row)) == _said(row)}
    changed = [row for row in rows if checks.question(row) not in equal]
    replaced = sum(checks.question(row) in known for row in changed)
    if changed:
        run = RunRecord(
            run_id=origin.run_id,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=environment(),
            imported=ImportRecord(path.name, origin.sha256, len(rows)),
        )
        places = {(row.benchmark, row.subset) for row in rows}
        store.begin_run(run, {k: n for k, n in checks.WHOLE.items() if k in places})
        store.add_all(changed)
    return Imported(len(changed) - replaced, replaced, len(equal), tuple(notes))


def _known_rows(store: Store, benchmarks: set[str]) -> dict[tuple[str, ...], tuple[object, ...]]:
    """Return the stored answers to all questions of some benchmarks."""
    return {checks.question(row): _said(row) for row in store.rows(benchmarks)}


def _said(row: Row) -> tuple[object, ...]:
    """Return all values of a row except its run."""
    scores = sorted((k, v) for k, v in row.metrics.items() if not math.isnan(v))
    return (tuple(scores), row.status, row.title, row.kind, row.flags, row.reason, row.seconds,
            row.height, row.width, row.checkpoint)  # fmt: skip
