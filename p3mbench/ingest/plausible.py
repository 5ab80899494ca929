"""Find impossible scores, and the scale in which they were probably written.

Opacities are in [0, 1], so over one region MAD and MSE are at most 1, MSE is at most MAD and at
least its square, and SAD is MAD times the pixels. The checks allow for rounding of printed digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from p3mbench.metrics import CONVENTIONS

MOST_PIXELS = 100_000_000
LARGEST = 4  # upper bound of a benchmark's largest image over its smallest one
SCALES = (1000.0, 100.0, 255.0, 255.0**2)
REGIONS = ("", "_t", "_face")
ROUNDING = 1e-6  # relative, of sums in single precision


@dataclass(frozen=True)
class Value:
    """A score in raw units, and half a unit of its last printed digit."""

    value: float
    slack: float

    @property
    def low(self) -> float:
        """The least possible value before rounding."""
        return max(0.0, self.value - self.slack) * (1 - ROUNDING)

    @property
    def high(self) -> float:
        """The greatest possible value before rounding."""
        return (self.value + self.slack) * (1 + ROUNDING)


def value_of(text: str, factor: float = 1.0) -> Value:
    """Parse a number and find its slack from its digits.

    >>> value_of("8.73").slack
    0.005
    """
    mantissa, _, exponent = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    # divide thousandths by 1000, which rounds only once: 2.6 becomes 0.0026
    value = float(text) * factor if factor >= 1 else float(text) / round(1 / factor)
    return Value(value, 0.5 * 10.0**-decimals * factor)


def impossible(scores: Mapping[str, Value], convention: str, pixels: int | None = None) -> str:
    """Return why a row of scores is impossible, with the likely scale; "" if it is possible.

    Args:
        scores: scores by name, in raw units.
        convention: convention of the scores. Some conventions multiply MSE and MAD by 1000, and
            P3M's ``_t`` metrics count errors outside the region that they divide by.
        pixels: number of pixels of the image, None if unknown.
    """
    chosen = CONVENTIONS[convention]
    thousand = 1000.0 if chosen.thousandfold else 1.0
    for region in REGIONS:
        mad, mse = (_scaled(scores.get(name + region), thousand) for name in ("mad", "mse"))
        sad = scores.get("sad" + region)
        wider = region == "_t" and chosen.known_counts
        problem = (
            ("" if wider else _above_one(region, mad, mse))
            or _pair(region, mad, mse, squares=not wider)
            or _sum(region, sad, mad, pixels if not region else None)
            or ("" if wider else _too_large(region, sad, mad, mse))
        )
        if problem:
            return problem
    return _parts(scores)


def suspicious(scores: Mapping[str, Value], convention: str, least_pixels: int | None) -> str:
    """Return what is odd about a row of possible scores; "" for nothing.

    Args:
        least_pixels: pixels of the benchmark's smallest image, None if unknown.
    """
    for name in ("mad_t", "mse_t"):
        if name in scores and scores[name].low > 1:
            return (
                f"{name} is {scores[name].value:g}; more than 1 is rare: is it multiplied by 1000?"
            )
    sad = scores.get("sad")
    if not least_pixels or sad is None:
        return ""
    if sad.low * 1000 > LARGEST * least_pixels:
        return (
            f"sad is {sad.value:g}; this benchmark's images do not have so many pixels: is "
            "it a sum that was not divided by 1000?"
        )
    if CONVENTIONS[convention].thousandfold:
        return ""
    return _small(sad, scores, least_pixels)


def _small(sad: Value, scores: Mapping[str, Value], least_pixels: int) -> str:
    """Return a warning if SAD / MAD implies a small image; MSE, at most MAD, can replace MAD."""
    for name in ("mad", "mse"):
        mean = scores.get(name)
        if mean is None or mean.low <= 0 or sad.high * 1000 / mean.low >= least_pixels:
            continue
        pixels = sad.value * 1000 / mean.value
        most = "" if name == "mad" else "at most "
        return (
            f"SAD {sad.value:g} and {name.upper()} {mean.value:g} imply an image of {most}"
            f"{pixels:,.0f} pixels; this benchmark's have at least {least_pixels:,}: was it "
            f"resized, or is {name.upper()} scaled?"
        )
    return ""


def _scaled(value: Value | None, thousand: float) -> Value | None:
    return None if value is None else Value(value.value / thousand, value.slack / thousand)


def _above_one(region: str, mad: Value | None, mse: Value | None) -> str:
    for name, value in (("mad", mad), ("mse", mse)):
        if value is not None and value.low > 1:
            return (
                f"{name}{region} is {value.value:g}, and 1 is the maximum{_scale(mad, mse, name)}"
            )
    return ""


def _pair(region: str, mad: Value | None, mse: Value | None, *, squares: bool) -> str:
    if mad is None or mse is None:
        return ""
    if mse.low > mad.high:
        return (
            f"mse{region} is {mse.value:g} beside mad{region} {mad.value:g}, and MSE is never more "
            f"than MAD{_scale(mad, mse, 'mse')}"
        )
    if squares and mse.high < mad.low**2:
        return (
            f"mse{region} is {mse.value:g} beside mad{region} {mad.value:g}, and MSE is never less "
            f"than MAD squared{_scale(mad, mse, 'mad')}"
        )
    return ""


def _scale(mad: Value | None, mse: Value | None, name: str) -> str:
    """Describe the first scale of one or both values that would make the pair possible."""
    for scale in SCALES:
        small_mad, small_mse = _scaled(mad, scale), _scaled(mse, scale)
        alone = (small_mad, mse) if name == "mad" else (mad, small_mse)
        both = (small_mad, small_mse)
        for pair, which in ((alone, f"{name.upper()} is"), (both, "MSE and MAD are")):
            if not _above_one("", *pair) and _possible(*pair):
                return f"; {which} probably multiplied by {scale:g}" + (
                    f" (headings such as 'MSE (1e-{int(math.log10(scale))})' say so)"
                    if scale in (100.0, 1000.0)
                    else ""
                )
    return ""


def _possible(mad: Value | None, mse: Value | None) -> bool:
    if mad is None or mse is None:
        return True
    return mse.low <= mad.high and mse.high >= mad.low**2


def _sum(region: str, sad: Value | None, mad: Value | None, pixels: int | None) -> str:
    """Compare SAD with MAD times the pixels, if their number is known; else with any image."""
    if sad is None or mad is None:
        return ""
    if pixels is not None:
        low, high = mad.low * pixels / 1000, mad.high * pixels / 1000
        if sad.high < low or sad.low > high:
            return (
                f"sad{region} is {sad.value:g}, but mad {mad.value:g} over {pixels:,} pixels is "
                f"{mad.value * pixels / 1000:g} thousand; SAD is a sum divided by 1000"
            )
    if sad.low * 1000 > MOST_PIXELS * mad.high:
        return (
            f"sad{region} is {sad.value:g} beside mad{region} {mad.value:g}: this implies "
            f"an image of {sad.value * 1000 / max(mad.value, 1e-300):.2g} pixels; "
            "is SAD divided by 1000?"
        )
    if sad.high * 1000 < mad.low:
        return (
            f"sad{region} is {sad.value:g} beside mad{region} {mad.value:g}, which implies less "
            "than one pixel; SAD is a sum divided by 1000"
        )
    return ""


def _too_large(region: str, sad: Value | None, mad: Value | None, mse: Value | None) -> str:
    """Check SAD without MAD, which is at most 1 and at most the root of MSE."""
    if sad is None or mad is not None:
        return ""
    most = 1.0 if mse is None else min(1.0, math.sqrt(mse.high))
    if sad.low * 1000 <= MOST_PIXELS * most:
        return ""
    beside = "" if mse is None else f" beside mse{region} {mse.value:g}"
    return (
        f"sad{region} is {sad.value:g}{beside}, which implies an image of at least "
        f"{sad.value * 1000 / max(most, 1e-300):.2g} pixels; is SAD divided by 1000?"
    )


def _parts(scores: Mapping[str, Value]) -> str:
    """Check that the sums over foreground and background are parts of the image's."""
    whole = scores.get("sad")
    parts = [scores[name] for name in ("sad_fg", "sad_bg") if name in scores]
    if whole is not None and parts and sum(part.low for part in parts) > whole.high:
        return f"sad_fg and sad_bg sum to more than sad, which is {whole.value:g}"
    return ""
