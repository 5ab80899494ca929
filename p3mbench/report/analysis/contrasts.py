"""Gaps of entries: every contrast that their settings allow, with its three answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from p3mbench import stats
from p3mbench.report.analysis.answers import (
    ContrastGaps,
    EntryGap,
    Failures,
    ImageLoss,
    MeanScore,
)
from p3mbench.report.analysis.comparison import MeanAt
from p3mbench.report.analysis.entries import Entry, EntrySet, FloatArray
from p3mbench.report.analysis.seeds import family_label, seed_groups
from p3mbench.settings import Contrast, Setting, contrasts, subset_contrast

Means = Mapping[tuple[Entry, MeanAt], MeanScore]
NAMED = 10  # worst images that are named


def gaps_of(
    entries: EntrySet,
    means: Means,
    settings: Sequence[Setting],
    metrics: Iterable[str],
    how: stats.Bootstrap,
) -> Iterator[ContrastGaps]:
    """Yield every gap that some entry has: paired ones by metric and contrast, then NP minus P.

    Args:
        entries: the set. means: its means.
        settings: the chosen ones of the main subset; they include both sides of a paired contrast.
        metrics: of the gaps. how: resamples, level and seed of intervals and tests.
    """
    trains = dict.fromkeys(setting.train for setting in settings)
    every = contrasts(tuple(trains), {setting.test for setting in settings})
    paired = [c for c in every if c.test in settings and c.reference in settings]
    unpaired = [subset_contrast(train, settings) for train in trains]
    metrics = tuple(metrics)
    groups = seed_groups(entries)
    for possible in (paired, unpaired):
        for metric in metrics:
            amount = _amount(entries, means, metric)
            for contrast in possible:
                asked = _Asked(entries, means, contrast, metric, amount, how)
                alone = [(e,) for e in entries if asked.has(e)]
                gaps = asked.gaps(alone)
                several = [g for group in groups if len(g := tuple(filter(asked.has, group))) > 1]
                if gaps:
                    yield _corrected(ContrastGaps(contrast, metric, gaps, asked.gaps(several)))


@dataclass(frozen=True, eq=False)
class _Side:
    """Errors of seeds on one side: (seeds, n), in the order of the images."""

    at: MeanAt
    images: tuple[str, ...]
    errors: FloatArray

    @property
    def seedless(self) -> FloatArray:
        """Errors averaged over seeds, (n,)."""
        return np.asarray(self.errors.mean(axis=0))


@dataclass(frozen=True, eq=False)
class _Asked:
    """One contrast in one metric; ``amount`` makes a failure."""

    entries: EntrySet
    means: Means
    contrast: Contrast
    metric: str
    amount: float
    how: stats.Bootstrap

    @property
    def places(self) -> tuple[MeanAt, MeanAt]:
        """Return the places of test and reference."""
        contrast, main = self.contrast, self.entries.subset
        return (
            MeanAt(contrast.test_subset or main, contrast.test, self.metric),
            MeanAt(contrast.reference_subset or main, contrast.reference, self.metric),
        )

    def has(self, entry: Entry) -> bool:
        """Whether an entry was run on both sides."""
        return all((entry, at) in self.means for at in self.places)

    def gaps(self, groups: Sequence[tuple[Entry, ...]]) -> tuple[EntryGap, ...]:
        """Compute the gap of each group of entries: one entry, or the seeds of a method."""
        sides = [self._sides(group) for group in groups]
        if self.contrast.paired:
            found = stats.paired_gaps([t.seedless - r.seedless for t, r in sides], self.how)
        else:
            found = [stats.unpaired_gap(t.seedless, r.seedless, self.how) for t, r in sides]
        return tuple(
            self._gap(group, two, gap) for group, two, gap in zip(groups, sides, found, strict=True)
        )

    def _sides(self, group: tuple[Entry, ...]) -> tuple[_Side, _Side]:
        scores = [[e.values(at.subset, at.setting, at.metric) for e in group] for at in self.places]
        common = [set.intersection(*(set(s) for s in side)) for side in scores]
        if self.contrast.paired:
            common = [common[0] & common[1]] * 2
        test, reference = (
            _Side(at, images, np.array([[s[i] for i in images] for s in side], dtype=np.float64))
            for at, side, images in zip(
                self.places, scores, (tuple(sorted(c)) for c in common), strict=True
            )
        )
        return test, reference

    def _gap(
        self, group: tuple[Entry, ...], sides: tuple[_Side, _Side], gap: stats.Gap
    ) -> EntryGap:
        test, reference = sides
        wanted = [self.entries.images(s.at.subset, s.at.setting.test, self.metric) for s in sides]
        paired = self.contrast.paired
        made = EntryGap(
            entry=group[0],
            test=self.means[group[0], test.at],
            reference=self.means[group[0], reference.at],
            average=gap.average,
            typical=gap.typical,
            failures=self._failures(test, reference),
            median=gap.median,
            share=gap.worst_share,
            n=gap.n if paired else gap.n + gap.n_reference,
            total=len(wanted[0] & wanted[1]) if paired else sum(map(len, wanted)),
            members=group,
            label=group[0].label,
        )
        if len(group) == 1 or not gap.n:
            return made
        spread = stats.seed_spread(test.errors.mean(axis=1) - reference.errors.mean(axis=1))
        return replace(
            made,
            test=_mean_over(made.test, test),
            reference=_mean_over(made.reference, reference),
            average=stats.over_seeds(gap.average, spread, min(gap.n, gap.n_reference), self.how),
            label=family_label(group[0], self.entries),
            spread=spread,
        )

    def _failures(self, test: _Side, reference: _Side) -> Failures:
        if self.contrast.paired:
            losses = test.seedless - reference.seedless
            share = stats.failure_share(losses, self.amount, self.how)
        else:
            losses = test.seedless
            share = stats.failure_share_unpaired(losses, reference.seedless, self.amount, self.how)
        worst = np.argsort(-losses, kind="stable")[:NAMED]
        named = (ImageLoss(test.images[i], float(losses[i])) for i in worst if losses[i] > 0)
        return Failures(share=share, worst=tuple(named))


def _amount(entries: EntrySet, means: Means, metric: str) -> float:
    """Return the loss that counts as a failure: about a mean error on the main subset."""
    at = (
        mean.value
        for (_, at), mean in means.items()
        if at.metric == metric and at.subset == entries.subset
    )
    return stats.round_amount(at)


def _mean_over(mean: MeanScore, side: _Side) -> MeanScore:
    errors = stats.summarise(side.seedless)
    return replace(mean, value=errors.mean, median=errors.median, n=errors.n)


def _corrected(found: ContrastGaps) -> ContrastGaps:
    """Correct the p-values of each question over the methods."""
    methods = found.methods
    columns = (
        [gap.average.p_value for gap in methods],
        [gap.typical.p_value for gap in methods],
        [gap.failures.share.p_value for gap in methods],
    )
    adjusted = zip(*(stats.holm(column).tolist() for column in columns), strict=True)
    known = {
        id(gap): replace(
            gap,
            average=replace(gap.average, p_holm=average),
            typical=replace(gap.typical, p_holm=typical),
            failures=replace(gap.failures, share=replace(gap.failures.share, p_holm=failing)),
        )
        for gap, (average, typical, failing) in zip(methods, adjusted, strict=True)
    }
    return replace(
        found,
        gaps=tuple(known.get(id(gap), gap) for gap in found.gaps),
        families=tuple(known[id(gap)] for gap in found.families),
    )
