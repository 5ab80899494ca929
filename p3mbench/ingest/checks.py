"""Checks over all lines of an import: repeated images, lines that are not images, sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from p3mbench.data.sources.p3m10k import SUBSET_FOLDERS, SUBSET_SIZE
from p3mbench.errors import DataError, StoreError
from p3mbench.flags import IMPORTED, joined, split
from p3mbench.ingest.plausible import suspicious
from p3mbench.ingest.rows import ODD, Made
from p3mbench.names import printable
from p3mbench.published import BENCHMARK
from p3mbench.store import QUESTION, Row, Store

# (benchmark, subset) -> number of images in the complete subset
WHOLE = {(BENCHMARK, subset): SUBSET_SIZE for subset in SUBSET_FOLDERS}
LEAST_PIXELS = {BENCHMARK: 1080 * 1080}  # the shorter side of every image is 1080
LEAST_GROUP = 4  # least lines for recognising one as the mean of the others
MOST_SUMMARIES = 3  # most summary lines at an edge of a group: mean, deviation, median
LEAST_CHANCE = 1e-4
SHOWN = 3


def question(row: Row) -> tuple[str, ...]:
    """Return the question that a row answers."""
    return tuple(str(getattr(row, name)) for name in QUESTION)


def without_sums(path: Path, made: Sequence[Made], notes: list[str]) -> list[Made]:
    """Return the lines without those that summarise the others of their group.

    The summary of a sheet may have any name and place; all its numbers together identify it, at
    their printed precision. Lines beyond a mean at a group's edge (deviations) are left out too.
    """
    groups: dict[tuple[str, ...], list[Made]] = {}
    for one in made:
        key = (one.row.method, one.row.subset, one.row.variant, one.row.strategy, one.row.seed)
        groups.setdefault(key, []).append(one)
    dropped: set[int] = set()
    for group in groups.values():
        found = _edge(group) or _within(group)
        if found is None:
            continue
        one, beyond, what = found
        dropped |= {other.line for other in (one, *beyond)}
        of = len(group) - 1 - len(beyond)
        also = f" (and {len(beyond)} beyond it)" if beyond else ""
        notes.append(
            f"{path}, line {one.line}: {printable(one.row.image)!r}{also} is the {what} of the "
            f"{of} lines beside it, not an image, and was left out"
        )
    return [one for one in made if one.line not in dropped]


_Summary = tuple[Made, list[Made], str]


def _edge(group: list[Made]) -> _Summary | None:
    """Find a mean or sum among the last or first lines of a group, and the lines beyond it."""
    for size in range(1, MOST_SUMMARIES + 1):
        if len(group) - size < LEAST_GROUP:
            return None
        ends = (
            (group[-size], group[len(group) - size + 1 :], group[:-size]),
            (group[size - 1], group[: size - 1], group[size:]),
        )
        for one, beyond, others in ends:
            what, chance = _summed(one, _Totals.of(others))
            told = chance < LEAST_CHANCE or (size == 1 and len(one.scores) > 1)
            if what and told and _varied(one, others):
                return one, beyond, what
    return None


def _within(group: list[Made]) -> _Summary | None:
    """Find a mean or sum amid a group if its digits leave no doubt."""
    if len(group) <= LEAST_GROUP:
        return None
    totals = _Totals.of(group)
    for one in group:
        what, chance = _summed(one, totals.without(one))
        if what and chance * len(group) < LEAST_CHANCE:
            others = [other for other in group if other is not one]
            return (one, [], what) if _varied(one, others) else None
    return None


def _varied(one: Made, others: Sequence[Made]) -> bool:
    """Return whether lines differ; if all are equal, each is their mean."""
    return any(other.scores != one.scores for other in others)


@dataclass(frozen=True)
class _Totals:
    """Sums and counts of scores by metric."""

    sums: Mapping[str, float]
    counts: Mapping[str, int]

    @classmethod
    def of(cls, lines: Iterable[Made]) -> _Totals:
        values: dict[str, list[float]] = {}
        for line in lines:
            for name, value in line.scores.items():
                values.setdefault(name, []).append(value.value)
        sums = {name: math.fsum(found) for name, found in values.items()}
        return cls(sums, {name: len(found) for name, found in values.items()})

    def without(self, one: Made) -> _Totals:
        scores = one.scores
        less = {k: v - (scores[k].value if k in scores else 0) for k, v in self.sums.items()}
        return _Totals(less, {k: n - (k in scores) for k, n in self.counts.items()})


def _summed(one: Made, others: _Totals) -> tuple[str, float]:
    """Return whether a line is the others' mean or sum, and the probability of a coincidence."""
    if not one.scores or one.row.status != "ok":
        return "", 1.0
    fits = {"mean": True, "sum": True}
    chance = 1.0
    for name, value in one.scores.items():
        count = others.counts.get(name, 0)
        total = others.sums[name] if count else math.nan
        for what, expected in (("mean", total / count if count else math.nan), ("sum", total)):
            slack = value.slack + 1e-9 * abs(expected)
            fits[what] = fits[what] and abs(value.value - expected) <= slack
        chance *= min(1.0, 2 * value.slack / abs(value.value)) if value.value else 1.0
    return next((what for what, holds in fits.items() if holds), ""), chance


