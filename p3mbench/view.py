"""A benchmark as the last run saw it: its images, their content, the code of its methods.

Rows stay in a store when images are removed or code changes. The view of the last run decides which
of them count in a mean (`p3mbench.report.analysis.current`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from p3mbench import flags

Place = tuple[str, str, str]  # subset, variant, obfuscation

NO_VARIANT = ""  # in place of a variant: the ground truth, which has none

# The columns that identify an entry of a table; one version of the code should make all its rows.
ENTRY = ("benchmark", "convention", "method", "strategy", "options", "trimap_source")
MADE = ("method_version", "code", "libraries", "metrics_version")


def entry_of(columns: Mapping[str, Any]) -> str:
    """Return the entry of a row as text."""
    return json.dumps([str(columns[name]) for name in ENTRY])


def made_of(columns: Mapping[str, Any]) -> str:
    """Return the versions and code that made a row, as text."""
    return json.dumps([str(columns[name]) for name in MADE])


@dataclass(frozen=True)
class BenchmarkView:
    """A benchmark as one run saw it.

    Attributes:
        benchmark: its name.
        definition: hash of its definition and of the place of its data.
        names: of its subsets, including those that were not found.
        subsets: subset -> ids of all its images.
        contents: place -> image -> hash of its content, for the images that were read. Under
            `NO_VARIANT` it is the hash of the alpha alone, if that is a file.
        wanted: entry -> the current maker of its rows (`made_of`).
        codes: hash of code -> its files with their hashes.
    """

    benchmark: str
    definition: str = ""
    names: Sequence[str] = ()
    subsets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    contents: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)
    wanted: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Marks:
    """What a plan found out about stored rows.

    Attributes:
        adopted: key of a row of an older version -> its current key and columns.
        stale: keys of rows made by other code that the user keeps.
        fresh: keys of rows that were stale and match the current code again.
    """

    adopted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stale: Sequence[str] = ()
    fresh: Sequence[str] = ()


@dataclass(frozen=True)
class LastSeen:
    """The last views of all benchmarks in a store.

    Attributes:
        names: benchmark -> names of its subsets.
        members: (benchmark, subset) -> ids of its images.
        contents: (benchmark, subset, variant, obfuscation) -> image -> hash of its content.
        wanted: entry -> the current maker of its rows.
        codes: hash of code -> its files with their hashes.
    """

    names: Mapping[str, frozenset[str]]
    members: Mapping[tuple[str, str], frozenset[str]]
    contents: Mapping[tuple[str, str, str, str], Mapping[str, str]]
    wanted: Mapping[str, str]
    codes: Mapping[str, Sequence[Sequence[str]]]


def write(db: sqlite3.Connection, view: BenchmarkView, seen: str) -> None:
    """Store a view, within the caller's transaction; ``seen`` is the time as sortable text."""
    name = view.benchmark
    names = json.dumps(list(view.names))
    sql = "INSERT OR REPLACE INTO benchmarks VALUES (?, ?, ?, ?)"
    db.execute(sql, (name, view.definition, names, seen))
    _forget(db, name, view.subsets)
    for subset, images in view.subsets.items():
        db.executemany("INSERT INTO members VALUES (?, ?, ?)", ((name, subset, i) for i in images))
    for place, images_of in view.contents.items():
        db.executemany(
            "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((name, *place, image, content, seen) for image, content in images_of.items()),
        )
    wanted = [(entry, made, seen) for entry, made in view.wanted.items()]
    db.executemany("INSERT OR REPLACE INTO wanted VALUES (?, ?, ?)", wanted)
    codes = [(sha, json.dumps(list(map(list, files)))) for sha, files in view.codes.items()]
    db.executemany("INSERT OR IGNORE INTO codes VALUES (?, ?)", codes)


def _forget(db: sqlite3.Connection, benchmark: str, subsets: Mapping[str, Sequence[str]]) -> None:
    """Delete the image lists that ``subsets`` replaces, and the content of removed images."""
    for subset, images in subsets.items():
        at, ids = (benchmark, subset), set(images)
        db.execute("DELETE FROM members WHERE benchmark = ? AND subset = ?", at)
        known = db.execute(
            "SELECT DISTINCT image FROM contents WHERE benchmark = ? AND subset = ?", at
        ).fetchall()
        db.executemany(
            "DELETE FROM contents WHERE benchmark = ? AND subset = ? AND image = ?",
            [(*at, image) for (image,) in known if image not in ids],
        )


def mark(db: sqlite3.Connection, marks: Marks) -> None:
    """Store what a plan found out about rows, within the caller's transaction."""
    for old, columns in marks.adopted.items():
        names = ", ".join(f"{name} = :{name}" for name in columns)
        sql = f"UPDATE OR REPLACE rows SET {names} WHERE key = :old"  # nosec B608 # noqa: S608
        db.execute(sql, {**columns, "old": old})
    for keys, add in ((marks.fresh, False), (marks.stale, True)):
        for key in keys:
            (text,) = db.execute("SELECT flags FROM rows WHERE key = ?", (key,)).fetchone() or ("",)
            kept = [flag for flag in flags.split(text) if flag != "stale"]
            text = flags.joined([*kept, *["stale"] * add])
            db.execute("UPDATE rows SET flags = ? WHERE key = ?", (text, key))


