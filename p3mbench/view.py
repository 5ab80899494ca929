"""A benchmark as the last run saw it: which images, with which content, made by which code.

A mean is over the benchmark as it is. Rows stay in a store when images go or code changes; what
the last run saw decides which of them count (`p3mbench.report.analysis.current`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from p3mbench import flags

Place = tuple[str, str, str]  # subset, variant, obfuscation

NO_VARIANT = ""  # as a variant: what does not depend on it, the ground truth

# What an entry of a table is; all its rows should be of one code.
ENTRY = ("benchmark", "convention", "method", "strategy", "options", "trimap_source")
MADE = ("method_version", "code", "libraries", "metrics_version")


def entry_of(columns: Mapping[str, Any]) -> str:
    """The entry that a row belongs to, as text."""
    return json.dumps([str(columns[name]) for name in ENTRY])


def made_of(columns: Mapping[str, Any]) -> str:
    """What made a row beside its image: versions and code, as text."""
    return json.dumps([str(columns[name]) for name in MADE])


@dataclass(frozen=True)
class BenchmarkView:
    """What one run saw.

    Attributes:
        benchmark: its name.
        definition: hash of what it is made of and where that lies.
        names: of its subsets, those that were not found included.
        subsets: subset -> ids of all its images.
        contents: place -> image -> hash of its content, for the images that were looked at. Under
            `NO_VARIANT` it is the hash of the alpha alone, where it is a file.
        wanted: entry -> what makes its rows now (`made_of`).
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
    """What a plan found out about rows that are stored already.

    Attributes:
        adopted: key of a row of an older version -> its key and columns of today.
        stale: keys of rows that the user keeps though other code made them.
        fresh: keys of rows that were kept so and are of today's code again.
    """

    adopted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stale: Sequence[str] = ()
    fresh: Sequence[str] = ()


@dataclass(frozen=True)
class LastSeen:
    """What the last runs saw, over all benchmarks of a store.

    Attributes:
        names: benchmark -> names of its subsets.
        members: (benchmark, subset) -> ids of its images.
        contents: (benchmark, subset, variant, obfuscation) -> image -> hash of its content.
        wanted: entry -> what makes its rows now.
        codes: hash of code -> its files with their hashes.
    """

    names: Mapping[str, frozenset[str]]
    members: Mapping[tuple[str, str], frozenset[str]]
    contents: Mapping[tuple[str, str, str, str], Mapping[str, str]]
    wanted: Mapping[str, str]
    codes: Mapping[str, Sequence[Sequence[str]]]


def write(db: sqlite3.Connection, view: BenchmarkView, seen: str) -> None:
    """Remember a view, within the caller's transaction; ``seen`` is when, as sortable text."""
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
    """Drop the lists of images that ``subsets`` replaces, and what was known of images now gone."""
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
    """Write what a plan found out about stored rows, within the caller's transaction."""
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
    """What the last runs saw."""
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
    """Whether the store holds another benchmark of this name.

    It is another one if it is defined otherwise or lies elsewhere, and not one image that both know
    is the same. A benchmark that was moved, or edited where it lies, stays the same.
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
    """The benchmarks that the other store saw later than this one, or this one never."""
    when = "SELECT benchmark, seen FROM benchmarks"
    mine: dict[str, str] = dict(db.execute(when).fetchall())
    return frozenset(b for b, seen in other.execute(when) if seen > mine.get(b, ""))


def merge(db: sqlite3.Connection, other: sqlite3.Connection) -> str:
    """Take over what the other store's runs saw, where they are the newer ones.

    Returns:
        The name of a benchmark that is another one there than here; ``""`` if there is none, and
        only then anything was written.
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
    """What the other store knows of images that are here too and whose content is not known."""
    names = "benchmark, subset, variant, obfuscation, image, content, seen"
    sql = f"SELECT {names} FROM contents WHERE benchmark = ?"  # nosec B608 # noqa: S608
    known = db.execute("SELECT subset, image FROM members WHERE benchmark = ?", (benchmark,))
    members = set(known.fetchall())
    rows = [r for r in other.execute(sql, (benchmark,)) if not members or (r[1], r[4]) in members]
    db.executemany("INSERT OR IGNORE INTO contents VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
