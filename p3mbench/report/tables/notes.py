"""Captions and notes: what a reader must know to trust a table, once for every format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from p3mbench.published import BENCHMARK, sources
from p3mbench.report.analysis.answers import ContrastGaps
from p3mbench.report.analysis.entries import Entry, EntrySet
from p3mbench.report.tables.model import TableRow
from p3mbench.report.wording.numbers import count, metric_display
from p3mbench.report.wording.titles import confounded, listed
from p3mbench.settings import (
    BLURRED,
    COPY_PASTE,
    DASH,
    NORMAL,
    OTHER,
    PAPER_VARIANTS,
    SUBSET_GAP,
    UNTRAINED,
    Contrast,
    Setting,
    is_variant,
    ordered,
    paper_settings,
    untrained_settings,
    variant_title,
)
from p3mbench.stats import Bootstrap

# The (subset, setting) pairs that a table shows.
Shown = Sequence[tuple[str, Setting]]
FEW = 15  # images; below, no interval is reliable
ENOUGH = 100  # images; below, 95 % intervals of heavy-tailed errors may cover less than 93 %


def recipe(entries: EntrySet) -> str:
    """Write convention and obfuscation as a sentence."""
    text = f"Metrics by the {entries.convention or 'unnamed'} convention"
    found = list(dict.fromkeys(entries.recipes.values()))
    if len(found) > 1:
        found = [f"{recipe} ({variant})" for variant, recipe in entries.recipes.items()]
    return f"{text}; faces obfuscated by {listed(found)}." if found else f"{text}."


def image_counts(entries: EntrySet, places: Iterable[tuple[str, str]]) -> str:
    """Say how many images a complete cell has: "n = 24 images", "n = 8 of 500 images ...".

    Args:
        entries: the set.
        places: (subset, variant) pairs that the table shows.
    """
    texts: dict[str, list[str]] = {}
    for subset, variant in dict.fromkeys(places):
        n = len(entries.reference(subset, variant))
        full = entries.expected.get((subset, variant), n)
        text = f"{n} of {count(full, 'image')} (a subset)" if n < full else count(n, "image")
        texts.setdefault(text, []).append(f"{subset} (test {variant})")
    if len(texts) == 1:
        return f"n = {next(iter(texts))}"
    return "n = " + ", ".join(f"{text} on {listed(found)}" for text, found in texts.items())


def metric_regions(metrics: Sequence[str]) -> str:
    """Name the region of each metric: "SAD-T and MSE-T over the unknown region"."""
    regions: dict[str, list[str]] = {}
    for metric in metrics:
        shown = metric_display(metric)
        regions.setdefault(shown.region, []).append(shown.title)
    return "; ".join(
        f"{listed(titles)} over {region}" if region else listed(titles)
        for region, titles in regions.items()
    )


def missing_settings(entries: EntrySet, subset: str, wanted: Sequence[Setting] | None) -> list[str]:
    """Name the settings that have no rows and so no column."""
    if wanted is None:
        trains = {train for entry in entries for train in entry.trains}
        wanted = (
            *(paper_settings(entries.variants) if trains - {UNTRAINED} else ()),
            *(untrained_settings(entries.variants) if UNTRAINED in trains else ()),
        )
    absent = [s.title for s in wanted if s not in entries.settings(subset)]
    return [f"No results on subset {subset} for {listed(absent)}."] if absent else []


def legend(settings: Sequence[Setting]) -> str:
    """Explain the names of the settings that a table shows."""
    trains = {s.train for s in settings}
    shown = {s.test for s in settings} | {train for train in trains if is_variant(train)}
    both = set(PAPER_VARIANTS)
    variants = ordered(shown | {NORMAL} if shown - both else both)
    known = {BLURRED: "faces blurred", NORMAL: "normal faces"}
    parts = [f"{v}: {known.get(v) or variant_title(v)}" for v in variants]
    also = {
        COPY_PASTE: "B+CP: blurred, with copy-paste",
        OTHER: "other: training faces unknown or mixed",
        UNTRAINED: f"{DASH}: not trained",
    }
    return ", ".join([*parts, *(said for train, said in also.items() if train in trains)])


def failures(entries: EntrySet, shown: Shown) -> list[str]:
    """Write one note per entry, place and reason of failure."""
    notes = []
    for entry in entries:
        for subset, setting in shown:
            scores = entry.scores.get((subset, setting))
            if scores and scores.failed:
                reasons = sorted(scores.reasons.items(), key=lambda item: (-item[1], item[0]))
                reason = f" ({reasons[0][0]})" if reasons and reasons[0][0] else ""
                notes.append(
                    f"{entry.label}, {subset} {setting.title}: "
                    f"{count(scores.failed, 'image')} failed{reason}."
                )
    return notes


def undefined(entries: EntrySet, shown: Shown, metrics: Sequence[str]) -> list[str]:
    """Write notes on images that lack a value of a metric, for every entry or for one."""
    everywhere: dict[tuple[str, str, int], list[str]] = {}
    for subset, variant in dict.fromkeys((subset, s.test) for subset, s in shown):
        for metric in metrics:
            n = len(entries.undefined(subset, variant, metric))
            if n:
                everywhere.setdefault((subset, variant, n), []).append(metric_display(metric).title)
    notes = [
        f"{count(n, 'image')} of {subset}, test {variant}: {listed(titles)} undefined, "
        "left out of every mean."
        for (subset, variant, n), titles in everywhere.items()
    ]
    for entry in entries:
        lacking: dict[tuple[tuple[str, ...], int], list[str]] = {}
        for place in shown:
            for n, titles in _lacking(entries, entry, place, metrics).items():
                where = f"{place[0]} {place[1].title}"
                lacking.setdefault((tuple(titles), n), []).append(where)
        notes += [
            f"{entry.label}, {listed(places)}: no {listed(titles)} for {count(n, 'image')}."
            for (titles, n), places in lacking.items()
        ]
    return notes


def _lacking(
    entries: EntrySet, entry: Entry, place: tuple[str, Setting], metrics: Sequence[str]
) -> dict[int, list[str]]:
    """Return number of ok images that lack a metric others have there -> titles of the metrics."""
    found: dict[int, list[str]] = {}
    scores = entry.scores.get(place)
    if scores is None:
        return found
    ok = {image for image, good in zip(scores.images, scores.ok, strict=True) if good}
    for metric in metrics:
        images = entries.images(place[0], place[1].test, metric)
        n = len((ok & images) - scores.scored(metric).keys())
        if n:
            found.setdefault(n, []).append(metric_display(metric).title)
    return found


def incomplete(rows: Sequence[TableRow]) -> list[str]:
    """Explain "(18/24)", if there is such a cell."""
    if any(cell.attempted and not cell.complete for row in rows for cell in row.cells):
        return ["(k/n): scored on k of n images only, and so not ranked."]
    return []


def small_samples(rows: Sequence[TableRow]) -> list[str]:
    """Warn of intervals over so few images that their coverage is poor."""
    sizes = [c.n for row in rows for c in row.cells if not math.isnan(c.low)]
    few, some = (any(n < limit for n in sizes) for limit in (FEW, ENOUGH))
    notes = [f"Intervals from fewer than {FEW} images are rough."] if few else []
    if some:
        notes.append(
            f"Below {ENOUGH} images, intervals of a mean cover less than promised if rare images "
            "carry it: 91 % at 24 images in a simulation with real errors (docs/statistics.md)."
        )
    return notes


def difference(contrasts: Sequence[Contrast]) -> str:
    """Explain the columns of a table of gaps, paired, unpaired or both."""
    means = "Means of the test and the reference setting, each over its own images, and their"
    paired = f"{means} difference (test minus reference) over common images."
    if all(contrast.paired for contrast in contrasts):
        return paired
    unpaired = "of the means of subset NP and of subset P, which have no image in common"
    if any(contrast.paired for contrast in contrasts):
        return f"{paired} {SUBSET_GAP} is the difference {unpaired}."
    return f"Means of the test and the reference, and the difference {unpaired}."


def gap_notes(contrasts: Sequence[Contrast], how: Bootstrap) -> list[str]:
    """Define each paired gap that is shown, and say how its interval was made."""
    by_meaning: dict[tuple[str, str], list[str]] = {}
    for contrast in contrasts:
        if contrast.paired:
            by_meaning.setdefault((contrast.name, contrast.meaning), []).append(contrast.formula)
    if not by_meaning:
        return []
    notes = [
        f"{name} = {listed(formulas)}; positive = {meaning}."
        for (name, meaning), formulas in by_meaning.items()
    ]
    return [*notes, interval_note(how, "the same images in both settings")]


def gap_columns(gaps: Sequence[ContrastGaps]) -> list[str]:
    """Explain the columns next to the gap, a note for each of the three questions."""
    paired = any(found.contrast.paired for found in gaps)
    shown = next(gap.failures for found in gaps for gap in found.gaps)
    amount = f"{metric_display(gaps[0].metric).title} {shown.amount:g}"
    notes = [
        "On average: Gap, p and p Holm (corrected over the methods of a block). Significant = "
        "p Holm is below 0.05 and the interval excludes zero.",
        f"Typical: gap on a typical image (Hodges-Lehmann). Fails: images that lose more than "
        f"{amount}, about a mean error. Both have tests of their own, corrected alike.",
    ]
    if paired:
        notes.append(
            "Tests: two-sided; sign-flip permutation of the mean, Wilcoxon signed-rank, exact sign "
            "test of losing against gaining images."
        )
    if any(found.families for found in gaps):
        notes.append(
            "Seeds of a method count once: its last line holds seeds and images as two levels. A "
            "single seed says nothing about another training."
        )
    return notes


def subset_notes(contrasts: Sequence[Contrast]) -> list[str]:
    """Say how NP is compared with P, and what that cannot show; nothing without such a gap."""
    unpaired = [contrast for contrast in contrasts if not contrast.paired]
    if not unpaired:
        return []
    formulas = list(dict.fromkeys(contrast.formula for contrast in unpaired))
    return [
        f"{SUBSET_GAP} = {listed(formulas)}; unpaired; positive = {unpaired[0].meaning}; interval "
        "from resampling both subsets; p: permutation test of Welch's t; Typical: Mann-Whitney U "
        "test; Fails: images of NP with an error above the amount, Fisher's exact test against P; "
        "n: images of both subsets.",
        *dict.fromkeys(confounded(contrast) for contrast in unpaired),
    ]


def subset_names(subsets: Sequence[str]) -> str:
    """Name the subsets, such as "subset P", "subsets P and NP"."""
    return f"subset{'' if len(subsets) == 1 else 's'} {listed(subsets)}"


def interval_note(how: Bootstrap, unit: str) -> str:
    """Say how the intervals were made."""
    return (
        f"[ ]: {100 * how.level:g} % interval of the mean over {unit}: symmetric bootstrap-t, "
        f"widened for images too rare for the sample ({how.resamples:,} resamples, "
        f"seed {how.seed})."
    )


def seeds(rows: Sequence[TableRow]) -> list[str]:
    """Explain "±", if there is such a cell."""
    if any(cell.seeds for row in rows for cell in row.cells):
        return ["\N{PLUS-MINUS SIGN}: sample standard deviation over the means of training seeds."]
    return []


def published(rows: Sequence[TableRow], entries: EntrySet) -> list[str]:
    """Name the sources of published lines, and say what they cannot be compared with."""
    used = dict.fromkeys(row.source for row in rows if row.source)
    if not used:
        return []
    other = (
        "" if entries.benchmark == BENCHMARK
        else f" They are on {BENCHMARK}, not on {entries.benchmark}: do not compare the numbers."
    )  # fmt: skip
    return [
        f"Published lines were not measured here and compete for no rank.{other}",
        *(f"{key}: {sources()[key].title}; {sources()[key].where}." for key in used),
    ]


def provenance(entries: EntrySet) -> list[str]:
    """Say where checkpoints and code are listed; nothing if there are none."""
    known = any(e.checkpoints or s.code for e in entries for s in e.scores.values())
    return ["Checkpoints, hashes and code: see the table of provenance."] if known else []
