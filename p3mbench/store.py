"""The results store: one SQLite file, one row per image, each committed as it is made.

The journal mode is DELETE and every commit is synced, because WAL is not for network file systems.
A row is found by its key, a hash of everything its numbers depend on; a row that answers the same
question with other inputs (an edited trimap, say) replaces the older one.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

FILE_NAME = "store.sqlite"
SCHEMA = 3

# ok: scored. failed: raised, or returned what is no matte. timeout, oom: stopped by the limits, or
# by the system for want of memory. skipped: not tried, because the method could not be loaded.
STATUSES = ("ok", "failed", "timeout", "oom", "skipped")

_SCHEMA_SQL = """
CREATE TABLE rows (
    key TEXT PRIMARY KEY,
    benchmark TEXT NOT NULL, subset TEXT NOT NULL, variant TEXT NOT NULL, image TEXT NOT NULL,
    method TEXT NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL, learned INTEGER NOT NULL,
    options TEXT NOT NULL, strategy TEXT NOT NULL,
    checkpoint TEXT NOT NULL, checkpoint_sha256 TEXT NOT NULL, train_setting TEXT NOT NULL,
    seed TEXT NOT NULL, trimap_source TEXT NOT NULL, convention TEXT NOT NULL,
    obfuscation TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, flags TEXT NOT NULL,
    metrics TEXT NOT NULL, seconds REAL, height INTEGER, width INTEGER, device TEXT NOT NULL,
    run_id TEXT NOT NULL, parameters INTEGER, macs INTEGER, peak_mib REAL,
    log TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX question ON rows (
    benchmark, subset, variant, image, method, options, strategy, checkpoint_sha256,
    train_setting, seed, trimap_source, convention, obfuscation
);
CREATE TABLE runs (run_id TEXT PRIMARY KEY, manifest TEXT NOT NULL);
CREATE TABLE subsets (
    benchmark TEXT NOT NULL, subset TEXT NOT NULL, images INTEGER NOT NULL,
    PRIMARY KEY (benchmark, subset)
);
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 TEXT NOT NULL);
"""

# What a row answers; a store holds one row per question.
QUESTION = (
    "benchmark", "subset", "variant", "image", "method", "options", "strategy",
    "checkpoint_sha256", "train_setting", "seed", "trimap_source", "convention", "obfuscation",
)  # fmt: skip

# schema -> what makes the next one of it
_MIGRATIONS = {
    1: (
        "ALTER TABLE rows ADD COLUMN parameters INTEGER",
        "ALTER TABLE rows ADD COLUMN macs INTEGER",
        "ALTER TABLE rows ADD COLUMN peak_mib REAL",
    ),
    2: ("ALTER TABLE rows ADD COLUMN log TEXT NOT NULL DEFAULT ''",),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """The result of one method on one image.

    Attributes:
        key: hash of all that the numbers depend on.
        train_setting: B, N, B+CP, other, or ``-`` where nothing was trained.
        seed: of the training, as text, "" if there is none.
        options: the method's parameters as canonical JSON.
        status: one of `STATUSES`.
        reason: why it failed, or what was odd about an image that was scored, in one line.
        flags: names of degenerate cases the metrics met, joined by commas.
        metrics: raw values, neither scaled nor rounded; NaN where a metric is not defined.
        seconds: of ``predict`` alone.
        parameters: of the network, None if there is none.
        macs: multiply-adds of ``predict``, counted for the first image of each cell only.
        peak_mib: highest memory during ``predict``, see `p3mbench.harness.engine.Call`.
        log: the end of what the method's process printed, where the image has no score.
    """

    key: str
    benchmark: str
    subset: str
    variant: str
    image: str
    method: str
    title: str
    kind: str
    learned: bool
    options: str
    strategy: str
    checkpoint: str
    checkpoint_sha256: str
    train_setting: str
    seed: str
    trimap_source: str
    convention: str
    obfuscation: str
    status: str
    reason: str
    flags: str
    metrics: Mapping[str, float]
    seconds: float | None
    height: int | None
    width: int | None
    device: str
    run_id: str
    parameters: int | None = None
    macs: int | None = None
    peak_mib: float | None = None
    log: str = ""


_COLUMNS = [field.name for field in fields(Row)]
_MARKS = ", ".join(f":{name}" for name in _COLUMNS)
_INSERT = f"INSERT OR REPLACE INTO rows ({', '.join(_COLUMNS)}) VALUES ({_MARKS})"  # noqa: S608


def _values(row: Row) -> dict[str, Any]:
    values = asdict(row)
    values["metrics"] = json.dumps(
        {k: None if math.isnan(v) else v for k, v in row.metrics.items()}
    )
    return values


class Store:
    """Rows of results in a folder; a context manager that closes the file."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open the store in ``folder``.

        Raises:
            StoreError: there is none (and ``create`` is False), it is not a results store, or
                another version wrote it.
        """
        self.folder = folder
        self.path = folder / FILE_NAME
        if not create and not self.path.is_file():
            raise StoreError(
                f"{folder}: holds no results; make some with p3mbench run --out {folder}"
            )
        try:
            if create:
                folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{self.path}: cannot be opened as a results store ({error})"
            ) from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _migrate(self) -> None:
        with self._transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == 0 and tables == 0:
                for statement in _SCHEMA_SQL.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")
            elif version in _MIGRATIONS:
                for step in range(version, SCHEMA):
                    for statement in _MIGRATIONS[step]:
                        self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")
            elif version != SCHEMA:
                raise StoreError(
                    f"{self.path}: was written by another version of p3mbench (schema {version}, "
                    f"this one writes {SCHEMA}); give another --out, or use that version"
                )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add(self, row: Row) -> None:
        """Store a row for good: it is on disk when this returns."""
        self.add_all([row])

    def add_all(self, rows: Sequence[Row]) -> None:
        """Store rows for good, all of them or, if one cannot be stored, none."""
        try:
            with self._transaction():
                self._db.executemany(_INSERT, [_values(row) for row in rows])
        except sqlite3.Error as error:
            what = f"the row of {rows[0].image}" if len(rows) == 1 else f"{len(rows)} rows"
            raise StoreError(f"{self.path}: {what} cannot be stored ({error})") from None

    def answered(self, questions: Iterable[Sequence[str]]) -> Iterator[tuple[int, str]]:
        """(position, flags) of the questions that have a row; `QUESTION` names their parts."""
        where = " AND ".join(f"{name} = ?" for name in QUESTION)
        for i, question in enumerate(questions):
            sql = f"SELECT flags FROM rows WHERE {where}"  # nosec B608 # noqa: S608
            found = self._db.execute(sql, tuple(question)).fetchone()
            if found:
                yield i, found[0]

    def merge(self, other: Store) -> int:
        """Take the rows, runs and sizes of another store, all or none.

        A row that both have stays as it is here, unless it has a score there and none here.

        Returns:
            How many rows were taken.

        Raises:
            StoreError: the other one answers a question of a row here from other inputs.
        """
        names = ", ".join(_COLUMNS)
        theirs = other._db.execute(f"SELECT {names} FROM rows").fetchall()  # nosec B608 # noqa: S608
        mine = self.statuses()
        key, status = _COLUMNS.index("key"), _COLUMNS.index("status")
        wanted = [
            row
            for row in theirs
            if row[key] not in mine or (mine[row[key]] != "ok" and row[status] == "ok")
        ]
        try:
            with self._transaction():
                self._refuse_other_inputs(wanted, other)
                marks = ", ".join("?" for _ in _COLUMNS)
                sql = f"INSERT OR REPLACE INTO rows ({names}) VALUES ({marks})"  # noqa: S608
                self._db.executemany(sql, wanted)
                runs = other._db.execute("SELECT run_id, manifest FROM runs").fetchall()
                self._db.executemany("INSERT OR IGNORE INTO runs VALUES (?, ?)", runs)
                sizes = other._db.execute(
                    "SELECT benchmark, subset, images FROM subsets"
                ).fetchall()
                self._db.executemany("INSERT OR REPLACE INTO subsets VALUES (?, ?, ?)", sizes)
        except sqlite3.Error as error:
            raise StoreError(f"{other.path}: cannot be merged ({error})") from None
        return len(wanted)

    def _refuse_other_inputs(self, rows: Sequence[tuple[Any, ...]], other: Store) -> None:
        positions = [_COLUMNS.index(name) for name in QUESTION]
        where = " AND ".join(f"{name} = ?" for name in QUESTION)
        sql = f"SELECT key FROM rows WHERE {where}"  # nosec B608 # noqa: S608
        at = {name: _COLUMNS.index(name) for name in ("key", "method", "image")}
        for row in rows:
            found = self._db.execute(sql, [row[i] for i in positions]).fetchone()
            if found and found[0] != row[at["key"]]:
                raise StoreError(
                    f"{other.path}: the row of {row[at['method']]} on image {row[at['image']]} was "
                    f"made from other data or another version than the one in {self.path}; run "
                    "one of them again before merging"
                )

    def statuses(self) -> dict[str, str]:
        """key -> status of every stored row."""
        return dict(self._db.execute("SELECT key, status FROM rows"))

    def expected(self) -> dict[tuple[str, str], int]:
        """(benchmark, subset) -> number of images of the whole subset."""
        found = self._db.execute("SELECT benchmark, subset, images FROM subsets")
        return {(benchmark, subset): images for benchmark, subset, images in found}

    def begin_run(
        self, run_id: str, manifest: Mapping[str, Any], expected: Mapping[tuple[str, str], int]
    ) -> None:
        """Record a run before its first row."""
        with self._transaction():
            self._db.execute("INSERT INTO runs VALUES (?, ?)", (run_id, json.dumps(manifest)))
            self._db.executemany(
                "INSERT OR REPLACE INTO subsets VALUES (?, ?, ?)",
                [(benchmark, subset, n) for (benchmark, subset), n in expected.items()],
            )

    def manifests(self) -> list[dict[str, Any]]:
        """The manifest of every run, oldest first."""
        found = self._db.execute("SELECT manifest FROM runs ORDER BY run_id")
        return [json.loads(text) for (text,) in found]

    def rows(self, benchmarks: Iterable[str]) -> Iterator[Row]:
        """The rows of some benchmarks, in no order."""
        sql = f"SELECT {', '.join(_COLUMNS)} FROM rows WHERE benchmark = ?"  # nosec B608 # noqa: S608
        for benchmark in benchmarks:
            for cells in self._db.execute(sql, (benchmark,)):
                values = dict(zip(_COLUMNS, cells, strict=True))
                scores = {k: math.nan if v is None else v
                          for k, v in json.loads(values["metrics"]).items()}  # fmt: skip
                yield Row(**{**values, "learned": bool(values["learned"]), "metrics": scores})

    def file_hashes(self) -> dict[str, tuple[int, int, str]]:
        """path -> (size, mtime_ns, sha256) of every file hashed before."""
        found = self._db.execute("SELECT path, size, mtime_ns, sha256 FROM files")
        return {path: (size, mtime, digest) for path, size, mtime, digest in found}

    def remember_hashes(self, hashes: Iterable[tuple[str, int, int, str]]) -> None:
        """Keep (path, size, mtime_ns, sha256) of files, so that each is hashed once."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", hashes)

    def frame(self) -> pd.DataFrame:
        """All rows as a DataFrame: the columns of `Row`, and one float column per metric.

        Sorted by question, so that equal stores give equal frames whatever the order of their runs.
        """
        import pandas as pd

        order = "benchmark, method, options, strategy, train_setting, seed, checkpoint_sha256, "
        order += "trimap_source, convention, obfuscation, subset, variant, image"
        sql = f"SELECT {', '.join(_COLUMNS)} FROM rows ORDER BY {order}"  # nosec B608 # noqa: S608
        try:
            frame = pd.DataFrame(self._db.execute(sql).fetchall(), columns=_COLUMNS)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: cannot be read ({error})") from None
        frame["learned"] = frame["learned"].astype(bool)
        scores = pd.DataFrame([json.loads(text) for text in frame.pop("metrics")], dtype=float)
        return pd.concat([frame, scores], axis=1)


def metric_columns(frame: pd.DataFrame) -> list[str]:
    """The columns of `Store.frame` that are metrics."""
    return [name for name in frame.columns if name not in _COLUMNS]
