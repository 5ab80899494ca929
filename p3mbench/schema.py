"""The tables of a results store, their migrations, and SQLite's errors in words."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from p3mbench.runs import RunRecord

SCHEMA = 4

# The question that a row answers. A store has one score per question and at most one failure beside
# it, from a later attempt with other code or data.
QUESTION = (
    "benchmark", "subset", "variant", "image", "method", "options", "strategy",
    "checkpoint_sha256", "train_setting", "seed", "trimap_source", "convention", "obfuscation",
)  # fmt: skip
CELL = tuple(name for name in QUESTION if name != "image")

_INDEX = f"CREATE UNIQUE INDEX question ON rows ({', '.join(CELL)}, image, (status = 'ok'))"
_SEEN = """
CREATE TABLE files (
    path TEXT PRIMARY KEY, device INTEGER, inode INTEGER, size INTEGER, mtime_ns INTEGER,
    ctime_ns INTEGER, hashed_ns INTEGER, sha256 TEXT NOT NULL
);
CREATE TABLE benchmarks (
    benchmark TEXT PRIMARY KEY, definition TEXT NOT NULL, names TEXT NOT NULL, seen TEXT NOT NULL
);
CREATE TABLE members (
    benchmark TEXT NOT NULL, subset TEXT NOT NULL, image TEXT NOT NULL,
    PRIMARY KEY (benchmark, subset, image)
);
CREATE TABLE contents (
    benchmark TEXT NOT NULL, subset TEXT NOT NULL, variant TEXT NOT NULL,
    obfuscation TEXT NOT NULL, image TEXT NOT NULL, content TEXT NOT NULL, seen TEXT NOT NULL,
    PRIMARY KEY (benchmark, subset, variant, obfuscation, image)
);
CREATE TABLE wanted (entry TEXT PRIMARY KEY, made TEXT NOT NULL, seen TEXT NOT NULL);
CREATE TABLE codes (sha256 TEXT PRIMARY KEY, files TEXT NOT NULL)
"""
_SQL = f"""
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
    log TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT '',
    libraries TEXT NOT NULL DEFAULT '', content TEXT NOT NULL DEFAULT '',
    method_version TEXT NOT NULL DEFAULT '', metrics_version TEXT NOT NULL DEFAULT '',
    matte TEXT NOT NULL DEFAULT ''
);
{_INDEX};
CREATE TABLE runs (run_id TEXT PRIMARY KEY, manifest TEXT NOT NULL);
CREATE TABLE subsets (
    benchmark TEXT NOT NULL, subset TEXT NOT NULL, images INTEGER NOT NULL,
    PRIMARY KEY (benchmark, subset)
);
{_SEEN}
"""  # noqa: S608 - no value of anybody's


def _statements(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part.strip())


def _runs(*statements: str) -> Callable[[sqlite3.Connection], None]:
    def step(db: sqlite3.Connection) -> None:
        for statement in statements:
            db.execute(statement)

    return step


def _to_four(db: sqlite3.Connection) -> None:
    """Flag the rows of schema 3, which do not record the code and data that made them."""
    for name in ("code", "libraries", "content", "method_version", "metrics_version", "matte"):
        db.execute(f"ALTER TABLE rows ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
    db.execute("DROP INDEX question")
    db.execute(_INDEX)
    db.execute("DROP TABLE files")  # sizes and times alone are not trusted
    for statement in _statements(_SEEN):
        db.execute(statement)
    measured = "(',' || flags || ',') NOT LIKE '%,imported,%'"
    db.execute(
        "UPDATE rows SET flags = flags || CASE flags WHEN '' THEN '' ELSE ',' END || "  # nosec B608
        f"'code_unknown' WHERE status = 'ok' AND {measured}"  # noqa: S608
    )
    _own_mattes(db)


def _own_mattes(db: sqlite3.Connection) -> None:
    """Assign mattes of the old layout to rows, if only one row can have written them."""
    claims: dict[str, list[str]] = defaultdict(list)
    labels = {run: _labels(text) for run, text in db.execute("SELECT run_id, manifest FROM runs")}
    columns = "key, run_id, method, strategy, options, checkpoint_sha256, subset, variant, image"
    sql = f"SELECT {columns} FROM rows WHERE status = 'ok'"  # nosec B608 # noqa: S608
    everybody = {identity: label for of in labels.values() for identity, label in of.items()}
    for key, run, *identity, subset, variant, image in db.execute(sql):
        label = everybody.get(tuple(identity), "")
        if label:
            kept = tuple(identity) in labels.get(run, {})
            claims[f"{label}/{subset}-{variant}/{image}.png"].append(key if kept else "")
    owned = [(path, keys[0]) for path, keys in claims.items() if len(keys) == 1 and keys[0]]
    db.executemany("UPDATE rows SET matte = ? WHERE key = ?", owned)


def _labels(text: str) -> dict[tuple[str, ...], str]:
    """Map (method, strategy, options, checkpoint) to labels, for a run that kept its mattes."""
    try:
        run = RunRecord.of(json.loads(text))
    except (ValueError, AttributeError, TypeError):
        return {}
    if not run.saves_alphas:
        return {}
    return {
        (one.method, one.strategy, one.options, one.checkpoint_sha256): label
        for label, one in run.methods.items()
    }


# schema -> step that makes the next schema
_MIGRATIONS = {
    1: _runs(
        "ALTER TABLE rows ADD COLUMN parameters INTEGER",
        "ALTER TABLE rows ADD COLUMN macs INTEGER",
        "ALTER TABLE rows ADD COLUMN peak_mib REAL",
    ),
    2: _runs("ALTER TABLE rows ADD COLUMN log TEXT NOT NULL DEFAULT ''"),
    3: _to_four,
}


def version_of(db: sqlite3.Connection) -> int:
    """Return the schema of a store; 0 for a new file, -1 for another kind of database."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return -1 if version == 0 and tables else version


