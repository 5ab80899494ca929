"""`ReportSummary`: what a report says first, computed from its comparisons.

It has sections: one per comparison and gap, with the lines that tell most. The terminal, Markdown
and the page render the same summary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from p3mbench.report.analysis.comparison import Comparison, ContrastGaps, EntryGap, MeanAt
from p3mbench.report.analysis.lines import EntryLine, lines_of
from p3mbench.settings import NORMAL, PPT_GAP, UNTRAINED, Contrast, Setting, is_hidden
from p3mbench.stats import SIGNIFICANT, least_images, least_unpaired_p

CLEAR = SIGNIFICANT  # of the corrected p-value


@dataclass(frozen=True, eq=False)
class SummaryLine:
    """A line of a section.

    Attributes:
        line: its entries.
        gaps: one of all seeds together, else of the entries; empty without a gap.
    """

    line: EntryLine
    gaps: tuple[EntryGap, ...] = ()

    @property
    def value(self) -> float:
        """The gap on average; NaN without one."""
        known = [gap.value for gap in self.gaps if not gap.missing]
        return sum(known) / len(known) if known else math.nan

    @property
    def complete(self) -> bool:
        """Whether there are gaps, and all cover every image."""
        return bool(self.gaps) and all(gap.complete and not gap.missing for gap in self.gaps)

    @property
    def significant(self) -> bool:
        """Whether the gap on average is significant; if there are several, with the same sign."""
        sure = [math.copysign(1, gap.value) for gap in self.gaps if gap.significant]
        return self.complete and len(sure) == len(self.gaps) and len(set(sure)) == 1


@dataclass(frozen=True, eq=False)
class Best:
    """The lowest mean in one place, and the lines that cannot be told apart from it.

    Attributes:
        at: the place.
        winner: the line with the lowest mean. tied: the others that are not clearly worse.
    """

    at: MeanAt
    winner: EntryLine
    tied: tuple[EntryLine, ...]


@dataclass(frozen=True, eq=False)
class SummarySection:
    """One comparison, with one contrast if it has any.

    Attributes:
        comparison: behind it.
        found: the gaps; None if no method has two places to compare.
        places: the columns: hidden faces, normal faces, and what a private training is measured by.
        lines: largest gap first; lines without a gap last.
        best: by place; empty if there is nothing to rank.
    """

    comparison: Comparison
    found: ContrastGaps | None
    places: tuple[MeanAt, ...]
    lines: tuple[SummaryLine, ...]
    best: tuple[Best, ...]

    @property
    def whole(self) -> tuple[SummaryLine, ...]:
        """The lines with a gap over every image, largest first."""
        return tuple(line for line in self.lines if line.complete)

    @property
    def powerless(self) -> bool:
        """Whether no gap could be significant with so few images."""
        tested = [gap for line in self.lines for gap in line.gaps if gap.p_holm == gap.p_holm]
        if self.found is None or not tested:
            return False
        if self.found.contrast.paired:
            return max(gap.n for gap in tested) < least_images(CLEAR, len(tested))
        sizes = max((gap.test.n, gap.reference.n) for gap in tested)
        return least_unpaired_p(*sizes) * len(tested) >= CLEAR

    def telling(self, limit: int) -> tuple[SummaryLine, ...]:
        """Return the lines that tell most, in order: extremes, the best, then significant ones."""
        ends = [*self.whole[:1], *self.whole[-1:]]
        best = [b.winner for b in self.best]
        first = [*ends, *(line for line in self.lines if line.line in best)]
        by_weight = sorted(self.lines, key=lambda one: (not one.significant, -_size(one)))
        chosen = list(dict.fromkeys((*first, *by_weight)))[:limit]
        return tuple(line for line in self.lines if line in chosen)


@dataclass(frozen=True, eq=False)
class ReportSummary:
    """Every section: trimap-free methods first, because a trimap says where the person is."""

    sections: tuple[SummarySection, ...]


def summarised(comparisons: Sequence[Comparison]) -> ReportSummary:
    """Summarise the comparisons of a report."""
    in_order = sorted(comparisons, key=lambda one: one.entries.kind != "trimap-free")
    return ReportSummary(tuple(section for one in in_order for section in _sections(one)))


def _sections(comparison: Comparison) -> Iterator[SummarySection]:
    lines = lines_of(comparison)
    main = _main_gaps(comparison)
    for found in main or (None,):
        places = _places(comparison, None if found is None else found.contrast)
        told = [SummaryLine(line, tuple(line.gaps(found)) if found else ()) for line in lines]
        shown = [one for one in told if found is None or one.gaps]
        shown.sort(key=lambda one: (math.isnan(one.value), -one.value, one.line.label.casefold()))
        best = tuple(_best(comparison, lines, _settings_to_win(comparison, places)))
        yield SummarySection(comparison, found, places, tuple(shown), best)


def _main_gaps(comparison: Comparison) -> list[ContrastGaps]:
    """Return the gaps to show: the PPT gaps, else other paired ones, else P against NP."""
    gaps = list(comparison.gaps_in())
    paired = [one for one in gaps if one.contrast.paired]
    ppt = [one for one in paired if one.contrast.name == PPT_GAP]
    return ppt or paired or gaps


def _places(comparison: Comparison, contrast: Contrast | None) -> tuple[MeanAt, ...]:
    """Return the columns: hidden faces, normal faces, then training and test on normal ones."""
    metric, subset = comparison.metric, comparison.subset
    if contrast is None:
        return tuple(MeanAt(subset, setting, metric) for setting in comparison.chosen()[:3])
    sides = comparison.sides(contrast, metric)
    order = sorted(sides, key=lambda at: (at.subset != subset, not is_hidden(at.setting.test)))
    plain = MeanAt(subset, Setting(NORMAL, NORMAL), metric)
    more = contrast.name == PPT_GAP and plain.setting in comparison.chosen()
    return (*order, *((plain,) if more else ()))


def _settings_to_win(comparison: Comparison, places: Sequence[MeanAt]) -> list[MeanAt]:
    """Return where the best is named: on normal faces, for the section's training and for none."""
    if not places:
        return []
    on_main = [at for at in places if at.subset == comparison.subset]
    normal = [at for at in on_main if at.setting.test == NORMAL] or on_main or list(places)
    none = MeanAt(comparison.subset, Setting(UNTRAINED, NORMAL), comparison.metric)
    more = [none] if none.setting in comparison.chosen() else []
    return list(dict.fromkeys((normal[0], *more)))


def _best(
    comparison: Comparison, lines: Sequence[EntryLine], places: Sequence[MeanAt]
) -> Iterator[Best]:
    for at in places:
        ranks = {d.entry: d.rank.best for d in comparison.details if d.at == at and d.rank}
        able = [line for line in lines if any(entry in ranks for entry in line.entries)]
        if len(able) < 2:
            continue
        winner = min(able, key=lambda line: _average(comparison, line, at))
        leads = [line for line in able if any(ranks.get(entry) == 1 for entry in line.entries)]
        yield Best(at, winner, tuple(line for line in leads if line is not winner))


def _average(comparison: Comparison, line: EntryLine, at: MeanAt) -> float:
    values = [mean.value for mean in line.means(comparison, at)]
    return sum(values) / len(values)


def _size(line: SummaryLine) -> float:
    return 0.0 if math.isnan(line.value) else abs(line.value)
