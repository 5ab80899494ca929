"""Join measured privacy with errors: how many faces each variant still shows.

A record of `p3mbench privacy` is joined only if it looked at the very images that were scored: the
hash of everything that their pixels depend on must agree, image by image.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from p3mbench.privacy.counting import Proportion
from p3mbench.privacy.record import HiddenPlace, PrivacyRecord
from p3mbench.report.analysis.comparison import Comparison, MeanAt, StillFound
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.analysis.grouping import as_text
from p3mbench.settings import Setting, hidden, train_order

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PricePoint:
    """One variant of a line: share of faces still found, and the method's mean error."""

    variant: str
    found: Proportion
    error: float


@dataclass(frozen=True, eq=False)
class PriceLine:
    """One method in one train setting, from most to fewest faces found."""

    entry: Entry
    train: str
    points: tuple[PricePoint, ...]

    @property
    def rise(self) -> float:
        """The error where the fewest faces are found, relative to where most are: 0.1 is +10 %."""
        first, last = self.points[0].error, self.points[-1].error
        return last / first - 1 if first > 0 else float("nan")


def priced(
    comparisons: Sequence[Comparison], rows: pd.DataFrame, records: Iterable[PrivacyRecord]
) -> tuple[tuple[Comparison, ...], list[str]]:
    """Add the shares of found faces to comparisons.

    Args:
        comparisons: of the rows.
        rows: what was scored, with the column ``content``.
        records: of measured privacy.

    Returns:
        the comparisons, and lines about variants that were not joined or not measured.
    """
    known = {record.benchmark: record for record in records}
    done, notes = [], list[str]()
    for one in comparisons:
        e = one.entries
        variants = one.variants()
        record = known.get(e.benchmark)
        if record is None:
            if len(hidden(variants)) > 1:
                notes.append(
                    f"How many faces the variants of {e.benchmark} still show was not measured: "
                    f"p3mbench privacy {e.benchmark} --variants {','.join(variants)} --out FOLDER "
                    "writes it beside the results, and the price list is drawn from it."
                )
            done.append(one)
            continue
        found = []
        for variant in variants:
            place = record.place(one.subset, variant)
            why = _differs(one, variant, place, rows)
            if place is not None and not why:
                first = record.detectors[0]
                found.append(StillFound(variant, first.title, place.found[first.name]))
            elif why:
                notes.append(f"Price list of {e.benchmark} {one.subset}: without {variant}: {why}.")
        done.append(replace(one, still_found=tuple(found)))
    return tuple(done), list(dict.fromkeys(notes))


def _differs(
    comparison: Comparison, variant: str, place: HiddenPlace | None, rows: pd.DataFrame
) -> str:
    """Return why a measured place is not that of the scored images; "" if it is."""
    e = comparison.entries
    if place is None:
        return "its faces were not measured"
    recipe = e.recipes.get(variant, "")
    if recipe and place.obfuscation and recipe != place.obfuscation:
        return f"the faces were measured with {place.obfuscation}, and scored with {recipe}"
    if "content" not in rows.columns:
        return "the rows do not say what was scored"
    at = (
        (rows["benchmark"] == e.benchmark)
        & (rows["subset"] == comparison.subset)
        & (rows["variant"] == variant)
    )
    scored = rows.loc[at, ["image", "content", "obfuscation"]].drop_duplicates()
    for image, content, made in scored.itertuples(index=False, name=None):
        if recipe and as_text(made) not in ("", recipe):
            continue  # rows of another set
        if not as_text(content):
            return "imported rows do not say what was scored"
        if as_text(image) not in place.contents:
            return f"the faces of {as_text(image)} were not measured; measure all images"
        if place.contents[as_text(image)] != content:
            return f"{as_text(image)} is not the image whose faces were measured"
    return ""


def price_lines(comparison: Comparison) -> list[PriceLine]:
    """Return the lines of all complete entries, by train setting, then label."""
    shown = sorted(
        (one for one in comparison.still_found if one.share.n),
        key=lambda one: (-one.share.value, one.variant),
    )
    found = []
    for train in sorted({s.train for s in comparison.chosen()}, key=train_order):
        for entry in comparison.entries:
            points = []
            for one in shown:
                at = MeanAt(comparison.subset, Setting(train, one.variant), comparison.metric)
                mean = comparison.mean(entry, at)
                if mean is not None and mean.n and mean.complete:
                    points.append(PricePoint(one.variant, one.share, mean.value))
            if len(points) > 1:
                found.append(PriceLine(entry, train, tuple(points)))
    return found