def can_migrate(version: int) -> bool:
    """Whether `migrate` can convert this schema to the current one."""
    return version == 0 or version in _MIGRATIONS


def migrate(db: sqlite3.Connection) -> None:
    """Create or convert the tables, within the caller's transaction."""
    version = version_of(db)
    if version == 0:
        _runs(*_statements(_SQL))(db)
    else:
        for step in range(version, SCHEMA):
            _MIGRATIONS[step](db)
    db.execute(f"PRAGMA user_version = {SCHEMA}")


def is_cut(db: sqlite3.Connection, path: Path) -> bool:
    """Whether a file is shorter than its header says; SQLite reads the missing part as zeros."""
    db.execute("BEGIN")
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # takes the lock
        size, pages = (db.execute(f"PRAGMA {n}").fetchone()[0] for n in ("page_size", "page_count"))
        with path.open("rb") as file:
            head = file.read(100)
        told = int.from_bytes(head[28:32]) * size
        return path.stat().st_size < max(told, pages * size) and bool(pages)
    finally:
        db.execute("ROLLBACK")


def in_words(error: sqlite3.Error) -> str:
    """Explain an error of SQLite and its remedy, to follow ``FILE: ``."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    kind = code & 0xFF
    if kind == sqlite3.SQLITE_FULL:
        return "the disk is full; stored rows are safe: make room and repeat the command"
    if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            f"is damaged or not a results store ({error}); restore it from a backup, or give "
            "another --out"
        )
    if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is in use by another process; wait until it ends, or give another --out"
    if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"cannot be written ({error}); check the permissions of the file and its folder"
    if kind == sqlite3.SQLITE_IOERR:
        return (
            f"cannot be read or written ({error}); stored rows are safe: check that the disk works "
            "and has room, and repeat the command"
        )
    return f"cannot be used as a results store ({error})"
