"""What a comparison is called, and what a reader must know to believe it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from p3mbench.report.analysis.entries import EntrySet
from p3mbench.settings import Contrast


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


def lower(title: str) -> str:
    """A title that goes on within a sentence."""
    return title[0].lower() + title[1:]


def listed(items: Sequence[str]) -> str:
    """Items as prose: "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def confounded(contrast: Contrast) -> str:
    """Why a difference between NP and P is not the effect of one thing."""
    if contrast.test.test == contrast.reference.test:
        return "P and NP show different people, so their gap may come from the images themselves."
    return (
        "P and NP show different people, and only the faces of P are blurred: the two effects are "
        "confounded, so the gap does not show which of them makes a subset harder."
    )


def slug(*parts: str) -> str:
    """An ASCII label such as "p3mbench-mini-trimap-free-settings"."""
    text = "-".join(part for part in parts if part).lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")
