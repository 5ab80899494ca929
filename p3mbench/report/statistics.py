"""The statistics behind the paper's tables: gaps with tests, means with intervals, seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from p3mbench import stats
from p3mbench.report import captions
from p3mbench.report.cells import (
    gap_cell,
    images_of,
    mean_cell,
    paired_cell,
    values_at,
)
from p3mbench.report.display import MISSING, metric_display
from p3mbench.report.entries import Entry, EntrySet
from p3mbench.report.flagging import tallies
from p3mbench.report.gaps import Contrast, Place, Setting, contrasts, subset_contrast
from p3mbench.report.model import EMPTY, Cell, Column, ColumnType, Role, Row, Table
from p3mbench.report.tables import Plan, entry_row

GapCells = dict[tuple[Contrast, str], list[Cell]]


def paired_gaps(
    entries: EntrySet, settings: Sequence[Setting], metrics: Iterable[str], how: stats.Bootstrap
) -> GapCells:
    """Every gap whose two settings are chosen: one cell per entry, Holm-corrected over entries."""
    possible = [
        c
        for c in contrasts({setting.train for setting in settings})
        if c.test in settings and c.reference in settings
    ]
    found: GapCells = {}
    for metric in metrics:
        for contrast in possible:
            cells = [paired_cell(entries, e, contrast, metric, how) for e in entries.entries]
            if any(cell.attempted for cell in cells):
                found[contrast, metric] = _holm(cells)
    return found


def subset_gaps(
    entries: EntrySet, on_p: Sequence[Setting], metrics: Iterable[str], how: stats.Bootstrap
) -> GapCells:
    """NP minus P, unpaired: one cell per entry, Holm-corrected over entries."""
    found: GapCells = {}
    for metric in metrics:
        for train in dict.fromkeys(setting.train for setting in on_p):
            contrast = subset_contrast(train, on_p)
            cells = [_subset_cell(entries, e, contrast, metric, how) for e in entries.entries]
            if any(cell.attempted for cell in cells):
                found[contrast, metric] = _holm(cells)
    return found


def _subset_cell(
    entries: EntrySet, entry: Entry, contrast: Contrast, metric: str, how: stats.Bootstrap
) -> Cell:
    places = contrast.places(entries.subset, metric)
    if any((place.subset, place.setting) not in entry.scores for place in places):
        return EMPTY
    samples = [list(values_at(entry, place).values()) for place in places]
    gap = stats.unpaired_gap(samples[0], samples[1], how)
    wanted = [len(images_of(entries, p.subset, p.setting.test, metric)) for p in places]
    cell = gap_cell(gap, total=sum(wanted))
    return replace(cell, n=gap.n + gap.n_reference)


def _holm(cells: list[Cell]) -> list[Cell]:
    adjusted = stats.holm([cell.p_value for cell in cells])
    return [replace(cell, p_holm=float(p)) for cell, p in zip(cells, adjusted, strict=True)]


def gaps_table(plan: Plan, metric: str) -> Table | None:
    """Every gap in one metric, a block each; None if no method has two places to compare."""
    every = {**plan.gaps, **plan.unpaired}
    gaps = {c: cells for (c, m), cells in every.items() if m == metric}
    rows = [row for c, cells in gaps.items() for row in _gap_rows(plan, c, metric, cells)]
    if not rows:
        return None
    notes = [
        *captions.incomplete(rows),
        *captions.gap_notes(list(gaps), plan.how),
        *captions.small_samples(rows),
        *captions.gap_columns(list(gaps)),
        *captions.subset_notes(list(gaps)),
    ]
    title = f"Gaps in {metric_display(metric).title}: {_lower(captions.set_title(plan.entries))}"
    caption = f"{captions.difference(list(gaps))} {captions.recipe(plan.entries)}"
    return plan.table(Role.GAPS, (title, caption), _gap_columns(metric), rows, notes, (metric,))


def _gap_columns(metric: str) -> list[Column]:
    decimals = metric_display(metric).decimals

    def scored(key: str, title: str, kind: ColumnType) -> Column:
        return Column(key=key, title=title, type=kind, decimals=decimals, metric=metric)

    return [
        scored("test", "Test", ColumnType.MEAN),
        scored("reference", "Ref.", ColumnType.MEAN),
        scored("gap", "Gap [interval]", ColumnType.GAP),
        scored("median", "Median", ColumnType.SIGNED),
        Column(key="worst", title=f"Worst {stats.WORST}", type=ColumnType.SHARE),
        Column(key="p", title="p", type=ColumnType.P_VALUE),
        Column(key="p_holm", title="p Holm", type=ColumnType.P_VALUE),
        _number("n", "n", 0, ""),
    ]


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]


def _number(key: str, title: str, decimals: int, metric: str) -> Column:
    return Column(
        key=key,
        title=title,
        type=ColumnType.MEAN if metric else ColumnType.NUMBER,
        decimals=decimals,
        metric=metric,
    )


def _gap_rows(plan: Plan, contrast: Contrast, metric: str, cells: Sequence[Cell]) -> list[Row]:
    places = contrast.places(plan.entries.subset, metric)
    where = [(place.subset, place.setting) for place in places]
    block = f"{contrast.name}: {contrast.formula}"
    rows = []
    for entry, gap in zip(plan.entries.entries, cells, strict=True):
        if not gap.attempted:
            continue
        means = [mean_cell(plan.entries, entry, place) for place in places]
        more = [
            Cell(value=value, n=gap.n, total=gap.n)
            for value in (gap.median, gap.share, gap.p_value, gap.p_holm, float(gap.n))
        ]
        rows.append(entry_row(entry, (*means, gap, *more), where, block, contrast))
    return rows


def detail_table(plan: Plan, metric: str) -> Table | None:
    """Mean with interval, median, worst images and range of ranks, a block per setting."""
    shown = metric_display(metric)
    subsets = _detailed_subsets(plan)
    rows: list[Row] = []
    for subset in subsets:
        for setting in plan.chosen(subset):
            block = setting.title if len(subsets) == 1 else f"{subset} {setting.title}"
            rows += _detail_rows(plan, Place(subset, setting, metric), block)
    if not rows:
        return None
    columns = [
        Column(
            key="mean",
            title="Mean [interval]",
            type=ColumnType.INTERVAL,
            decimals=shown.decimals,
            metric=metric,
        ),
        _number("median", "Median", shown.decimals, metric),
        Column(key="worst", title=f"Worst {stats.WORST}", type=ColumnType.SHARE),
        Column(key="rank", title="Rank", type=ColumnType.TEXT),
        _number("n", "n", 0, ""),
    ]
    notes = [
        *captions.incomplete(rows),
        captions.interval_note(plan.how, "images"),
        *captions.small_samples(rows),
        f"Worst {stats.WORST}: share of the total error carried by the {stats.WORST} worst images.",
        "Rank: from 1 + methods that are clearly better to methods that are not clearly worse; "
        "clearly = the interval of the paired difference excludes zero. A shared rank is a tie.",
    ]
    entries = plan.entries
    what = f"{captions.kind_title(entries)}, {captions.subset_names(subsets)}"
    title = f"{shown.title} in detail: {_lower(what)}"
    caption = f"Per setting TRAIN:TEST; lower is better. {captions.recipe(entries)}"
    return plan.table(Role.DETAIL, (title, caption), columns, rows, notes, (metric,))


def _detailed_subsets(plan: Plan) -> list[str]:
    """The subsets of the detail table: the main one, and NP where P against NP is the only gap."""
    only = plan.unpaired and not plan.gaps
    return [plan.entries.subset, *(["NP"] if only else [])]


def _detail_rows(plan: Plan, place: Place, block: str) -> list[Row]:
    entries = plan.entries
    cells = {e: mean_cell(entries, e, place) for e in entries.entries}
    cells = {e: cell for e, cell in cells.items() if cell.attempted}
    whole = [e for e, cell in cells.items() if cell.complete and cell.n]
    ranks = dict.fromkeys(cells, "")
    if len(whole) > 1 and metric_display(place.metric).ranks_alone:
        scores = np.array([list(values_at(e, place).values()) for e in whole])
        for e, rank in zip(whole, stats.rank_ranges(scores, plan.how), strict=True):
            ranks[e] = (
                str(rank.best) if rank.best == rank.worst else f"{rank.best}{MISSING}{rank.worst}"
            )
    rows = []
    for entry, cell in cells.items():
        values = list(values_at(entry, place).values())
        interval = stats.mean_interval(values, plan.how)
        share = stats.worst_share(values) if values else float("nan")
        counted = [Cell(value=v, n=cell.n, total=cell.n) for v in (cell.median, share)]
        cells_of = (
            replace(cell, low=interval.low, high=interval.high),
            *counted,
            Cell(text=ranks[entry]),
            Cell(value=float(cell.n), n=cell.n, total=cell.n),
        )
        rows.append(entry_row(entry, cells_of, [(place.subset, place.setting)], block))
    return rows


def seeds_table(plan: Plan, metric: str) -> Table | None:
    """Spread over training seeds, where a method has several; None otherwise."""
    families: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in plan.entries.entries:
        if entry.seed:
            families.setdefault((entry.title, entry.strategy, entry.options), []).append(entry)
    shown = metric_display(metric)
    rows = []
    for members in families.values():
        for setting in plan.chosen(plan.entries.subset):
            row = _seed_row(plan, members, Place(plan.entries.subset, setting, metric))
            if row:
                rows.append(row)
    if not rows:
        return None
    columns = [
        _number(key, title, shown.decimals, metric)
        for key, title in (("mean", "Mean"), ("sd", "SD"), ("low", "Lowest"), ("high", "Highest"))
    ]
    columns += [_number("seeds", "Seeds", 0, "")]
    entries = plan.entries
    title = f"Mean {shown.title} over training seeds: {_lower(captions.main_title(entries))}"
    caption = f"Per setting TRAIN:TEST; lower is better. {captions.recipe(entries)}"
    notes = ["SD: sample standard deviation over seeds that scored every image."]
    return plan.table(Role.SEEDS, (title, caption), columns, rows, notes, (metric,))


def _seed_row(plan: Plan, members: Sequence[Entry], place: Place) -> Row | None:
    cells = {e.seed: mean_cell(plan.entries, e, place) for e in members}
    means = [cell.value for cell in cells.values() if cell.complete and cell.n]
    if len(means) < 2:
        return None
    spread = stats.seed_spread(means)
    values = (spread.mean, spread.std, spread.low, spread.high, float(spread.seeds))
    first = members[0]
    return Row(
        label=as_family(first, plan.entries),
        method=first.method,
        cells=tuple(Cell(value=value) for value in values),
        block=place.setting.title,
        facts=first.facts[:2],
        tallies=tuple(
            tally for e in members for tally in tallies(e, [(place.subset, place.setting)])
        ),
    )


def as_family(entry: Entry, entries: EntrySet) -> str:
    """The label of an entry's seeds together: the title, with the strategy if it has several."""
    same = {e.strategy for e in entries.entries if e.name == entry.name}
    return entry.name if len(same) == 1 else f"{entry.name}, {entry.strategy}"
