"""The result in plain words: the largest gap, whether it is clear, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from p3mbench.report.analysis import Comparison, ContrastGaps, EntryGap, Overview
from p3mbench.report.analysis.summary import CLEAR
from p3mbench.report.tables.model import Report
from p3mbench.report.wording.answers import cannot_show, failing, on_average
from p3mbench.report.wording.flagging import qualifying_notes
from p3mbench.report.wording.gaps import block_decimals
from p3mbench.report.wording.numbers import count
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
    whole = [gap for gap in found.methods if not gap.missing and gap.complete]
    where = entries.benchmark
    if comparison.subset != "P":
        where += f" {comparison.subset}"
    heading = f"{contrast.name}: {contrast.formula} ({entries.kind}, {where})"
    question = contrast.question
    if not whole:
        return Statement(heading, question, "No method has all images in both settings.", "note")
    largest = max(whole, key=lambda gap: gap.value)
    sure = [gap for gap in whole if gap.significant]
    worse = sum(gap.value > 0 for gap in sure)
    better = len(sure) - worse
    decimals = block_decimals(comparison, found.metric)
    most = f"Most for {largest.label}: {on_average(largest, found.metric, decimals)}."
    verdict = "" if sure else _powerless(contrast, found.methods)
    caution = "" if contrast.paired else confounded(contrast)
    counted = _counted(contrast, len(whole), worse, better)
    fails = f"{failing(largest, found.metric)}."
    limits = cannot_show(largest, found.metric, decimals)
    text = " ".join(filter(None, (most, fails, verdict or counted, limits, caution)))
    return Statement(heading, question, text, "worse" if worse else "better" if better else "open")


def _counted(contrast: Contrast, whole: int, worse: int, better: int) -> str:
    of = f"Of {count(whole, 'complete method')}"
    if contrast.paired:
        return f"{of}, {worse} lose and {better} gain significantly on average."
    more, fewer = contrast.test_subset, contrast.reference_subset
    return (
        f"{of}, {worse} have significantly larger errors on {more} and {better} on {fewer}, on "
        "average."
    )


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