def check_twice(path: Path, made: Iterable[Made]) -> None:
    """Refuse an image that occurs twice.

    Raises:
        DataError: an image occurs twice; the message has both lines.
    """
    seen: dict[tuple[str, ...], int] = {}
    for one in made:
        line = seen.setdefault(question(one.row), one.line)
        if line != one.line:
            row = one.row
            raise DataError(
                f"{path}, lines {line} and {one.line}: {row.method} on image {row.image} (subset "
                f"{row.subset}, test {row.variant}, trained on {row.train_setting}) occurs "
                "twice; distinguish them by subset, seed, strategy, options or checkpoint_sha256"
            )


def check_subsets(path: Path, rows: Iterable[Row]) -> None:
    """Refuse subsets that a published benchmark does not have, and more images than it has.

    Raises:
        DataError: there is such a subset; the message names it.
    """
    images: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        images.setdefault((row.benchmark, row.subset), set()).add(row.image)
    for (benchmark, subset), names in images.items():
        known = [name for of, name in WHOLE if of == benchmark]
        if known and subset not in known:
            raise DataError(
                f"{path}: {benchmark} has the subsets {' and '.join(known)}, not {subset!r}; give "
                "--subset, or --benchmark if it is another one"
            )
        most = WHOLE.get((benchmark, subset), len(names))
        if len(names) > most:
            raise DataError(
                f"{path}: has {len(names)} images of {benchmark}, subset {subset}, which has {most}"
            )


def flagged(path: Path, made: Iterable[Made], notes: list[str]) -> Iterator[Row]:
    """Yield the rows; flag and note those with suspicious scores."""
    odd: list[str] = []
    made = list(made)
    strange = _strange([one.row.image for one in made])
    for one in made:
        row = one.row
        problem = suspicious(one.scores, row.convention, LEAST_PIXELS.get(row.benchmark))
        if row.image in strange:
            problem = (
                f"{printable(row.image)!r} is named unlike the other images; if it summarises "
                "them, remove the line"
            )
        if problem:
            odd.append(f"{path}, line {one.line}: {problem}")
            row = replace(row, flags=joined([*split(row.flags), ODD]), reason=row.reason or problem)
        yield row
    notes.extend(odd[:SHOWN])
    if len(odd) > SHOWN:
        notes.append(f"{path}: {len(odd) - SHOWN} more lines are odd in the same ways")


def _strange(names: Sequence[str]) -> set[str]:
    """Return names without a digit if nearly all others have one."""
    without = {name for name in names if not any(c.isdigit() for c in name)}
    return without if len(without) * LEAST_GROUP <= len(set(names)) - len(without) else set()


def check_measured(rows: Sequence[Row], store: Store) -> None:
    """Refuse to replace measured scores by those of a file.

    Raises:
        StoreError: there is a measured row; the message names the first.
    """
    for i, flags in store.answered([question(row) for row in rows]):
        if IMPORTED not in split(flags):
            row = rows[i]
            raise StoreError(
                f"{store.path}: has a measured row of {row.method} on image {row.image}; imported "
                "scores do not replace measured ones; give another --out"
            )
