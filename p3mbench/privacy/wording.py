"""A record of privacy in words: the answer first, a table, and what the figures do not show."""

from __future__ import annotations

from collections.abc import Iterator

from p3mbench.privacy.counting import Proportion
from p3mbench.privacy.faces import DETECTED
from p3mbench.privacy.persons import FACE, HEAD
from p3mbench.privacy.recogniser import SFACE
from p3mbench.privacy.record import HiddenPlace, PrivacyRecord
from p3mbench.settings import NORMAL, is_hidden, variant_order

TITLES = {SFACE: "SFace matches", FACE: "person by face", HEAD: "person by head"}


def share_text(share: Proportion | None) -> str:
    """Write a share with its interval.

    >>> share_text(Proportion(3, 24))
    '12 % [4, 31]'
    """
    if share is None or not share.n:
        return ""
    return f"{100 * share.value:.0f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def ordered_places(record: PrivacyRecord) -> list[HiddenPlace]:
    """Return the places by subset, N first, then from most to fewest found faces."""
    first = record.detectors[0].name if record.detectors else ""
    subsets = list(dict.fromkeys(place.subset for place in record.places))
    return sorted(
        record.places,
        key=lambda p: (
            subsets.index(p.subset),
            is_hidden(p.variant),
            -p.found[first].value if first and p.found[first].n else 0,
            variant_order(p.variant),
        ),
    )


def answer(record: PrivacyRecord) -> str:
    """Say in one sentence how many faces are still found, in the first subset with hidden ones."""
    detector = record.detectors[0]
    for place in ordered_places(record):
        if not is_hidden(place.variant):
            continue
        mine = [
            p for p in ordered_places(record) if p.subset == place.subset and is_hidden(p.variant)
        ]
        most, least = (p.found[detector.name] for p in (mine[0], mine[-1]))
        normal = record.place(place.subset, NORMAL)
        seen = "visible faces" if DETECTED not in place.faces_from else "faces found on N again"
        visible = f"{_percent(normal.found[detector.name])} of the {seen} and " if normal else ""
        some = f"{_percent(most)} of those hidden by {mine[0].variant}"
        if len(mine) > 1:
            some += f" (most), {_percent(least)} by {mine[-1].variant} (fewest)"
        part = f" ({len(place.contents)} of {place.asked} images have a face whose place is known)"
        whole = len(place.contents) == place.asked
        where = f"on {record.benchmark} {place.subset}{'' if whole else part}"
        return f"{detector.title} finds {visible}{some}, {where}."
    return f"No variant of {record.benchmark} hides faces."


def _percent(share: Proportion) -> str:
    return f"{100 * share.value:.0f} %" if share.n else "none (no face)"


def table(record: PrivacyRecord) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: one row per subset and variant."""
    kinds = list(record.recognisers)
    header = ["subset", "variant", "faces"]
    header += [f"{one.title} finds" for one in record.detectors] + [TITLES[k] for k in kinds]
    rows = []
    for place in ordered_places(record):
        faces = max((share.n for share in place.found.values()), default=0)
        cells = [place.subset, place.variant, str(faces)]
        cells += [share_text(place.found.get(one.name)) for one in record.detectors]
        cells += [share_text(place.recognised.get(kind)) for kind in kinds]
        rows.append(cells)
    return header, rows


def meanings(record: PrivacyRecord) -> Iterator[str]:
    """Yield what the figures rest on, and what they do not show."""
    yield "In brackets: 95 % intervals (Wilson), as if faces were independent."
    origins = sorted({place.faces_from for place in record.places})
    yield (
        f"Places of faces: {', '.join(origins)}. A face counts as found if a detection overlaps "
        "it by 0.3 (intersection over union)."
    )
    if DETECTED in origins:
        yield (
            "Without face masks only faces that MTCNN found before hiding count: its share on N is "
            "near 100 % by construction, and faces that it missed are not hidden at all."
        )
    for one in record.detectors:
        yield f"{one.title}: {one.shows}. Threshold {one.point.threshold:.3g}: {one.point.words}."
    for kind, words in record.recognisers.items():
        sizes = {p.recognised[kind].n for p in record.places if kind in p.recognised}
        luck = " and ".join(f"{100 / n:.1f} %" for n in sorted(sizes) if n)
        yield f"{TITLES[kind]}: {words}. Chance: {luck}."
    yield (
        "A face that no detector finds is not anonymous: hair, clothes, place and company remain. "
        "These figures are lower bounds of what can be found out."
    )
    if record.left_out:
        shown, more = "; ".join(record.left_out[:6]), len(record.left_out) - 6
        yield f"Left out: {shown}" + (f"; and {more} more" if more > 0 else "") + "."
