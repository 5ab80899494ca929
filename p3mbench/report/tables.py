"""The paper's tables: method x TRAIN:TEST with gaps (Tables 1 and 2), and P against NP (Table 3).

P3M: Li et al., "Privacy-Preserving Portrait Matting", ACM MM 2021, arXiv:2104.14222.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from p3mbench.report import captions, flagging
from p3mbench.report.cells import mean_cell
from p3mbench.report.display import metric_display
from p3mbench.report.entries import Entry, EntrySet
from p3mbench.report.gaps import Contrast, Place, Setting
from p3mbench.report.model import EMPTY, Cell, Column, ColumnType, Role, Row, Table, ranked
from p3mbench.stats import Bootstrap

# (subset, test variant) of the paper's P/NP table: P exists blurred, NP exists normal.
SUBSET_PLACES = (("P", "B"), ("NP", "N"))


@dataclass(frozen=True, eq=False)
class Plan:
    """What the tables of one set show: chosen settings, metrics, gap cells, intervals."""

    entries: EntrySet
    metrics: tuple[str, ...]
    settings: tuple[Setting, ...] | None
    how: Bootstrap
    gaps: dict[tuple[Contrast, str], list[Cell]]
    unpaired: dict[tuple[Contrast, str], list[Cell]]

    def chosen(self, subset: str) -> list[Setting]:
        """Settings with rows in ``subset`` that were not filtered out."""
        found = self.entries.settings(subset)
        return [s for s in found if self.settings is None or s in self.settings]

    def label(self, role: Role, *more: str) -> str:
        """The table's slug; a long recipe is cut short."""
        e = self.entries
        return captions.slug(
            "p3mbench",
            e.benchmark,
            e.convention,
            captions.slug(e.obfuscation)[:24],
            e.kind,
            e.trimap_source,
            e.other_subset,
            role,
            *more,
        )

    def table(
        self,
        role: Role,
        headline: tuple[str, str],
        columns: Sequence[Column],
        rows: Sequence[Row],
        notes: Sequence[str],
        label: tuple[str, ...] = (),
    ) -> Table:
        """A table of this set with best and second marked; ``headline`` is title and caption."""
        e = self.entries
        found = [tally for row in rows for tally in row.tallies]
        uses = flagging.flag_uses(found)
        return Table(
            role=role,
            label=self.label(role, *label),
            title=headline[0],
            caption=" ".join(filter(None, (headline[1], flagging.origin_sentence(found)))),
            columns=tuple(columns),
            rows=flagging.marked(ranked(columns, rows), uses),
            notes=flagging.with_notes(notes, uses),
            flags=uses,
            benchmark=e.benchmark,
            kind=e.kind,
            facts=(
                ("convention", e.convention),
                ("obfuscation", e.obfuscation),
                ("trimap_source", e.trimap_source),
                ("main_subset", e.subset),
            ),
        )


def may_rank(metric: str, metrics: Sequence[str]) -> bool:
    """Whether best and second of ``metric`` are marked in a table of ``metrics``.

    A metric that rewards degenerate mattes (CONN) is ranked only beside one that does not.
    """
    shown = {metric_display(m).ranks_alone for m in metrics}
    return metric_display(metric).ranks_alone or True in shown


def settings_table(plan: Plan) -> Table | None:
    """Methods by TRAIN:TEST on the main subset, then the first metric's gaps; None without rows."""
    entries, subset = plan.entries, plan.entries.subset
    settings = plan.chosen(subset)
    if not settings:
        return None
    shown = [(subset, setting) for setting in settings]
    places = [Place(subset, setting, metric) for setting in settings for metric in plan.metrics]
    gaps = [c for (c, metric) in plan.gaps if metric == plan.metrics[0]]
    columns = [_mean_column(place, plan.metrics) for place in places]
    columns += _gap_columns(subset, gaps, plan.metrics[0])
    rows = []
    for i, entry in enumerate(entries.entries):
        cells = [mean_cell(entries, entry, place) for place in places]
        cells += [plan.gaps[contrast, plan.metrics[0]][i] for contrast in gaps]
        if any(cell.attempted for cell in cells):
            rows.append(entry_row(entry, cells, shown))
    notes = [
        *captions.missing_settings(entries, subset, plan.settings),
        *captions.incomplete(rows),
        *captions.failures(entries, shown),
        *captions.undefined(entries, shown, plan.metrics),
        *captions.gap_notes(gaps, plan.how),
        *captions.small_samples(rows),
        *captions.checkpoints(entries),
    ]
    counts = captions.image_counts(entries, [(subset, s.test) for s in settings])
    title = f"{captions.main_title(entries)}: {counts}"
    caption = (
        f"Settings are TRAIN:TEST ({_legend(settings)}). "
        f"{captions.metric_regions(plan.metrics)}; mean over images, lower is better. "
        f"{captions.recipe(entries)}"
    )
    return plan.table(Role.SETTINGS, (title, caption), columns, rows, notes)


