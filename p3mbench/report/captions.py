"""Captions and notes: what a reader must know to believe a table, said once for every format."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from p3mbench.report.cells import images_of
from p3mbench.report.display import count, metric_display
from p3mbench.report.entries import Entry, EntrySet
from p3mbench.report.gaps import SUBSET_GAP, Contrast, Setting
from p3mbench.report.model import Row
from p3mbench.stats import WORST, Bootstrap

# The (subset, setting) pairs that a table shows.
Shown = Sequence[tuple[str, Setting]]
PAPER_SETTINGS = tuple(Setting(train, test) for train in "BN" for test in "BN")
FEW = 15  # images; at 24 the 95 % interval of skewed errors covers about 92 %, below it less
FREE_SETTINGS = (Setting("-", "B"), Setting("-", "N"))


def kind_title(entries: EntrySet) -> str:
    """Such as "Trimap-based methods (trimaps: dataset) on mini"."""
    trimaps = f" (trimaps: {entries.trimap_source})" if entries.trimap_source else ""
    return f"{entries.kind.capitalize()} methods{trimaps} on {entries.benchmark}"


def main_title(entries: EntrySet) -> str:
    """`kind_title` and the subset that settings are compared on."""
    return f"{kind_title(entries)}, subset {entries.subset}"


def set_title(entries: EntrySet) -> str:
    """`kind_title`, and the subset where the set is of no other."""
    return main_title(entries) if entries.other_subset else kind_title(entries)


def recipe(entries: EntrySet) -> str:
    """Convention and obfuscation as a sentence."""
    text = f"Metrics by the {entries.convention or 'unnamed'} convention"
    return (
        f"{text}; faces obfuscated by {entries.obfuscation}." if entries.obfuscation else f"{text}."
    )


def image_counts(entries: EntrySet, places: Iterable[tuple[str, str]]) -> str:
    """How many images stand behind a complete cell: "n = 24 images", "n = 8 of 500 images ...".

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
    """Which region each metric looks at: "SAD-T and MSE-T over the unknown region"."""
    regions: dict[str, list[str]] = {}
    for metric in metrics:
        shown = metric_display(metric)
        regions.setdefault(shown.region, []).append(shown.title)
    return "; ".join(
        f"{listed(titles)} over {region}" if region else listed(titles)
        for region, titles in regions.items()
    )


