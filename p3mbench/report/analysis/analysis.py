"""`analyse`: turn stored rows into comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from p3mbench.metrics.table import METRICS
from p3mbench.report.analysis.choosing import chosen_rows
from p3mbench.report.analysis.comparison import Comparison, MeanAt
from p3mbench.report.analysis.contrasts import gaps_of
from p3mbench.report.analysis.details import details_of
from p3mbench.report.analysis.entries import EntrySet
from p3mbench.report.analysis.grouping import entry_sets, metric_order
from p3mbench.report.analysis.means import means_of
from p3mbench.report.analysis.overview import Overview, overview_of
from p3mbench.report.analysis.published import beside_published
from p3mbench.report.analysis.seeds import families_of
from p3mbench.report.request import WHOLE, ReportRequest
from p3mbench.settings import Setting
from p3mbench.stats import DEFAULT, Bootstrap

if TYPE_CHECKING:
    import pandas as pd

# Table 1 of the paper (trimap-based) has unknown-region values, Table 2 whole-image values.
DEFAULT_METRICS = {"trimap-based": ("sad_t", "mse_t"), "trimap-free": ("sad", "mse")}
# The ten metrics of the paper's Table 3.
SUBSET_METRICS = (
    "sad", "mse", "mad", "sad_t", "mse_t", "mad_t", "sad_fg", "sad_bg", "grad", "conn",
)  # fmt: skip
KIND_ORDER = ("trimap-based", "trimap-free")
ONE_TABLE = ("sad", "mse")  # of both kinds, if they share a table


@dataclass(frozen=True, eq=False)
class Analysis:
    """Every comparison that the rows allow, in reading order, and counts of the rows.

    ``overview`` is None without rows. It counts all given rows, of every kind.
    """

    comparisons: tuple[Comparison, ...]
    overview: Overview | None


@dataclass(frozen=True)
class Choice:
    """The request, the same for every set; ``stored`` are the metrics that have a column."""

    metrics: tuple[str, ...] | None
    settings: tuple[Setting, ...] | None
    stored: tuple[str, ...]
    how: Bootstrap
    published: bool

    def main(self, entries: EntrySet) -> tuple[str, ...]:
        """Return the metrics of the main tables."""
        if self.metrics:
            return self.metrics
        wanted = DEFAULT_METRICS.get(entries.kind, ("sad", "mse"))
        scored = tuple(m for m in self.stored if entries.has(m))
        return tuple(m for m in wanted if m in scored) or scored[:2] or self.stored[:2]

    def subsets(self, entries: EntrySet) -> tuple[str, ...]:
        """Return the metrics of the table of P and NP."""
        if self.metrics:
            return self.metrics
        return tuple(m for m in SUBSET_METRICS if m in self.stored and entries.has(m))


def analyse(
    rows: pd.DataFrame,
    request: ReportRequest = WHOLE,
    *,
    expected: Mapping[Any, int] | None = None,
    how: Bootstrap = DEFAULT,
) -> Analysis:
    """Compare the entries of ``rows``.

    Args:
        rows: one line per method, checkpoint, strategy, subset, variant, trimap source and image.
        request: the methods, metrics, settings and kind; ``published`` pairs published figures with
            the means. Its metrics are columns of ``rows``.
        expected: (benchmark, subset) or (benchmark, subset, variant) -> number of images in the
            full benchmark, so that tables say when they show a part of it.
        how: resamples, level and seed of every interval.

    Returns:
        Comparisons by benchmark, convention and recipe, trimap-based methods first.

    Raises:
        ValueError: unknown metric, setting or method; columns missing; an image twice in one place.
    """
    metrics, settings = request.metrics, request.settings
    wanted = None if settings is None else tuple(map(Setting.parse, settings))
    if metrics is not None:
        _check_metrics(rows, metrics)
    if not len(rows):
        return Analysis((), None)
    rows = chosen_rows(rows, request.methods)
    stored = tuple(sorted({*METRICS, *(metrics or ())} & set(rows.columns), key=metric_order))
    chosen = ONE_TABLE if request.one_table and metrics is None else metrics
    choice = Choice(chosen, wanted, stored, how, request.published)
    sets = _sets(rows, stored, request.kind, expected)
    compared = tuple(_compared(one, choice) for one in sets if choice.main(one))
    return Analysis(compared, overview_of(rows))


def _sets(
    rows: pd.DataFrame, stored: Sequence[str], kind: str | None, expected: Mapping[Any, int] | None
) -> list[EntrySet]:
    sets = [s for s in entry_sets(rows, stored, expected) if kind in (None, s.kind)]
    return sorted(
        sets, key=lambda s: (s.benchmark, s.convention, s.obfuscation, _kind_order(s.kind))
    )


def _compared(entries: EntrySet, choice: Choice) -> Comparison:
    """Every number of one set."""
    metrics, also = choice.main(entries), choice.subsets(entries)
    means = means_of(entries, choice.stored)
    main = [s for s in entries.settings(entries.subset) if _asked(s, choice.settings)]
    beside = dict.fromkeys((*metrics, *also)) if choice.published else ()
    compared = Comparison(
        entries=entries,
        metrics=metrics,
        subset_metrics=also,
        wanted=choice.settings,
        how=choice.how,
        means=means,
        gaps=tuple(gaps_of(entries, means, main, metrics, choice.how)),
        published=tuple(beside_published(entries, means, beside, choice.settings)),
    )
    places = [MeanAt(subset, s, metrics[0]) for subset in compared.detailed
              for s in compared.chosen(subset)]  # fmt: skip
    return replace(
        compared,
        details=tuple(details_of(entries, means, places, choice.how)),
        families=tuple(
            families_of(entries, means, [p for p in places if p.subset == entries.subset])
        ),
    )


def _asked(setting: Setting, wanted: Sequence[Setting] | None) -> bool:
    return wanted is None or setting in wanted


def _kind_order(kind: str) -> int:
    return KIND_ORDER.index(kind) if kind in KIND_ORDER else len(KIND_ORDER)


def _check_metrics(rows: pd.DataFrame, metrics: Sequence[str]) -> None:
    if not metrics:
        raise ValueError("metrics must name at least one metric")
    unknown = [metric for metric in metrics if metric not in rows.columns]
    if unknown and len(rows):
        have = ", ".join(m for m in METRICS if m in rows.columns)
        raise ValueError(f"no metric {', '.join(unknown)} in the results (they have: {have})")