def _legend(settings: Sequence[Setting]) -> str:
    parts = ["B: faces blurred", "N: normal faces"]
    trains = {s.train for s in settings}
    if "B+CP" in trains:
        parts.append("B+CP: blurred, with copy-paste")
    if "other" in trains:
        parts.append("other: training faces unknown or mixed")
    if "-" in trains:
        parts.append("\N{EN DASH}: not trained")
    return ", ".join(parts)


def _mean_key(place: Place) -> str:
    """The key of a column of means, such as "P/B:N/sad"."""
    return f"{place.subset}/{place.setting.train}:{place.setting.test}/{place.metric}"


def _mean_column(place: Place, metrics: Sequence[str]) -> Column:
    shown = metric_display(place.metric)
    return Column(
        key=_mean_key(place),
        title=shown.title,
        group=place.setting.title,
        type=ColumnType.MEAN,
        decimals=shown.decimals,
        metric=place.metric,
        setting=place.setting.title,
        place=place,
        ranked=may_rank(place.metric, metrics),
    )


def _gap_columns(subset: str, gaps: Sequence[Contrast], metric: str) -> list[Column]:
    names = [contrast.name for contrast in gaps]
    shown = metric_display(metric)
    return [
        Column(
            key=f"{subset}/{c.test.train}:{c.test.test}-{c.reference.train}:{c.reference.test}/{metric}",
            # Two gaps of one name differ in the train setting.
            title=c.name if names.count(c.name) == 1 else f"{c.name} ({c.test.train_title})",
            group=f"Gap in {shown.title} [interval]",
            type=ColumnType.GAP,
            decimals=shown.decimals,
            metric=metric,
            setting=c.formula,
            contrast=c,
        )
        for c in gaps
    ]


def entry_row(
    entry: Entry,
    cells: Sequence[Cell],
    places: Sequence[tuple[str, Setting]],
    block: str = "",
    contrast: Contrast | None = None,
) -> Row:
    """A line of a table, with the flags of the rows behind it.

    Args:
        entry: whose line.
        cells: in column order.
        places: the (subset, setting) pairs that the cells are made of.
        block, contrast: where it stands, and the gap it holds.
    """
    return Row(
        label=entry.label,
        method=entry.method,
        cells=tuple(cells),
        block=block,
        facts=entry.facts,
        contrast=contrast,
        tallies=flagging.tallies(entry, places),
    )


def subsets_table(plan: Plan, metrics: Sequence[str]) -> Table | None:
    """Every metric on P (test B) and NP (test N), one row per method and train setting.

    None if there is nothing on NP.
    """
    entries = plan.entries
    chosen = {place: _trains(plan, *place) for place in SUBSET_PLACES}
    if not chosen["NP", "N"] or not metrics:
        return None
    columns = [Column(key="train", title="Train", type=ColumnType.TEXT)]
    columns += [
        Column(
            key=metric,
            title=metric_display(metric).title,
            type=ColumnType.MEAN,
            decimals=metric_display(metric).decimals,
            metric=metric,
            ranked=may_rank(metric, metrics),
        )
        for metric in metrics
    ]
    rows = []
    for (subset, test), trains in chosen.items():
        for entry in entries.entries:
            for setting in (Setting(train, test) for train in trains):
                cells = [mean_cell(entries, entry, Place(subset, setting, m)) for m in metrics]
                if any(cell is not EMPTY for cell in cells):
                    cells = [Cell(text=setting.train_title), *cells]
                    block = f"{subset}, test {test}"
                    rows.append(entry_row(entry, cells, [(subset, setting)], block))
    shown = [(s, Setting(train, t)) for (s, t), trains in chosen.items() for train in trains]
    absent = [f"{s}, test {t}" for (s, t), trains in chosen.items() if not trains]
    notes = [
        *(f"No results on {place}." for place in absent),
        *captions.incomplete(rows),
        *captions.failures(entries, shown),
        *captions.undefined(entries, shown, metrics),
        "P and NP show different people; their gap is unpaired.",
        *captions.checkpoints(entries),
    ]
    counts = captions.image_counts(entries, [place for place in SUBSET_PLACES if chosen[place]])
    title = f"{captions.kind_title(entries)}, subsets P and NP: {counts}"
    caption = (
        "Subset P with blurred faces, subset NP with normal faces, by train setting. "
        f"{captions.metric_regions(metrics)}; mean over images, lower is better. "
        f"{captions.recipe(entries)}"
    )
    return plan.table(Role.SUBSETS, (title, caption), columns, rows, notes)


def _trains(plan: Plan, subset: str, test: str) -> list[str]:
    return [s.train for s in plan.chosen(subset) if s.test == test]
