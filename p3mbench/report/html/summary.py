"""The result in plain words: the largest gap, whether it is clear, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from p3mbench.report.analysis import Comparison, ContrastGaps, EntryGap, Overview
from p3mbench.report.analysis.summary import CLEAR, is_significant
from p3mbench.report.tables.model import Report
from p3mbench.report.wording.flagging import qualifying_notes
from p3mbench.report.wording.gaps import block_decimals
from p3mbench.report.wording.numbers import count, metric_display, number, p_text
from p3mbench.report.wording.titles import confounded
from p3mbench.report.wording.unscored import unscored
from p3mbench.settings import Contrast
from p3mbench.stats import least_images, least_unpaired_p


@dataclass(frozen=True)
class Statement:
    """A sentence or two under a heading.

    Attributes:
        question: that the numbers answer, in words.
        tone: ``worse``, ``better`` or ``open`` for a gap, ``note`` for what is missing.
    """

    heading: str
    question: str
    text: str
    tone: str


def statements(report: Report) -> list[Statement]:
    """Return the sentences to read first: every gap in its first metric, then what failed.

    Trimap-free methods come first: privacy-preserving training is about them, while a trimap tells
    a method where the person is.
    """
    found: list[Statement] = []
    for comparison in sorted(report.comparisons, key=lambda one: one.entries.kind != "trimap-free"):
        gaps = list(comparison.gaps_in())
        paired = any(one.contrast.paired for one in gaps)
        # P against NP only if there is nothing else
        shown = [one for one in gaps if one.contrast.paired or not paired]
        found += [_statement(comparison, one) for one in shown]
    overview = report.overview
    return found if overview is None else [*found, *_qualified(overview), *_missing(overview)]


def _statement(comparison: Comparison, found: ContrastGaps) -> Statement:
    contrast, entries = found.contrast, comparison.entries
    whole = [gap for gap in found.gaps if not gap.missing and gap.complete]
    where = entries.benchmark
    if comparison.subset != "P":
        where += f" {comparison.subset}"
    heading = f"{contrast.name}: {contrast.formula} ({entries.kind}, {where})"
    question = contrast.question
    if not whole:
        return Statement(heading, question, "No method has all images in both settings.", "note")
    largest = max(whole, key=lambda gap: gap.value)
    sure = [gap for gap in whole if is_significant(gap)]
    worse = sum(gap.value > 0 for gap in sure)
    better = len(sure) - worse
    decimals = block_decimals(comparison, found.metric)
    most = (
        f"Most for {largest.entry.label}: {_in_words(largest, found.metric, decimals)}"
        f"{_verdict(largest)}."
    )
    verdict = "" if sure else _powerless(contrast, found.gaps)
    caution = "" if contrast.paired else confounded(contrast)
    counted = _counted(contrast, len(whole), worse, better)
    text = " ".join(filter(None, (most, verdict or counted, caution)))
    return Statement(heading, question, text, "worse" if worse else "better" if better else "open")


def _counted(contrast: Contrast, whole: int, worse: int, better: int) -> str:
    of = f"Of {count(whole, 'complete method')}"
    if contrast.paired:
        return f"{of}, {worse} lose and {better} gain significantly."
    more, fewer = contrast.test_subset, contrast.reference_subset
    return f"{of}, {worse} have significantly larger errors on {more} and {better} on {fewer}."


def _powerless(contrast: Contrast, gaps: Iterable[EntryGap]) -> str:
    """Say that no result could be significant with so few images; "" if one could."""
    tested = [gap for gap in gaps if gap.p_holm == gap.p_holm]
    if not tested:
        return ""
    methods = count(len(tested), "method")
    if contrast.paired:
        n = max(gap.n for gap in tested)
        least = least_images(CLEAR, len(tested))
        return "" if n >= least else (
            f"n = {n} is too small to tell: with {methods} the corrected test cannot fall below "
            f"{CLEAR:g} from fewer than {least} images."
        )  # fmt: skip
    sizes = max((gap.test.n, gap.reference.n) for gap in tested)
    return "" if least_unpaired_p(*sizes) * len(tested) < CLEAR else (
        f"n = {sizes[0]} against {sizes[1]} is too small to tell: with {methods} the corrected "
        f"test cannot fall below {CLEAR:g}."
    )  # fmt: skip


def _in_words(gap: EntryGap, metric: str, decimals: int) -> str:
    title = metric_display(metric).title
    value = number(gap.value, decimals, sign=True)
    if gap.low != gap.low:
        return f"{title} {value} (a single image has no interval)"
    low, high = (number(v, decimals, sign=True) for v in (gap.low, gap.high))
    return f"{title} {value}, 95 % interval {low} to {high}"


def _verdict(gap: EntryGap) -> str:
    if is_significant(gap):
        verdict = "significant"
    elif gap.excludes_zero:
        verdict = "not significant: the corrected test does not reject"
    else:
        verdict = "not significant: the interval holds zero"
    return f", {_p(gap.p_holm)} after Holm's correction ({verdict})"


def _p(p: float) -> str:
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _qualified(overview: Overview) -> list[Statement]:
    """Say what limits how far the numbers can be trusted, over all rows."""
    text = " ".join(qualifying_notes(overview.flags))
    return [Statement("What qualifies the numbers", "", text, "note")] if text else []


def _missing(overview: Overview) -> list[Statement]:
    bad = overview.rows - overview.scored
    if not bad:
        return []
    shown = ", ".join(f"{method} ({n})" for method, n in overview.failed.items())
    text = (
        f"{count(bad, 'image')} of {overview.rows:,} could not be scored: {shown}. Means are "
        "over the others; incomplete methods are marked and compete for no rank. "
        + " ".join(unscored(overview))
    )
    return [Statement("What is missing", "", text, "note")]
