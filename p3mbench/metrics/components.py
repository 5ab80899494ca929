"""Find islands: the parts of the level sets outside their largest component.

Every row is cut into runs of equal level. If two runs touch, the lower one is in the component of
the higher one at every level that it reaches. So each run points to a neighbour that is not lower,
and the pointers lead to one root per local maximum. There are few roots, and only their components
must be joined, from the top level down. Everything is linear in the number of runs, except for
following pointers: its rounds are the logarithm of the longest path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p3mbench.metrics.arrays import strips
from p3mbench.metrics.conventions import Convention

Ints = npt.NDArray[np.int64]
Levels = npt.NDArray[np.uint8]
_TOP = 10


@dataclass(frozen=True)
class Islands:
    """Pixels that are connected only up to a lower level than without islands.

    Attributes:
        level_of: (11,) for each level of a pixel outside islands, the level up to which the pixel
            is connected.
        starts, lengths: the other runs of pixels in the flattened image, unordered.
        levels: the level up to which each of those runs is connected.
        flags: see `Connectivity`.
    """

    level_of: Ints
    starts: Ints
    lengths: Ints
    levels: Ints
    flags: tuple[str, ...]

    def pixels(self) -> tuple[Ints, Ints]:
        """Return flat index and level of every pixel of the runs.

        >>> nothing = np.zeros(0, np.int64)
        >>> one = np.ones(1, np.int64)
        >>> Islands(np.arange(11), 4 * one, 3 * one, 2 * one, ()).pixels()
        (array([4, 5, 6]), array([2, 2, 2]))
        """
        ends = np.cumsum(self.lengths)
        first = np.repeat(self.starts - (ends - self.lengths), self.lengths)
        return first + np.arange(first.size), np.repeat(self.levels, self.lengths)


@dataclass(frozen=True)
class _Runs:
    """Runs of equal level in the flattened image; no run continues in the next row.

    `words` has one bit per pixel, set where a run begins; `before` counts those before each word.
    """

    starts: Ints
    lengths: Ints
    levels: Levels
    words: npt.NDArray[np.uint64]
    before: Ints

    def at(self, pixels: Ints) -> Ints:
        """Return the run of each pixel (flat index)."""
        word = pixels >> 6
        bits = (np.uint64(2) << (pixels & 63).astype(np.uint64)) - np.uint64(1)
        number: Ints = self.before[word] + np.bitwise_count(self.words[word] & bits) - 1
        return number


@dataclass(frozen=True)
class _Roots:
    """The local maxima of the runs: the root of every run, and the pairs of touching roots.

    Roots `upper[n]` and `lower[n]` are one component up to level `levels[n]`.
    """

    of_run: Ints
    count: int
    upper: Ints
    lower: Ints
    levels: Levels


def find_islands(levels: Levels, convention: Convention) -> Islands:
    """Find the islands of a level image.

    Args:
        levels: (H, W) uint8, number of the ten levels that both mattes reach.
        convention: gives the rules for empty levels, ties and the background.

    >>> from p3mbench.metrics.conventions import CONVENTIONS
    >>> row = np.array([[10, 10, 0, 10]], np.uint8)
    >>> find_islands(row, CONVENTIONS["p3m"]).starts  # the single pixel on the right
    array([3])
    """
    runs = _find_runs(levels)
    roots = _find_roots(runs, levels.shape[1])
    table = _count_pixels(runs, roots)
    labels, sizes = _label(roots, table)
    largest = sizes.max(axis=1)
    empty = largest == 0
    spared = empty if convention.empty_level == "skip" else np.zeros(_TOP, bool)
    background = np.zeros(_TOP, bool)
    if convention.background_counts:
        background = levels.size - table.sum(axis=1) >= largest
        spared = spared | background
    chosen = np.full(_TOP, -1, np.int64)
    tied = False
    for at in np.flatnonzero(~empty & ~background).tolist():
        first = labels[at][sizes[at] == largest[at]]
        chosen[at] = first[0]
        if (first != first[0]).any():
            tied = True
            among = (runs.levels > at) & np.isin(labels[at][roots.of_run], first)
            run = _first_met(runs.starts, np.flatnonzero(among), levels.shape, convention)
            chosen[at] = labels[at][roots.of_run[run]]
    marks = {"empty_level": empty.any(), "tie": tied, "background": background[~empty].any()}
    flags = tuple(f"conn_{name}" for name, there in marks.items() if there)
    # first level at which a root, and so its runs, leaves the largest component
    leaves = np.vstack([labels != chosen[:, None], np.ones((1, labels.shape[1]), bool)])
    return _islands(runs, leaves.argmax(axis=0)[roots.of_run], _levels_off_islands(spared), flags)


def _islands(runs: _Runs, left_at: Ints, level_of: Ints, flags: tuple[str, ...]) -> Islands:
    """Find the runs that leave the largest component at a level that they reach."""
    usual = level_of[runs.levels]
    connected = np.where(left_at < runs.levels, left_at, usual)
    differs = np.flatnonzero(connected != usual)
    starts, lengths = runs.starts[differs], runs.lengths[differs]
    return Islands(level_of, starts, lengths, connected[differs], flags)


def _find_runs(levels: Levels) -> _Runs:
    width = levels.shape[1]
    starts, bits = [], []
    for rows in strips(levels.shape, 8):  # whole bytes of bits
        part = levels[rows]
        begins = np.empty(part.shape, np.bool_)
        begins[:, 0] = True
        np.not_equal(part[:, 1:], part[:, :-1], out=begins[:, 1:])
        starts.append(np.flatnonzero(begins) + rows.start * width)
        bits.append(np.packbits(begins, bitorder="little"))
    bits.append(np.zeros(-sum(map(len, bits)) % 8, np.uint8))
    words = np.concatenate(bits).view(np.uint64)
    counts = np.bitwise_count(words)
    first = np.concatenate(starts)
    return _Runs(
        first,
        np.diff(first, append=levels.size),
        levels.reshape(-1)[first],
        words,
        np.cumsum(counts, dtype=np.int64) - counts,
    )


def _edges(runs: _Runs, width: int) -> tuple[Ints, Ints]:
    """Return pairs of touching runs, the one above or to the left first.

    Some pairs may include a run of level 0; they join nothing.
    """
    solid = np.flatnonzero(runs.levels)
    starts = runs.starts[solid]
    size = int(runs.starts[-1] + runs.lengths[-1])
    follows = solid[starts % width != 0]
    lower = solid[starts >= width]
    above = runs.at(runs.starts[lower] - width)
    upper = solid[starts < size - width]
    under = runs.starts[upper] + width
    below = runs.at(under)
    fresh = runs.starts[below] != under  # equal starts are found from below
    first = np.concatenate([follows - 1, above, upper[fresh]])
    second = np.concatenate([follows, lower, below[fresh]])
    return first, second


def _find_roots(runs: _Runs, width: int) -> _Roots:
    first, second = _edges(runs, width)
    first_level, second_level = runs.levels[first], runs.levels[second]
    falls = first_level >= second_level
    parent = np.arange(runs.starts.size)
    parent[np.where(falls, second, first)] = np.where(falls, first, second)
    parent = _follow(parent)
    is_root = (parent == np.arange(parent.size)) & (runs.levels > 0)
    # runs of level 0 get any number up to the count: they reach no level and never count
    of_run = (np.cumsum(is_root) - is_root)[parent]
    upper, lower = of_run[first], of_run[second]
    levels = np.minimum(first_level, second_level)
    apart = np.flatnonzero((upper != lower) & (levels > 0))
    return _Roots(of_run, int(is_root.sum()), upper[apart], lower[apart], levels[apart])


def _count_pixels(runs: _Runs, roots: _Roots) -> Ints:
    """Count the pixels of each root's runs that reach level 1, 2, ... 10: (10, roots + 1).

    The last column belongs to no root and is always 0.
    """
    columns = roots.count + 1
    cell = runs.levels.astype(np.int64) * columns + roots.of_run
    cells = np.bincount(cell, runs.lengths, minlength=(_TOP + 1) * columns)
    exact = cells.reshape(_TOP + 1, -1)[1:].astype(np.int64)
    return exact[::-1].cumsum(axis=0)[::-1]


def _label(roots: _Roots, table: Ints) -> tuple[Ints, Ints]:
    """Return the component of every root at every level, and how many of its pixels reach it.

    From the top level down components only merge, so every edge is visited once.
    """
    labels, sizes = np.empty_like(table), np.empty_like(table)
    component = np.arange(table.shape[1])
    for at in range(_TOP - 1, -1, -1):
        edges = np.flatnonzero(roots.levels == at + 1)
        if edges.size:
            component = _join(component, roots.upper[edges], roots.lower[edges])
        labels[at] = component
        sizes[at] = np.bincount(component, table[at], minlength=component.size)[component]
    return labels, sizes


def _join(component: Ints, upper: Ints, lower: Ints) -> Ints:
    """Return the components after adding edges; the smallest member names each."""
    joined = component.copy()
    one, other = joined[upper], joined[lower]
    while True:
        apart = one != other
        if not apart.any():
            return joined
        one, other = one[apart], other[apart]
        np.minimum.at(joined, np.maximum(one, other), np.minimum(one, other))
        joined = _follow(joined)
        one, other = joined[one], joined[other]


def _follow(pointer: Ints) -> Ints:
    """Follow every pointer to its end, doubling the stride in each round."""
    while True:
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            return pointer
        pointer = further


def _first_met(starts: Ints, among: Ints, shape: tuple[int, ...], convention: Convention) -> int:
    """Return the run with the first pixel in the convention's order."""
    order = starts[among]
    if convention.ties == "column":
        order = order % shape[1] * shape[0] + order // shape[1]
    return int(among[order.argmin()])


def _levels_off_islands(spared: npt.NDArray[np.bool_]) -> Ints:
    """Return for each level of a pixel outside islands the level up to which it is connected."""
    level_of = np.arange(_TOP + 1)
    for level in range(_TOP - 1, -1, -1):
        if spared[level]:
            level_of[level] = level_of[level + 1]
    return level_of
