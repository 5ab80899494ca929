"""The rows that count: those of the benchmark as the last run saw it, made by the newest code.

A store keeps rows of deleted images, of earlier versions of files and of older code. A mean over
all of them would describe no benchmark and no method, so they are left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from p3mbench import flags
from p3mbench.fingerprint import changed_files, changed_libraries
from p3mbench.schema import QUESTION
from p3mbench.store import Store
from p3mbench.view import ENTRY, MADE, LastSeen, entry_of, made_of

if TYPE_CHECKING:
    import pandas as pd

NAMED = 5  # images that a note lists


@dataclass(frozen=True, eq=False)
class Current:
    """The rows that count, and notes on the others."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def current(store: Store) -> Current:
    """Return the rows of a store that belong in a mean, in the order of `Store.frame`.

    These are left out and named in the notes: rows of images that are no longer in their
    benchmark, of images whose content the last run found changed, and of code, libraries or
    metrics other than the newest of the same method. Scores that ``--keep-stale`` kept stay, and so
    do imported ones.
    """
    frame, seen = store.frame(), store.last_seen()
    if not len(frame):
        return Current(frame)
    import numpy as np

    records = frame[["benchmark", "subset", "variant", "obfuscation", "image", "content"]]
    state = np.array([_state(seen, *row) for row in records.itertuples(index=False, name=None)])
    has = [flags.split(text) for text in frame["flags"]]
    imported = np.array(["imported" in found for found in has])
    stale = np.array(["stale" in found for found in has])
    state[imported] = ""
    older, said = _older(frame, (state == "") & ~imported, seen)
    left = (older >= 0) & ~stale
    notes = [
        *_gone(frame, state),
        *_changed(frame, state),
        *_by_older(frame[left], older[left], said),
    ]
    kept = _one_each(frame[(state == "") & ~left])
    return Current(kept.reset_index(drop=True), tuple(notes))


def _state(
    seen: LastSeen,
    benchmark: str,
    subset: str,
    variant: str,
    obfuscation: str,
    image: str,
    content: str,
) -> str:
    """Return "gone" or "changed", or "" for a row of an unchanged image."""
    members = seen.members.get((benchmark, subset))
    if members is not None and image not in members:
        return "gone"
    if benchmark in seen.names and subset not in seen.names[benchmark]:
        return "gone"
    now = seen.contents.get((benchmark, subset, variant, obfuscation), {}).get(image)
    return "changed" if now is not None and content and now != content else ""


def _gone(frame: pd.DataFrame, state: Any) -> Iterable[str]:
    for (benchmark, subset), part in frame[state == "gone"].groupby(["benchmark", "subset"]):
        verb = "is" if part["image"].nunique() == 1 else "are"
        yield (f"{_left_out(len(part))}: {_images(part)} {verb} no longer in {benchmark} {subset}.")


def _changed(frame: pd.DataFrame, state: Any) -> Iterable[str]:
    for (benchmark, subset), part in frame[state == "changed"].groupby(["benchmark", "subset"]):
        yield (
            f"{_left_out(len(part))}: {_images(part)} of {benchmark} {subset} changed since they "
            "were made."
        )


def _older(frame: pd.DataFrame, measured: Any, seen: LastSeen) -> tuple[Any, list[str]]:
    """Return for each row -1 (newest code) or the index of a reason, and the reasons."""
    import numpy as np

    names = list(dict.fromkeys((*ENTRY, *MADE)))
    part = frame.loc[measured, [*names, "run_id"]]
    groups = part.groupby(names, sort=False)
    kinds = groups["run_id"].max().reset_index().to_dict("records")
    newest: dict[str, tuple[bool, str, int]] = {}
    for i, kind in enumerate(kinds):
        entry = entry_of(kind)
        rank = (seen.wanted.get(entry) == made_of(kind), str(kind["run_id"]), i)
        newest[entry] = max(newest.get(entry, rank), rank)
    said = []
    for i, kind in enumerate(kinds):
        best = newest[entry_of(kind)][2]
        said.append("" if best == i else _difference(kind, kinds[best], seen))
    numbers = np.full(len(frame), -1)
    numbers[np.flatnonzero(measured)] = groups.ngroup().to_numpy()
    current = np.array([i for i, words in enumerate(said) if not words], dtype=int)
    numbers[np.isin(numbers, current)] = -1
    return numbers, said


def _difference(old: Mapping[Any, Any], new: Mapping[Any, Any], seen: LastSeen) -> str:
    """Say what differed when an older row was made."""
    if not old["code"]:
        return "a version of p3mbench that recorded no code"
    files = changed_files(seen.codes.get(old["code"], ()), seen.codes.get(new["code"], ()))
    if files:
        return f"an older {', '.join(files[:NAMED])}"
    if old["method_version"] != new["method_version"]:
        return f"version {old['method_version']} of the method"
    moved = changed_libraries(old["libraries"], new["libraries"])
    if moved:
        return f"other libraries ({', '.join(moved[:NAMED])})"
    return "other code" if old["code"] != new["code"] else "older metrics"


def _by_older(left: pd.DataFrame, numbers: Any, said: list[str]) -> Iterable[str]:
    found = Counter(zip(left["method"], numbers.tolist(), strict=True))
    words: Counter[tuple[str, str]] = Counter()
    for (method, number), n in found.items():
        words[method, said[number]] += n
    for (method, what), n in words.items():
        yield f"{_left_out(n)}: {'it was' if n == 1 else 'they were'} made by {what} ({method})."


def _one_each(frame: pd.DataFrame) -> pd.DataFrame:
    """If a score and a failure are equally current, keep the score."""
    order = frame["status"].ne("ok").to_numpy()
    best = frame.iloc[order.argsort(kind="stable")].drop_duplicates(list(QUESTION))
    return best.sort_index()


def _left_out(n: int) -> str:
    return "1 row is left out" if n == 1 else f"{n:,} rows are left out"


def _images(part: pd.DataFrame) -> str:
    images = sorted(set(part["image"]))
    more = f" and {len(images) - NAMED} more" if len(images) > NAMED else ""
    return ", ".join(images[:NAMED]) + more
