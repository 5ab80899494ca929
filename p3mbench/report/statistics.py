"""The statistics behind the paper's tables: gaps with tests, means with intervals, seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from p3mbench import stats
from p3mbench.report import captions
from p3mbench.report.cells import (
    Place,
    gap_cell,
    images_of,
    mean_cell,
    paired_cell,
    values_at,
)
from p3mbench.report.display import MINUS, MISSING, metric_display
from p3mbench.report.entries import Entry, EntrySet
from p3mbench.report.gaps import Contrast, Setting, contrasts
from p3mbench.report.model import EMPTY, Cell, Column, ColumnType, Role, Row, Table
from p3mbench.report.tables import Plan

SUBSET_GAP = "P versus NP"
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
    """NP minus P, unpaired: NP has normal faces, and so has P where it exists that way.

    Only where P exists blurred alone (as P3M-500-P was released) is its test B the reference.
    """
    found: GapCells = {}
    for metric in metrics:
        for train in dict.fromkeys(setting.train for setting in on_p):
            new = Setting(train, "N")
            old = new if new in on_p else Setting(train, "B")
            contrast = Contrast(SUBSET_GAP, "NP is harder than P", new, old)
            cells = [_subset_cell(entries, e, contrast, metric, how) for e in entries.entries]
            if any(cell.attempted for cell in cells):
                found[contrast, metric] = _holm(cells)
    return found


def _subset_cell(
    entries: EntrySet, entry: Entry, contrast: Contrast, metric: str, how: stats.Bootstrap
) -> Cell:
    places = (Place("NP", contrast.test, metric), Place("P", contrast.reference, metric))
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
    """Every gap in one metric, a block each; None if no method has two settings to compare."""
    shown = metric_display(metric)
    gaps = {c: cells for (c, m), cells in plan.gaps.items() if m == metric}
    subset = {c: cells for (c, m), cells in plan.unpaired.items() if m == metric}
    rows = []
    for contrast, cells in gaps.items():
        main = plan.entries.subset
        places = (Place(main, contrast.test, metric), Place(main, contrast.reference, metric))
        rows += _gap_rows(plan, f"{contrast.name}: {contrast.formula}", places, cells)
    for contrast, cells in subset.items():
        places = (Place("NP", contrast.test, metric), Place("P", contrast.reference, metric))
        title = f"{contrast.name}: NP {contrast.test.title} {MINUS} P {contrast.reference.title}"
        rows += _gap_rows(plan, title, places, cells)
    if not rows:
        return None
    columns = [
        _number("test", "Test", shown.decimals, metric),
        _number("reference", "Ref.", shown.decimals, metric),
        Column(
            key="gap",
            title="Gap [interval]",
            type=ColumnType.GAP,
            decimals=shown.decimals,
            metric=metric,
        ),
        Column(
            key="median",
            title="Median",
            type=ColumnType.SIGNED,
            decimals=shown.decimals,
            metric=metric,
        ),
        Column(key="worst", title=f"Worst {stats.WORST}", type=ColumnType.SHARE),
        Column(key="p", title="p", type=ColumnType.P_VALUE),
        Column(key="p_holm", title="p Holm", type=ColumnType.P_VALUE),
        _number("n", "n", 0, ""),
    ]
    notes = [
        *captions.incomplete(rows),
        *captions.gap_notes(list(gaps), plan.how),
        *captions.small_samples(rows),
        f"Median: of the differences; Worst {stats.WORST}: share of the summed absolute difference "
        f"carried by the {stats.WORST} images with the largest.",
        "p: two-sided Wilcoxon signed-rank test; p Holm: corrected over the methods of a block.",
    ]
    if subset:
        notes.append(
            f"{SUBSET_GAP}: different people, so unpaired; positive = NP is harder than P; "
            "interval from resampling both subsets, Mann-Whitney U test, difference of the "
            "medians, n = images of both subsets."
        )
    entries = plan.entries
    title = f"Gaps in {shown.title}: {_lower(captions.set_title(entries))}"
    caption = (
        "Means of the test and the reference setting, each over its own images, and their "
        f"difference (test minus reference) over common images. {captions.recipe(entries)}"
    )
    return plan.table(Role.GAPS, (title, caption), columns, rows, notes, (metric,))


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


def _gap_rows(
    plan: Plan, block: str, places: tuple[Place, Place], cells: Sequence[Cell]
) -> list[Row]:
    rows = []
    for entry, gap in zip(plan.entries.entries, cells, strict=True):
        if not gap.attempted:
            continue
        means = [mean_cell(plan.entries, entry, place) for place in places]
        more = [
            Cell(value=value, n=gap.n, total=gap.n)
            for value in (gap.median, gap.share, gap.p_value, gap.p_holm, float(gap.n))
        ]
        rows.append(
            Row(
                label=entry.label,
                method=entry.method,
                cells=(*means, gap, *more),
                block=block,
                facts=entry.facts,
            )
        )
    return rows


def detail_table(plan: Plan, metric: str) -> Table | None:
    """Mean with interval, median, worst images and range of ranks, a block per setting."""
    shown = metric_display(metric)
    rows: list[Row] = []
    for setting in plan.chosen(plan.entries.subset):
        rows += _detail_rows(plan, Place(plan.entries.subset, setting, metric))
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
    title = f"{shown.title} in detail: {_lower(captions.main_title(entries))}"
    caption = f"Per setting TRAIN:TEST; lower is better. {captions.recipe(entries)}"
    return plan.table(Role.DETAIL, (title, caption), columns, rows, notes, (metric,))


def _detail_rows(plan: Plan, place: Place) -> list[Row]:
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
        rows.append(
            Row(
                label=entry.label,
                method=entry.method,
                cells=(
                    replace(cell, low=interval.low, high=interval.high),
                    *counted,
                    Cell(text=ranks[entry]),
                    Cell(value=float(cell.n), n=cell.n, total=cell.n),
                ),
                block=place.setting.title,
                facts=entry.facts,
            )
        )
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
    )


def as_family(entry: Entry, entries: EntrySet) -> str:
    """The label of an entry's seeds together: the title, with the strategy if it has several."""
    same = {e.strategy for e in entries.entries if e.title == entry.title}
    return entry.title if len(same) == 1 else f"{entry.title}, {entry.strategy}"