def read(db: sqlite3.Connection) -> LastSeen:
    """Read the last views of all benchmarks."""
    members: dict[tuple[str, str], set[str]] = {}
    for benchmark, subset, image in db.execute("SELECT benchmark, subset, image FROM members"):
        members.setdefault((benchmark, subset), set()).add(image)
    contents: dict[tuple[str, str, str, str], dict[str, str]] = {}
    sql = "SELECT benchmark, subset, variant, obfuscation, image, content FROM contents"
    for benchmark, subset, variant, obfuscation, image, content in db.execute(sql):
        contents.setdefault((benchmark, subset, variant, obfuscation), {})[image] = content
    codes = db.execute("SELECT sha256, files FROM codes")
    names = db.execute("SELECT benchmark, names FROM benchmarks")
    return LastSeen(
        {benchmark: frozenset(json.loads(text)) for benchmark, text in names},
        {at: frozenset(ids) for at, ids in members.items()},
        contents,
        dict(db.execute("SELECT entry, made FROM wanted").fetchall()),
        {sha: json.loads(files) for sha, files in codes},
    )


def is_another(db: sqlite3.Connection, view: BenchmarkView) -> bool:
    """Whether the store has a different benchmark with this name.

    It is a different one if its definition or place differs and none of the common images is the
    same. A benchmark that was moved, or edited in place, stays the same.
    """
    found = db.execute(
        "SELECT definition FROM benchmarks WHERE benchmark = ?", (view.benchmark,)
    ).fetchone()
    if found is None or found[0] == view.definition:
        return False
    last = read(db)
    mine = {
        (variant, image, content)
        for (name, _, variant, _), images in last.contents.items()
        for image, content in images.items()
        if name == view.benchmark
    }
    theirs = {
        (variant, image, content)
        for (_, variant, _), images in view.contents.items()
        for image, content in images.items()
    }
    common = {variant for variant, *_ in mine} & {variant for variant, *_ in theirs}
    if common:
        decisive = common - {NO_VARIANT} or common
        return not any(one[0] in decisive for one in mine & theirs)
    ids = {image for images in view.subsets.values() for image in images}
    known = {i for (name, _), of in last.members.items() if name == view.benchmark for i in of}
    return bool(known) and not ids & known


def newer(db: sqlite3.Connection, other: sqlite3.Connection) -> frozenset[str]:
    """Return the benchmarks that the other store saw later, or that this one never saw."""
    when = "SELECT benchmark, seen FROM benchmarks"
    mine: dict[str, str] = dict(db.execute(when).fetchall())
    return frozenset(b for b, seen in other.execute(when) if seen > mine.get(b, ""))


def merge(db: sqlite3.Connection, other: sqlite3.Connection) -> str:
    """Copy the newer views of the other store.

    Returns:
        The name of a benchmark that is a different one in the other store, or ``""``. If there is
        one, nothing was written.
    """
    theirs = read(other)
    when = "SELECT benchmark, definition, seen FROM benchmarks"
    mine = {name: seen for name, _, seen in db.execute(when)}
    for benchmark, definition, seen in other.execute(when).fetchall():
        view = BenchmarkView(
            benchmark,
            definition,
            sorted(theirs.names[benchmark]),
            {of[1]: sorted(ids) for of, ids in theirs.members.items() if of[0] == benchmark},
            {of[1:]: images for of, images in theirs.contents.items() if of[0] == benchmark},
        )
        if is_another(db, view):
            return str(benchmark)
        if seen > mine.get(benchmark, ""):
            write(db, view, seen)
        else:
            _take_missing(db, other, benchmark)
    for entry, made, seen in other.execute("SELECT entry, made, seen FROM wanted").fetchall():
        db.execute(
            "INSERT INTO wanted VALUES (:e, :m, :s) ON CONFLICT (entry) DO UPDATE SET made = :m, "
            "seen = :s WHERE seen < :s",
            {"e": entry, "m": made, "s": seen},
        )
    codes = other.execute("SELECT sha256, files FROM codes").fetchall()
    db.executemany("INSERT OR IGNORE INTO codes VALUES (?, ?)", codes)
    return ""


def _take_missing(db: sqlite3.Connection, other: sqlite3.Connection, benchmark: str) -> None:
    """Copy the content of images that this store has too but whose content it does not know."""
    names = "benchmark, subset, variant, obfuscation, image, content, seen"
    sql = f"SELECT {names} FROM contents WHERE benchmark = ?"  # nosec B608 # noqa: S608
    known = db.execute("SELECT subset, image FROM members WHERE benchmark = ?", (benchmark,))
    members = set(known.fetchall())
    rows = [r for r in other.execute(sql, (benchmark,)) if not members or (r[1], r[4]) in members]
    db.executemany("INSERT OR IGNORE INTO contents VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
