"""What the image viewer shows: a few images, their mattes under every method, their scores."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from p3mbench.images import UInt8Array
from p3mbench.report.analysis.comparison import MeanAt
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.analysis.means import values_at
from p3mbench.report.build import Subject
from p3mbench.report.pictures import Pictures, as_levels, shrunk
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import Setting

LONGEST = 480  # pixels of a picture in the page
QUALITY = 85  # of images; mattes are kept exactly
LOSSLESS = 101  # OpenCV's name for it
SHOWN = ("sad", "mse", "mad", "sad_t", "sad_fg", "sad_bg", "sad_face", "sad_boundary", "grad")

Where = tuple[str, str]  # benchmark and subset


def viewer(subjects: Sequence[Subject], pictures: Pictures | None, count: int) -> dict[str, Any]:
    """The viewer's data, for JSON: ``images``, ``methods`` and ``views``.

    Args:
        subjects: whose images and scores.
        pictures: where pixels are; without them there are scores only.
        count: images per benchmark and subset, those that change most between the variants over
            all methods.
    """
    images: list[dict[str, Any]] = []
    methods: list[dict[str, Any]] = []
    views: dict[str, Any] = {}
    chosen: dict[Where, list[str]] = {}
    for where in dict.fromkeys(map(_where, subjects)):
        chosen[where] = _chosen([s for s in subjects if _where(s) == where], count)
    at = {}
    for where, ids in chosen.items():
        for image in ids:
            at[where, image] = len(images)
            images.append(
                {"id": image, "benchmark": "/".join(where), **_pixels(pictures, where, image)}
            )
    for subject in subjects:
        where = _where(subject)
        for entry, train in _contenders(subject):
            method = len(methods)
            methods.append(
                {
                    "label": entry.label + ("" if train == "-" else f", trained on {train}"),
                    "kind": subject.entries.kind,
                    "benchmark": "/".join(where),
                }
            )
            for image in chosen[where]:
                view = _view(subject, entry, train, image, pictures)
                if view:
                    views[f"{method}/{at[where, image]}"] = view
    return {
        "images": images,
        "methods": methods,
        "views": views,
        "first": _first(views),
        "titles": {name: metric_display(name).title for name in SHOWN},
        "decimals": {name: metric_display(name).decimals for name in SHOWN},
    }


def _first(views: dict[str, Any]) -> int:
    """The method to begin with: of those with both mattes, the one that changes most."""
    change: dict[int, float] = defaultdict(float)
    for key, view in views.items():
        both = [view.get(variant, {}) for variant in "BN"]
        if all("matte" in one and "sad" in one["scores"] for one in both):
            change[int(key.split("/")[0])] += abs(
                both[0]["scores"]["sad"] - both[1]["scores"]["sad"]
            )
    return max(change, key=lambda method: (change[method], -method), default=0)


def _where(subject: Subject) -> Where:
    return subject.entries.benchmark, subject.entries.subset


def _contenders(subject: Subject) -> list[tuple[Entry, str]]:
    return [
        (entry, train)
        for entry in subject.entries.entries
        for train in sorted(entry.trains, key=lambda train: Setting(train, "").order)
        if any(
            (subject.entries.subset, Setting(train, variant)) in entry.scores for variant in "BN"
        )
    ]


def _chosen(subjects: Sequence[Subject], count: int) -> list[str]:
    """The images that change most between the variants, over all methods; else the worst."""
    changes: dict[str, list[float]] = defaultdict(list)
    for subject in subjects:
        subset = subject.entries.subset
        for entry, train in _contenders(subject):
            b, n = (
                values_at(entry, MeanAt(subset, Setting(train, v), subject.metric)) for v in "BN"
            )
            for image in b.keys() | n.keys():
                known = [v[image] for v in (b, n) if image in v]
                changes[image].append(abs(known[0] - known[1]) if len(known) == 2 else known[0])
    order = sorted(changes, key=lambda image: (-float(np.mean(changes[image])), image))
    return sorted(order[:count])


def _pixels(pictures: Pictures | None, where: Where, image: str) -> dict[str, str]:
    """The input of each variant and the alpha, as data addresses."""
    if pictures is None:
        return {}
    found: dict[str, str] = {}
    for variant in "BN":
        scene = pictures.scene(*where, variant, image)
        if scene is None:
            continue
        found[variant] = _webp(shrunk(scene.image, LONGEST)[..., ::-1], QUALITY)
        found["alpha"] = _webp(shrunk(as_levels(scene.alpha), LONGEST), LOSSLESS)
    return found


def _view(
    subject: Subject, entry: Entry, train: str, image: str, pictures: Pictures | None
) -> dict[str, Any]:
    """Matte and scores of one method on one image, by variant."""
    found: dict[str, Any] = {}
    subset = subject.entries.subset
    for variant in "BN":
        setting = Setting(train, variant)
        scores = entry.scores.get((subset, setting))
        if scores is None or image not in scores.images:
            continue
        i = scores.images.index(image)
        values = {m: float(scores.values[m][i]) for m in SHOWN if m in scores.values}
        one: dict[str, Any] = {"scores": {m: v for m, v in values.items() if np.isfinite(v)}}
        matte = pictures.matte(entry, subset, setting, image) if pictures else None
        if matte is not None:
            one["matte"] = _webp(shrunk(matte, LONGEST), LOSSLESS)
        found[variant] = one
    return found


def _webp(pixels: UInt8Array, quality: int) -> str:
    done, content = cv2.imencode(
        ".webp", np.ascontiguousarray(pixels), [cv2.IMWRITE_WEBP_QUALITY, quality]
    )
    if not done:
        raise RuntimeError("OpenCV could not write WebP")
    return "data:image/webp;base64," + base64.b64encode(content.tobytes()).decode()
