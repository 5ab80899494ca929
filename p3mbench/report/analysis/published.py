"""Published figures and the measured means that belong to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from p3mbench.flags import IMPORTED
from p3mbench.published import BENCHMARK, figures
from p3mbench.report.analysis.comparison import BesidePublished, MeanAt, MeanScore
from p3mbench.report.analysis.entries import Entry, EntrySet
from p3mbench.settings import Setting

Means = Mapping[tuple[Entry, MeanAt], MeanScore]


def beside_published(
    entries: EntrySet,
    means: Means,
    metrics: Iterable[str],
    wanted: Collection[Setting] | None,
) -> Iterator[BesidePublished]:
    """Yield every published figure of a measured entry, metric by metric.

    A figure belongs to the entry of its method, subset, train and test setting. Only P3M-500 has
    published figures.
    """
    if entries.benchmark != BENCHMARK:
        return
    for metric in metrics:
        for entry in entries:
            for figure in figures(entry.method):
                at = MeanAt(figure.subset, Setting(figure.train, figure.test), metric)
                asked = wanted is None or at.setting in wanted
                if figure.metric != metric or not asked or (entry, at) not in means:
                    continue
                mean = means[entry, at]
                yield BesidePublished(
                    entry=entry,
                    figure=figure,
                    at=at,
                    mean=mean,
                    imported=IMPORTED in entry.scores[at.subset, at.setting].flags,
                    full=entries.expected.get((figure.subset, figure.test), mean.n),
                )
