"""The results store: one SQLite file with one row per image, each committed as it is made.

The journal mode is DELETE and every commit is synced, because WAL does not work on network file
systems. The key of a row is a hash of everything its numbers depend on. A score for the same
question with other inputs (an edited trimap, edited code) replaces the older one. A failure never
replaces a score; the store keeps both.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench import mattes, view
from p3mbench.errors import StoreError
from p3mbench.rows import STATUSES as STATUSES
from p3mbench.rows import Earlier, Merged, values_of
from p3mbench.rows import Row as Row
from p3mbench.runs import RunRecord
from p3mbench.schema import CELL, SCHEMA, can_migrate, in_words, is_cut, migrate, version_of
from p3mbench.schema import QUESTION as QUESTION
from p3mbench.writing import write_bytes

if TYPE_CHECKING:
    import pandas as pd

FILE_NAME = "store.sqlite"

_COLUMNS = [field.name for field in fields(Row)]
_MARKS = ", ".join(f":{name}" for name in _COLUMNS)
_INSERT = f"INSERT OR REPLACE INTO rows ({', '.join(_COLUMNS)}) VALUES ({_MARKS})"  # noqa: S608
_ASKS = " AND ".join(f"{name} = :{name}" for name in QUESTION)
_FOUND = f"SELECT key, status, metrics, matte FROM rows WHERE {_ASKS}"  # nosec B608 # noqa: S608
_DELETE = f"DELETE FROM rows WHERE {_ASKS} AND (:status = 'ok' OR status <> 'ok')"  # nosec B608 # noqa: S608
_EARLIER = ", ".join(field.name for field in fields(Earlier))


class Store:
    """Rows of results in a folder. As a context manager it closes the file."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open the store in ``folder``.

        Raises:
            StoreError: there is no store (and ``create`` is False), the file is not a results
                store, or another version wrote it.
        """
        self.folder = folder
        self.path = folder / FILE_NAME
        if not create and not self.path.is_file():
            raise StoreError(
                f"{folder}: contains no results; make some with p3mbench run --out {folder}"
            )
        try:
            if create:
                folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            self._db.execute("PRAGMA synchronous = FULL")
            if is_cut(self._db, self.path):
                raise StoreError(f"{self.path}: is truncated; copy it again, or give another --out")
            self._migrate()
        except OSError as error:
            raise StoreError(
                f"{self.path}: cannot be opened as a results store ({error.strerror or error})"
            ) from None
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path}: cannot be opened as a results store: {in_words(error)}"
            ) from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _migrate(self) -> None:
        if version_of(self._db) == SCHEMA:
            return
        with self._transaction():
            version = version_of(self._db)  # another process may have migrated it meanwhile
            if version != SCHEMA and not can_migrate(version):
                raise StoreError(
                    f"{self.path}: was written by another version of p3mbench (schema "
                    f"{max(version, 0)}; this version writes {SCHEMA}); give another --out, or use "
                    "that version"
                )
            if version != SCHEMA:
                migrate(self._db)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has already ended it
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self, what: str = "") -> Iterator[None]:
        """Turn errors of SQLite, and unreadable text in the file, into one line."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {what}{in_words(error)}") from None
        except ValueError as error:
            raise StoreError(
                f"{self.path}: is damaged ({error}); restore it from a backup"
            ) from None

    def add(self, row: Row) -> None:
        """Store a row; it is on disk when this returns."""
        self.add_all([row])

    def add_all(self, rows: Sequence[Row]) -> Counter[str]:
        """Store all rows or, if one cannot be stored, none. They are on disk when this returns.

        A score replaces any other answer to its question. A failure replaces failures only, and is
        not stored if the same inputs have a score. Mattes of replaced rows are removed.

        Returns:
            How many rows were ``new``, ``replaced`` another, were ``equal`` to the stored one, or
            were dropped because there is a score (``kept``).
        """
        what = f"the row of {rows[0].image}: " if len(rows) == 1 else f"{len(rows)} rows: "
        counts: Counter[str] = Counter()
        old: set[str] = set()
        with self._told(what), self._transaction():
            for row in rows:
                counts[self._put(values_of(row), old)] += 1
        mattes.remove(self.folder, old)
        return counts

    def _put(self, values: Mapping[str, Any], old: set[str]) -> str:
        """Store one row; add the mattes of replaced rows to ``old``."""
        there = self._db.execute(_FOUND, values).fetchall()
        ok = values["status"] == "ok"
        if not ok and any(row[:2] == (values["key"], "ok") for row in there):
            return "kept"
        gone = [row for row in there if ok or row[1] != "ok"]
        self._db.execute(_DELETE, values)
        self._db.execute(_INSERT, values)
        old.update(matte for *_, matte in gone if matte)
        old.discard(values["matte"])
        same = (values["status"], values["metrics"])
        if not gone:
            return "new"
        return "equal" if any(row[1:3] == same for row in gone) else "replaced"

    def answered(self, questions: Iterable[Sequence[str]]) -> Iterator[tuple[int, str]]:
        """Yield (position, flags) of the questions that have a row; see `QUESTION`."""
        where = " AND ".join(f"{name} = ?" for name in QUESTION)
        sql = f"SELECT flags FROM rows WHERE {where} ORDER BY status = 'ok' DESC"  # nosec B608 # noqa: S608
        for i, question in enumerate(questions):
            with self._told():
                found = self._db.execute(sql, tuple(question)).fetchone()
            if found:
                yield i, found[0]

    def merge(self, other: Store) -> Merged:
        """Copy the rows, mattes, runs and sizes of another store, all or none.

        If both stores have a row, this store keeps its own, unless only the other one has a score.

        Raises:
            StoreError: the other store answers a question from other inputs, or has a different
                benchmark with the same name.
            DataError: a matte of the other store is not a regular file.
        """
        names = ", ".join(_COLUMNS)
        with other._told():
            sql = f"SELECT {names} FROM rows"  # nosec B608 # noqa: S608
            theirs = [dict(zip(_COLUMNS, r, strict=True)) for r in other._db.execute(sql)]
        with self._told(f"{other.path} cannot be merged: "), self._transaction():
            wanted = [row for row in theirs if self._wants(row, other)]
            files = [mattes.foreign_file(other.folder, row["matte"]) for row in wanted]
            newer = view.newer(self._db, other._db)
            another = view.merge(self._db, other._db)
            if another:
                raise StoreError(
                    f"{other.path}: its benchmark {another!r} has other images than the one in "
                    f"{self.path}; merge it into another store"
                )
            old: set[str] = set()
            for row, file in zip(wanted, files, strict=True):
                self._copy_matte(row, file)  # before the row refers to it
                self._put(row, old)
            runs = other._db.execute("SELECT run_id, manifest FROM runs").fetchall()
            self._db.executemany("INSERT OR IGNORE INTO runs VALUES (?, ?)", runs)
            sizes = other._db.execute("SELECT benchmark, subset, images FROM subsets").fetchall()
            for benchmark, *size in sizes:
                how = "REPLACE" if benchmark in newer else "IGNORE"
                sql = f"INSERT OR {how} INTO subsets VALUES (?, ?, ?)"
                self._db.execute(sql, (benchmark, *size))
        mattes.remove(self.folder, old)
        return Merged(len(wanted), sum(file is not None for file in files))

    def _wants(self, row: Mapping[str, Any], other: Store) -> bool:
        """Whether to copy a row of another store."""
        mine = {key: status for key, status, *_ in self._db.execute(_FOUND, row)}
        if row["key"] in mine:
            return bool(mine[row["key"]] != "ok" and row["status"] == "ok")
        if not mine:
            return True
        if row["status"] != "ok" and "ok" in mine.values():
            return False  # a failure with other inputs does not affect the score here
        raise StoreError(
            f"{other.path}: the row of {row['method']} on image {row['image']} was made from other "
            f"data, code or libraries than the one in {self.path}; run one of them again, then "
            "merge"
        )

    def _copy_matte(self, row: dict[str, Any], file: Path | None) -> None:
        """Copy the matte of another store's row and put the path of the copy into the row."""
        row["matte"] = mattes.keyed(row["matte"], row["key"]) if file is not None else ""
        if file is not None:
            write_bytes(self.folder / mattes.FOLDER / row["matte"], file.read_bytes())

    def statuses(self) -> dict[str, str]:
        """Map the key of every stored row to its status."""
        with self._told():
            return dict(self._db.execute("SELECT key, status FROM rows"))

    def with_mattes(self) -> set[str]:
        """Return the keys of the rows whose matte exists."""
        with self._told():
            kept = self._db.execute("SELECT key, matte FROM rows WHERE matte <> ''").fetchall()
        return {key for key, path in kept if mattes.file_of(self.folder, path) is not None}

    def unversioned(self) -> set[str]:
        """Return the keys of measured rows that do not record the code that made them."""
        sql = "SELECT key FROM rows WHERE method_version = '' AND ',' || flags || ',' NOT LIKE ?"
        with self._told():
            return {key for (key,) in self._db.execute(sql, ("%,imported,%",))}

    def flagged(self, flag: str) -> set[str]:
        """Return the keys of the rows with a flag."""
        sql = "SELECT key FROM rows WHERE ',' || flags || ',' LIKE ?"
        with self._told():
            return {key for (key,) in self._db.execute(sql, (f"%,{flag},%",))}

    def earlier(self, cell: Mapping[str, Any]) -> dict[str, Earlier]:
        """Map each image of a cell to its stored score, from any inputs.

        Args:
            cell: the columns that all rows of the cell share; those in `CELL` are used.
        """
        where = " AND ".join(f"{name} = :{name}" for name in CELL)
        sql = f"SELECT {_EARLIER} FROM rows WHERE {where} AND status = 'ok'"  # nosec B608 # noqa: S608
        with self._told():
            found = self._db.execute(sql, {name: cell[name] for name in CELL})
            return {row[0]: Earlier(*row) for row in found}

    def see(self, seen: view.BenchmarkView, marks: view.Marks, when: str) -> None:
        """Store a run's view of a benchmark and what it found out about stored rows.

        Raises:
            StoreError: the store has a different benchmark with this name.
        """
        with self._told(), self._transaction():
            view.mark(self._db, marks)
            view.write(self._db, seen, when)

    def refuse_another(self, seen: view.BenchmarkView) -> None:
        """Raise `StoreError` if the store has a different benchmark with this name."""
        with self._told():
            another = view.is_another(self._db, seen)
        if another:
            raise StoreError(
                f"{self.path}: contains a different benchmark called {seen.benchmark!r}, with "
                "other images; change the name in the TOML file, or give another --out"
            )

    def last_seen(self) -> view.LastSeen:
        """Return the last view of each benchmark."""
        with self._told():
            return view.read(self._db)

    def expected(self) -> dict[tuple[str, str], int]:
        """Map (benchmark, subset) to the number of images in the whole subset."""
        with self._told():
            found = self._db.execute("SELECT benchmark, subset, images FROM subsets")
            return {(benchmark, subset): images for benchmark, subset, images in found}

    def begin_run(self, run: RunRecord, expected: Mapping[tuple[str, str], int]) -> None:
        """Record a run before its first row."""
        with self._told(), self._transaction():
            text = json.dumps(run.to_json())
            self._db.execute("INSERT INTO runs VALUES (?, ?)", (run.run_id, text))
            self._db.executemany(
                "INSERT OR REPLACE INTO subsets VALUES (?, ?, ?)",
                [(benchmark, subset, n) for (benchmark, subset), n in expected.items()],
            )

    def runs(self) -> list[RunRecord]:
        """Return the record of every run, oldest first."""
        with self._told():
            found = self._db.execute("SELECT manifest FROM runs ORDER BY run_id")
            return [RunRecord.of(json.loads(text)) for (text,) in found]

    def rows(self, benchmarks: Iterable[str]) -> Iterator[Row]:
        """Yield the rows of some benchmarks, in no particular order."""
        sql = f"SELECT {', '.join(_COLUMNS)} FROM rows WHERE benchmark = ?"  # nosec B608 # noqa: S608
        for benchmark in benchmarks:
            with self._told():
                found = self._db.execute(sql, (benchmark,)).fetchall()
            for cells in found:
                values = dict(zip(_COLUMNS, cells, strict=True))
                scores = {k: math.nan if v is None else v
                          for k, v in json.loads(values["metrics"]).items()}  # fmt: skip
                yield Row(**{**values, "learned": bool(values["learned"]), "metrics": scores})

    def file_hashes(self) -> dict[str, tuple[tuple[int, ...], int, str]]:
        """Map each path to (the system's facts about the file, time of hashing in ns, SHA-256)."""
        with self._told():
            found = self._db.execute("SELECT * FROM files").fetchall()
        return {path: (tuple(facts), when, digest) for path, *facts, when, digest in found}

    def remember_hashes(self, hashes: Iterable[tuple[str, tuple[int, ...], int, str]]) -> None:
        """Store hashes of files for `file_hashes`, so that each file is hashed once."""
        rows = [(path, *facts, when, digest) for path, facts, when, digest in hashes]
        with self._told(), self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?,?)", rows)

    def frame(self) -> pd.DataFrame:
        """Return all rows as a DataFrame: the columns of `Row`, and one float column per metric.

        It includes scores of removed images and older code; `p3mbench.report.analysis.current`
        selects.

        Rows are sorted by question, so that equal stores give equal frames in any order of runs.
        """
        import pandas as pd

        order = "benchmark, method, options, strategy, train_setting, seed, checkpoint_sha256, "
        order += "trimap_source, convention, obfuscation, subset, variant, image, status"
        sql = f"SELECT {', '.join(_COLUMNS)} FROM rows ORDER BY {order}"  # nosec B608 # noqa: S608
        with self._told():
            frame = pd.DataFrame(self._db.execute(sql).fetchall(), columns=_COLUMNS)
            frame["learned"] = frame["learned"].astype(bool)
            scores = pd.DataFrame([json.loads(text) for text in frame.pop("metrics")], dtype=float)
        return pd.concat([frame, scores], axis=1)


def metric_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns of `Store.frame` that are metrics."""
    return [name for name in frame.columns if name not in _COLUMNS]
