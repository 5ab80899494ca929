"""The titles of comparisons, and the caution that gaps between P and NP need."""

from __future__ import annotations

import re
from collections.abc import Sequence

from p3mbench.report.analysis.entries import EntrySet
from p3mbench.settings import Contrast


def kind_title(entries: EntrySet) -> str:
    """Return a title such as "Trimap-based methods (trimaps: dataset) on mini"."""
    trimaps = f" (trimaps: {entries.trimap_source})" if entries.trimap_source else ""
    return f"{entries.kind.capitalize()} methods{trimaps} on {entries.benchmark}"


def main_title(entries: EntrySet) -> str:
    """Return `kind_title` and the subset on which settings are compared."""
    return f"{kind_title(entries)}, subset {entries.subset}"


def set_title(entries: EntrySet) -> str:
    """Return `kind_title`, and the subset if the set has only that one."""
    return main_title(entries) if entries.other_subset else kind_title(entries)


def lower(title: str) -> str:
    """Make the first letter of a title small, to use it within a sentence."""
    return title[0].lower() + title[1:]


def listed(items: Sequence[str]) -> str:
    """Write items as prose: "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def confounded(contrast: Contrast) -> str:
    """Say why a difference between NP and P is not the effect of one thing."""
    if contrast.test.test == contrast.reference.test:
        return "P and NP show different people, so their gap may come from the images themselves."
    return (
        "P and NP show different people, and only the faces of P are blurred: the two effects are "
        "confounded, so the gap does not show which of them makes a subset harder."
    )


def slug(*parts: str) -> str:
    """Return an ASCII label such as "p3mbench-mini-trimap-free-settings"."""
    text = "-".join(part for part in parts if part).lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")
