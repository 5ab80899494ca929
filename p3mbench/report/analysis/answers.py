"""A contrast of one method, with the answers to its three questions.

*On average* (`EntryGap.average`), *on a typical image* (`EntryGap.typical`) and *how often it
fails* (`EntryGap.failures`) each have an estimate, an interval and a test of their own. Only the
first one makes a gap significant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from p3mbench.report.analysis.entries import Entry
from p3mbench.settings import Contrast
from p3mbench.stats import FailureShare, OnAverage, SeedSpread, Typical


@dataclass(frozen=True, kw_only=True)
class MeanScore:
    """The mean error of an entry in one place, in raw units.

    Attributes:
        value, median: over the images that have a score; NaN without any.
        n: number of images behind them. total: number that should be: the images that any entry of
            the set was run on and that have the metric for any entry.
        failed: number of images on which the method failed. undefined: number of images that it
            scored without a value of this metric.
    """

    value: float
    median: float
    n: int
    total: int
    failed: int
    undefined: int

    @property
    def complete(self) -> bool:
        """Whether the mean covers every image that it should."""
        return self.n >= self.total


class ImageLoss(NamedTuple):
    """An image and what it loses, in raw units; its error if the contrast is unpaired."""

    image: str
    loss: float


@dataclass(frozen=True, kw_only=True)
class Failures:
    """How often a method fails: the share of images that lose more than an amount.

    Attributes:
        share: the number of these images, with an exact interval and test. The amount is the same
            for all methods and contrasts of a metric: the median of their mean errors, rounded.
        worst: the ten images that lose most, the worst first; fewer if fewer lose anything.
    """

    share: FailureShare
    worst: tuple[ImageLoss, ...]

    @property
    def amount(self) -> float:
        """The amount, in raw units of the metric."""
        return self.share.amount


@dataclass(frozen=True, kw_only=True)
class EntryGap:
    """A contrast of one entry, or of all seeds of a method: test minus reference, positive = worse.

    Attributes:
        entry: the entry; the first one of several seeds.
        test, reference: its two means, each over its own images; with several seeds over the images
            that all of them scored.
        average: the gap of the means, over common images or of two means if unpaired. typical: the
            gap on a typical image. failures: how often it fails.
        median: of the differences; the difference of the medians if unpaired.
        share: the part of the summed absolute difference in the five largest; NaN if unpaired.
        n: number of common images, or of images of both sides if unpaired. total: what n should be.
        members: the entries; several if they differ only in their seed. Scores are then averaged
            over seeds image by image, and the interval of the mean holds seeds and images.
        label: name of the entry, or of the method without seed.
        spread: of the mean gaps of the seeds; None for one entry.
    """

    entry: Entry
    test: MeanScore
    reference: MeanScore
    average: OnAverage
    typical: Typical
    failures: Failures
    median: float
    share: float
    n: int
    total: int
    members: tuple[Entry, ...]
    label: str
    spread: SeedSpread | None = None

    @property
    def value(self) -> float:
        """The gap on average; NaN without images."""
        return self.average.estimate

    @property
    def low(self) -> float:
        """The lower bound of the interval of the mean gap, NaN below two images a side."""
        return self.average.low

    @property
    def high(self) -> float:
        """The upper bound of the interval of the mean gap."""
        return self.average.high

    @property
    def p_value(self) -> float:
        """The p-value of the mean gap (permutation test); NaN without a test."""
        return self.average.p_value

    @property
    def p_holm(self) -> float:
        """The p-value of the mean gap, corrected over methods.

        NaN for one seed of several: the correction counts methods.
        """
        return self.average.p_holm

    @property
    def missing(self) -> bool:
        """Whether no image has scores on both sides."""
        return math.isnan(self.value)

    @property
    def complete(self) -> bool:
        """Whether the gap covers every image that it should."""
        return self.n >= self.total

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval is on one side of zero (False without an interval)."""
        return self.average.excludes_zero

    @property
    def significant(self) -> bool:
        """Whether the gap *on average* differs from zero: the one mark of a gap."""
        return self.average.significant


@dataclass(frozen=True, eq=False)
class ContrastGaps:
    """One contrast in one metric.

    Attributes:
        gaps: of every entry that was run on both sides, in the order of the entries.
        families: of every method with several seeds.
    """

    contrast: Contrast
    metric: str
    gaps: tuple[EntryGap, ...]
    families: tuple[EntryGap, ...] = ()

    def of(self, entry: Entry) -> EntryGap | None:
        """Return the gap of an entry, or None if it lacks one of the two sides."""
        return next((gap for gap in self.gaps if gap.entry is entry), None)

    @property
    def methods(self) -> tuple[EntryGap, ...]:
        """One gap per method: seeds are together. The family of corrected p-values."""
        together = {entry for family in self.families for entry in family.members}
        alone = (gap for gap in self.gaps if gap.entry not in together)
        return tuple(sorted((*alone, *self.families), key=lambda gap: gap.label.casefold()))
