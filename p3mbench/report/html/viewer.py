"""Data of the image viewer: a few images, their mattes under every method, their scores."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from p3mbench.images import UInt8Array
from p3mbench.report.analysis import Comparison
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.pictures import Pictures, as_levels, shrunk
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import (
    BLURRED,
    NORMAL,
    PAPER_VARIANTS,
    UNTRAINED,
    Setting,
    hidden,
    ordered,
    train_order,
)

LONGEST = 480  # pixels of the longer side of a picture in the page
QUALITY = 85  # of images; mattes are lossless
LOSSLESS = 101  # OpenCV's value for lossless WebP
SHOWN = ("sad", "mse", "mad", "sad_t", "sad_fg", "sad_bg", "sad_face", "sad_boundary", "grad")

Where = tuple[str, str]  # benchmark and subset


def viewer(
    comparisons: Sequence[Comparison], pictures: Pictures | None, count: int
) -> dict[str, Any]:
    """Return the viewer's data, for JSON: ``images``, ``methods``, ``views`` and ``hidden``.

    ``hidden`` lists the variants of hidden faces that can be shown next to normal faces.

    Args:
        comparisons: source of images and scores.
        pictures: source of pixels; without it there are scores only.
        count: number of images per benchmark and subset; those that change most between the
            variants, over all methods, are taken.
    """
    images: list[dict[str, Any]] = []
    methods: list[dict[str, Any]] = []
    views: dict[str, Any] = {}
    chosen: dict[Where, list[str]] = {}
    variants: dict[Where, tuple[str, ...]] = {}
    for where in dict.fromkeys(map(_where, comparisons)):
        here = [one for one in comparisons if _where(one) == where]
        chosen[where] = _chosen(here, count)
        found = (variant for one in here for variant in one.variants())
        variants[where] = ordered((*PAPER_VARIANTS, *found))
    at = {}
    for where, ids in chosen.items():
        for image in ids:
            at[where, image] = len(images)
            images.append(
                {
                    "id": image,
                    "benchmark": "/".join(where),
                    **_pixels(pictures, where, variants[where], image),
                }
            )
    for comparison in comparisons:
        where = _where(comparison)
        for entry, train in _contenders(comparison):
            method = len(methods)
            methods.append(
                {
                    "label": entry.label + ("" if train == UNTRAINED else f", trained on {train}"),
                    "kind": comparison.entries.kind,
                    "benchmark": "/".join(where),
                }
            )
            for image in chosen[where]:
                view = _view(comparison, entry, train, image, pictures)
                if view:
                    views[f"{method}/{at[where, image]}"] = view
    return {
        "images": images,
        "methods": methods,
        "views": views,
        "first": _first(views),
        "hidden": list(_hidden(comparisons)),
        "titles": {name: metric_display(name).title for name in SHOWN},
        "decimals": {name: metric_display(name).decimals for name in SHOWN},
    }


def _first(views: dict[str, Any]) -> int:
    """Return the method to show first: of those with both mattes, the one that changes most."""
    change: dict[int, float] = defaultdict(float)
    for key, view in views.items():
        known = {v: one["scores"]["sad"] for v, one in view.items()
                 if "matte" in one and "sad" in one["scores"]}  # fmt: skip
        if NORMAL in known:
            for variant in hidden(known):
                change[int(key.split("/")[0])] += abs(known[variant] - known[NORMAL])
    return max(change, key=lambda method: (change[method], -method), default=0)


def _where(comparison: Comparison) -> Where:
    return comparison.entries.benchmark, comparison.subset


def _hidden(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """Return every variant of hidden faces, or the paper's if there is none."""
    return hidden(v for one in comparisons for v in one.variants()) or (BLURRED,)


def _contenders(comparison: Comparison) -> list[tuple[Entry, str]]:
    return [
        (entry, train)
        for entry in comparison.entries
        for train in sorted(entry.trains, key=train_order)
        if any(
            (comparison.subset, Setting(train, variant)) in entry.scores
            for variant in comparison.variants()
        )
    ]


def _chosen(comparisons: Sequence[Comparison], count: int) -> list[str]:
    """Choose the images that change most between variants, over all methods; else the worst."""
    changes: dict[str, list[float]] = defaultdict(list)
    for comparison in comparisons:
        for entry, train in _contenders(comparison):
            normal = _errors(comparison, entry, Setting(train, NORMAL))
            for variant in _hidden([comparison]):
                other = _errors(comparison, entry, Setting(train, variant))
                for image in other.keys() | normal.keys():
                    known = [errors[image] for errors in (other, normal) if image in errors]
                    changes[image].append(abs(known[0] - known[1]) if len(known) == 2 else known[0])
    order = sorted(changes, key=lambda image: (-float(np.mean(changes[image])), image))
    return sorted(order[:count])


def _errors(comparison: Comparison, entry: Entry, setting: Setting) -> dict[str, float]:
    return entry.values(comparison.subset, setting, comparison.metric)


def _pixels(
    pictures: Pictures | None, where: Where, variants: Sequence[str], image: str
) -> dict[str, str]:
    """Return the input of each variant and the alpha, as data URLs."""
    if pictures is None:
        return {}
    found: dict[str, str] = {}
    for variant in variants:
        scene = pictures.scene(*where, variant, image)
        if scene is None:
            continue
        found[variant] = _webp(shrunk(scene.image, LONGEST)[..., ::-1], QUALITY)
        found["alpha"] = _webp(shrunk(as_levels(scene.alpha), LONGEST), LOSSLESS)
    return found


def _view(
    comparison: Comparison, entry: Entry, train: str, image: str, pictures: Pictures | None
) -> dict[str, Any]:
    """Return matte and scores of one method on one image, by variant."""
    found: dict[str, Any] = {}
    subset = comparison.subset
    for variant in comparison.variants():
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
