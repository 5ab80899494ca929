"""The three answers of a gap as sentences, and what the images and trainings cannot show."""

from __future__ import annotations

import math

from p3mbench.report.analysis.answers import EntryGap
from p3mbench.report.wording.numbers import count, metric_display, number, p_text

FEW_TRAININGS = 4  # below that, nothing is known about the spread of trainings
NAMED = 3  # worst images in a sentence


def on_average(gap: EntryGap, metric: str, decimals: int) -> str:
    """Say the mean gap, its interval and its test: the question that "significant" is about."""
    title = metric_display(metric).title
    value = number(gap.value, decimals, sign=True)
    if math.isnan(gap.low):
        return f"{title} {value} on average (a single image has no interval)"
    verdict = "significant" if gap.significant else _why_not(gap)
    return (
        f"{title} {value} on average, 95 % interval {_span(gap.low, gap.high, decimals)}, "
        f"{_p(gap.p_holm)} after Holm's correction ({verdict})"
    )


def on_a_typical_image(gap: EntryGap, metric: str, decimals: int) -> str:
    """Say the gap on a typical image."""
    typical, title = gap.typical, metric_display(metric).title
    text = f"{title} {number(typical.estimate, decimals, sign=True)} on a typical image"
    if math.isnan(typical.low):
        return text
    return f"{text}, 95 % interval {_span(typical.low, typical.high, decimals)}"


def failing(gap: EntryGap, metric: str) -> str:
    """Say how often the method fails, with the worst images by name."""
    found, title = gap.failures.share, metric_display(metric).title
    amount = f"{title} {found.amount:g}"
    if not found.n:
        return f"No image shows how often the loss is above {amount}"
    share = (
        f"({100 * found.share:.1f} %, 95 % interval {100 * found.low:.1f} to "
        f"{100 * found.high:.1f} %)"
    )
    of = f"{found.losing} of {count(found.n, 'image')}"
    if not found.paired:
        other = f"{found.gaining} of {found.n_reference} of the reference"
        return f"{of} {_have(found.losing)} an error above {amount} {share}, {other}"
    verb = "loses" if found.losing == 1 else "lose"
    named = [name for name, loss in gap.failures.worst[:NAMED] if loss > found.amount]
    worst = f"; worst: {', '.join(named)}" if named else ""
    return f"{of} {verb} more than {amount} {share}{worst}"


def cannot_show(gap: EntryGap, metric: str, decimals: int) -> str:
    """Say which gap these images would not show; "" if the gap is significant or has no interval.

    A true gap of the given size is found in about 80 % of repeats, before Holm's correction.
    """
    if gap.significant or math.isnan(gap.low) or gap.low == gap.high:
        return ""
    title = metric_display(metric).title
    least = number(gap.average.detectable, decimals)
    return (
        f"With {count(gap.n, 'image')}, a mean gap below about {title} {least} is likely to go "
        "unnoticed."
    )


def trainings(gap: EntryGap, metric: str, decimals: int) -> str:
    """Say what the number of trainings allows; "" for methods that are not trained."""
    if gap.spread is None:
        if not gap.entry.checkpoints:
            return ""
        return "One training: the interval holds for this checkpoint, not for another training."
    spread = gap.spread
    text = (
        f"{spread.seeds} trainings: mean gaps from {number(spread.low, decimals, sign=True)} to "
        f"{number(spread.high, decimals, sign=True)} {metric_display(metric).title}; the interval "
        "holds trainings and images."
    )
    if spread.seeds < FEW_TRAININGS:
        text += " So few do not show how far trainings differ, hence its width."
    return text


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def _why_not(gap: EntryGap) -> str:
    if math.isnan(gap.p_holm):
        return "not tested: one seed of several"
    if gap.excludes_zero:
        return "not significant: the corrected test does not reject"
    return "not significant: the interval holds zero"


def _span(low: float, high: float, decimals: int) -> str:
    return " to ".join(number(bound, decimals, sign=True) for bound in (low, high))


def _p(p: float) -> str:
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"
