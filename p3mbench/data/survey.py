"""Inspect many images before a run, on all cores, each of them once.

Findings are remembered by the content of the files, so that a second run need not read them again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import astuple
from pathlib import Path

from p3mbench.data.findings import CHECKS, Finding, inspect
from p3mbench.data.processes import in_processes
from p3mbench.data.sample import FileSample, Sample
from p3mbench.provenance import hash_of

FEW = 24  # so few images are read in this process; starting others takes longer
Findings = tuple[Finding, ...]

_TABLE = "CREATE TABLE IF NOT EXISTS findings (key TEXT PRIMARY KEY, found TEXT NOT NULL)"


class Memory:
    """Findings by key in an SQLite file, which may be a results store.

    It only saves time, so a file that cannot be written is no error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, keys: Sequence[str]) -> dict[str, Findings]:
        """Return the remembered findings of some keys."""
        found: dict[str, Findings] = {}
        if not self._path.is_file():
            return found
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path, timeout=60)) as db:
            for key in dict.fromkeys(keys):
                row = db.execute("SELECT found FROM findings WHERE key = ?", (key,)).fetchone()
                if row:
                    found[key] = tuple(Finding(*one) for one in json.loads(row[0]))
        return found

    def keep(self, found: dict[str, Findings]) -> None:
        """Remember."""
        with suppress(sqlite3.Error, OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=60)) as db, db:
                db.execute(_TABLE)
                rows = [
                    (key, json.dumps([astuple(one) for one in ones])) for key, ones in found.items()
                ]
                db.executemany("INSERT OR REPLACE INTO findings VALUES (?, ?)", rows)


def key_of(sample: Sample, variants: Sequence[str], content: Callable[[Path], object]) -> str:
    """Return the key of a sample's remembered findings.

    Args:
        sample: the sample.
        variants: as for `p3mbench.data.findings.inspect`.
        content: identifies a file's bytes: its hash, or its size and time.
    """
    paths = {role: path for v in variants for role, path in _roles(sample, v).items()}
    files = {role: ["/".join(path.parts[-3:]), content(path)] for role, path in paths.items()}
    recipes = [dict(sample.recipe(variant)) for variant in variants]
    return hash_of([CHECKS, sample.id, files, recipes])


def _roles(sample: Sample, variant: str) -> dict[str, Path]:
    files = dict(sample.files(variant))
    return {f"{role} {variant}" if role == "image" else role: p for role, p in files.items()}


def size_and_time(path: Path) -> object:
    """Identify a file's bytes if hashing all files would take minutes."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]


def survey(
    work: Sequence[tuple[Sample, Sequence[str]]],
    *,
    jobs: int | None = None,
    memory: Memory | None = None,
    content: Callable[[Path], object] = size_and_time,
    progress: Callable[[int], object] = lambda _: None,
) -> list[Findings]:
    """Inspect samples in parallel.

    Args:
        work: samples, each with the variants to look at.
        jobs: processes; None for one per core, or for no others if there are few images.
        memory: remembers findings; None to remember nothing.
        content: see `key_of`.
        progress: called with the number of images after each one.

    Returns:
        The findings of each sample, in order.

    Raises:
        DataError: a process was killed.
    """
    keys = [key_of(s, v, content) for s, v in work] if memory is not None else []
    known = memory.recall(keys) if memory is not None else {}
    results: dict[int, Findings] = {i: known[key] for i, key in enumerate(keys) if key in known}
    progress(len(results))
    missing = [i for i in range(len(work)) if i not in results]
    todo = [work[i] for i in missing]
    for i, found in zip(missing, _inspected(todo, jobs), strict=True):
        results[i] = found
        progress(1)
    if memory is not None and missing:
        memory.keep({keys[i]: results[i] for i in missing})
    return [results[i] for i in range(len(work))]


def _inspected(
    work: Sequence[tuple[Sample, Sequence[str]]], jobs: int | None
) -> Iterator[Findings]:
    files = any(isinstance(sample, FileSample) for sample, _ in work)
    yield from in_processes(_one, work, jobs if files else 1, FEW)


def _one(item: tuple[Sample, Sequence[str]]) -> Findings:
    return inspect(*item)