def listed(items: Sequence[str]) -> str:
    """Items as prose: "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def missing_settings(entries: EntrySet, subset: str, wanted: Sequence[Setting] | None) -> list[str]:
    """Names the settings that have no rows at all and so no column."""
    if wanted is None:
        learned = any(train != "-" for entry in entries.entries for train in entry.trains)
        free = any("-" in entry.trains for entry in entries.entries)
        wanted = (*(PAPER_SETTINGS if learned else ()), *(FREE_SETTINGS if free else ()))
    absent = [s.title for s in wanted if s not in entries.settings(subset)]
    return [f"No results on subset {subset} for {listed(absent)}."] if absent else []


def failures(entries: EntrySet, shown: Shown) -> list[str]:
    """One note per entry, place and reason of failure."""
    notes = []
    for entry in entries.entries:
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
    """Notes on images without a value of a metric, for every entry or for one."""
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
    for entry in entries.entries:
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
    """Number of ok images that lack a metric others have there -> titles of those metrics."""
    found: dict[int, list[str]] = {}
    scores = entry.scores.get(place)
    if scores is None:
        return found
    ok = {image for image, good in zip(scores.images, scores.ok, strict=True) if good}
    for metric in metrics:
        images = images_of(entries, place[0], place[1].test, metric)
        n = len((ok & images) - scores.scored(metric).keys())
        if n:
            found.setdefault(n, []).append(metric_display(metric).title)
    return found


def incomplete(rows: Sequence[Row]) -> list[str]:
    """The note that explains "(18/24)", if there is such a cell."""
    if any(cell.attempted and not cell.complete for row in rows for cell in row.cells):
        return ["(k/n): scored on k of n images only, and so not ranked."]
    return []


def small_samples(rows: Sequence[Row]) -> list[str]:
    """A warning where an interval stands on so few images that its coverage is poor."""
    few = [c.n for row in rows for c in row.cells if not math.isnan(c.low) and c.n < FEW]
    return [f"Intervals from fewer than {FEW} images are rough."] if few else []


def difference(contrasts: Sequence[Contrast]) -> str:
    """What the columns of a table of gaps hold, paired, unpaired or both."""
    means = "Means of the test and the reference setting, each over its own images, and their"
    paired = f"{means} difference (test minus reference) over common images."
    if all(contrast.paired for contrast in contrasts):
        return paired
    unpaired = "of the means of subset NP and of subset P, which have no image in common"
    if any(contrast.paired for contrast in contrasts):
        return f"{paired} {SUBSET_GAP} is the difference {unpaired}."
    return f"Means of the test and the reference, and the difference {unpaired}."


def gap_notes(contrasts: Sequence[Contrast], how: Bootstrap) -> list[str]:
    """The definition of each paired gap shown, and how its interval was made."""
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


def gap_columns(contrasts: Sequence[Contrast]) -> list[str]:
    """What the columns beside the gap hold, by the kinds of gap that a table has."""
    corrected = "p Holm: corrected over the methods of a block."
    paired = any(contrast.paired for contrast in contrasts)
    if not paired:
        return [corrected]
    return [
        f"Median: of the differences; Worst {WORST}: share of the summed absolute difference "
        f"carried by the {WORST} images with the largest.",
        f"p: two-sided Wilcoxon signed-rank test; {corrected}",
    ]


def subset_notes(contrasts: Sequence[Contrast]) -> list[str]:
    """How NP is compared with P, and what the difference cannot say; nothing without such a gap."""
    unpaired = [contrast for contrast in contrasts if not contrast.paired]
    if not unpaired:
        return []
    formulas = list(dict.fromkeys(contrast.formula for contrast in unpaired))
    return [
        f"{SUBSET_GAP} = {listed(formulas)}; unpaired; positive = {unpaired[0].meaning}; interval "
        "from resampling both subsets; p: two-sided Mann-Whitney U test; Median: difference of "
        "the medians; n: images of both subsets.",
        *dict.fromkeys(confounded(contrast) for contrast in unpaired),
    ]


def confounded(contrast: Contrast) -> str:
    """Why a difference between NP and P is not the effect of one thing."""
    if contrast.test.test == contrast.reference.test:
        return "P and NP show different people, so their gap may come from the images themselves."
    return (
        "P and NP show different people, and only the faces of P are blurred: the two effects are "
        "confounded, so the gap does not show which of them makes a subset harder."
    )


def subset_names(subsets: Sequence[str]) -> str:
    """Such as "subset P", "subsets P and NP"."""
    return f"subset{'' if len(subsets) == 1 else 's'} {listed(subsets)}"


def interval_note(how: Bootstrap, unit: str) -> str:
    """How the intervals were made."""
    return (
        f"[ ]: {100 * how.level:g} % BCa bootstrap interval over {unit} "
        f"({how.resamples:,} resamples, seed {how.seed})."
    )


def checkpoints(entries: EntrySet) -> list[str]:
    """Which weights stand behind each learned entry."""
    notes = []
    for entry in entries.entries:
        uses = [
            f"trained on {use.train}: {use.name or 'unnamed'}"
            + (f" (SHA-256 {use.sha256[:8]})" if use.sha256 else "")
            for use in entry.checkpoints
        ]
        if uses:
            notes.append(
                f"{entry.label} ({entry.strategy or 'native'} strategy): {'; '.join(uses)}."
            )
    return notes


def slug(*parts: str) -> str:
    """An ASCII label such as "p3mbench-mini-trimap-free-settings"."""
    text = "-".join(part for part in parts if part).lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")
