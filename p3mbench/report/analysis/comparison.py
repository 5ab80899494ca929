"""`Comparison`: every number that a report shows of comparable entries, computed once.

Tables, plots and the page read only this: no other module averages, resamples or tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from p3mbench.privacy.counting import Proportion
from p3mbench.published import PublishedFigure
from p3mbench.report.analysis.answers import ContrastGaps, EntryGap, MeanScore
from p3mbench.report.analysis.entries import Entry, EntrySet
from p3mbench.settings import Contrast, Setting, ordered
from p3mbench.stats import Bootstrap, RankRange, SeedSpread

__all__ = [
    "BesidePublished",
    "Comparison",
    "ContrastGaps",
    "Detail",
    "EntryGap",
    "MeanAt",
    "MeanScore",
    "SeedFamily",
]


@dataclass(frozen=True)
class MeanAt:
    """Where a mean is taken: a subset, a setting, a metric."""

    subset: str
    setting: Setting
    metric: str


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One entry in one place: its mean with an interval, and its possible ranks.

    Attributes:
        low, high: bounds of the interval of the mean, NaN below two images.
        share: part in [0, 1] of the total error that the five worst images carry; NaN without any.
        rank: among methods; seeds of one method share it. None if entries are not ranked:
            incomplete, alone, or in a metric that rewards degenerate mattes.
    """

    entry: Entry
    at: MeanAt
    mean: MeanScore
    low: float
    high: float
    share: float
    rank: RankRange | None


@dataclass(frozen=True, kw_only=True)
class SeedFamily:
    """Entries that differ only in their training seed, in one place, and how their means spread.

    ``label`` is the name of the entries without the seed.
    """

    label: str
    members: tuple[Entry, ...]
    at: MeanAt
    spread: SeedSpread


@dataclass(frozen=True, kw_only=True)
class BesidePublished:
    """A published figure and the mean that belongs to it.

    Attributes:
        imported: whether any score behind the mean was imported. It may be the published score.
        full: number of images in the benchmark's subset, or of measured ones if that is unknown.
    """

    entry: Entry
    figure: PublishedFigure
    at: MeanAt
    mean: MeanScore
    imported: bool
    full: int


@dataclass(frozen=True)
class StillFound:
    """The share of the faces of a variant that a detector still finds, on the main subset."""

    variant: str
    detector: str
    share: Proportion


@dataclass(frozen=True, eq=False)
class Comparison:
    """Entries that may be compared, with every number that a report shows of them.

    Attributes:
        entries: same benchmark, convention, obfuscation, kind and trimap source. Iterate over
            them; an `Entry` has its scores per image.
        metrics: of the main tables. The first one is the metric of plots and gap columns.
        subset_metrics: of the table of P and NP.
        wanted: the requested settings; None means all.
        how: resamples, level and seed of every interval and test.
        means: of every entry in every place that it was run in, in every metric with a column.
        gaps: paired ones by metric and contrast, then P against NP.
        details: in the first metric, by subset and setting, in the order of the entries.
        families: in the first metric, by family and setting.
        published: empty unless requested.
        still_found: by variant; empty unless privacy was measured on the same images.
    """

    entries: EntrySet
    metrics: tuple[str, ...]
    subset_metrics: tuple[str, ...]
    wanted: tuple[Setting, ...] | None
    how: Bootstrap
    means: Mapping[tuple[Entry, MeanAt], MeanScore]
    gaps: tuple[ContrastGaps, ...]
    details: tuple[Detail, ...] = ()
    families: tuple[SeedFamily, ...] = ()
    published: tuple[BesidePublished, ...] = ()
    still_found: tuple[StillFound, ...] = ()

    @property
    def metric(self) -> str:
        """The first metric."""
        return self.metrics[0]

    @property
    def subset(self) -> str:
        """The subset that settings are compared on."""
        return self.entries.subset

    def settings(self, subset: str | None = None) -> list[Setting]:
        """Return the settings with rows in a subset (the main one by default), requested or not."""
        return self.entries.settings(subset or self.subset)

    def chosen(self, subset: str | None = None) -> list[Setting]:
        """Return those of `settings` that were requested."""
        return [s for s in self.settings(subset) if self.wanted is None or s in self.wanted]

    def variants(self, subset: str | None = None) -> tuple[str, ...]:
        """Return the test variants with rows in a subset (by default the main), in usual order."""
        return ordered(setting.test for setting in self.settings(subset))

    def mean(self, entry: Entry, at: MeanAt) -> MeanScore | None:
        """Return the mean of an entry in a place, or None if it was not run there."""
        return self.means.get((entry, at))

    def errors(self, metric: str) -> list[float]:
        """Return every mean in a metric on the main subset in the chosen settings; NaN if empty."""
        places = {MeanAt(self.subset, setting, metric) for setting in self.chosen()}
        return [mean.value for (_, at), mean in self.means.items() if at in places]

    def gaps_in(self, metric: str | None = None) -> Iterator[ContrastGaps]:
        """Yield the contrasts in one metric (the first one by default)."""
        return (gaps for gaps in self.gaps if gaps.metric == (metric or self.metric))

    @property
    def detailed(self) -> tuple[str, ...]:
        """The subsets of the details: the main one, and NP if P against NP is the only gap."""
        if self.paired:
            return (self.subset,)
        also = (found.contrast.test_subset for found in self.gaps)
        return tuple(dict.fromkeys((self.subset, *also)))

    @property
    def paired(self) -> bool:
        """Whether any contrast compares the same images."""
        return any(gaps.contrast.paired for gaps in self.gaps)

    def sides(self, contrast: Contrast, metric: str) -> tuple[MeanAt, MeanAt]:
        """Return the places of the test mean and the reference mean of a contrast."""
        return (
            MeanAt(contrast.test_subset or self.subset, contrast.test, metric),
            MeanAt(contrast.reference_subset or self.subset, contrast.reference, metric),
        )
