"""Measure what hiding hides on a benchmark."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import cv2
import numpy as np

from p3mbench import __version__
from p3mbench.benchmark import Opened
from p3mbench.data.sample import Sample
from p3mbench.data.subset import Subset
from p3mbench.errors import DataError
from p3mbench.privacy.counting import Proportion, best_scores, false_alarms, operating_point
from p3mbench.privacy.detectors import FaceDetector
from p3mbench.privacy.faces import FacedImage, content_of, faced_images
from p3mbench.privacy.persons import SHOWN, Gallery, people_of
from p3mbench.privacy.recogniser import SFACE, SHOWS, Embedding, matched
from p3mbench.privacy.record import DetectorUse, HiddenPlace, PrivacyRecord
from p3mbench.settings import NORMAL, ordered

ALARMS = 0.1  # false alarms per image with visible faces


@dataclass(frozen=True, eq=False)
class PrivacyRequest:
    """What to measure.

    Attributes:
        opened: the benchmark.
        detectors: at least one.
        recogniser: None for none.
        persons: embeddings of drawn people; None for none.
        alarms: false alarms per image with visible faces, at most.
        limit: the largest number of images of each subset; 0 for all.
    """

    opened: Opened
    detectors: Sequence[FaceDetector]
    recogniser: Embedding | None = None
    persons: Gallery | None = None
    alarms: float = ALARMS
    limit: int = 0

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants of the benchmark, and N."""
        return ordered((*self.opened.benchmark.variants, NORMAL))

    def samples(self, subset: Subset) -> list[Sample]:
        """Return the images of a subset to look at."""
        return sorted(subset.samples, key=lambda sample: sample.id)[: self.limit or None]

    @property
    def total(self) -> int:
        """The number of images to look at, in all variants."""
        return sum(
            len(self.samples(subset)) * sum(not subset.lacks(v) for v in self.variants)
            for subset in self.opened.subsets
        )


@dataclass
class _Seen:
    """What the detectors said about one variant of one subset."""

    asked: int
    samples: dict[str, Sample] = field(default_factory=dict)
    origins: set[str] = field(default_factory=set)
    best: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class _Alarms:
    """False alarms on images with visible faces, by detector."""

    scores: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    images: int = 0


def measure(
    request: PrivacyRequest, progress: Callable[[int], object] = lambda _: None
) -> PrivacyRecord:
    """Look at every image in every variant.

    Args:
        request: what to measure.
        progress: called with the number of images after each one.

    Raises:
        DataError: no image could be measured; the message says why for the first one.
    """
    seen: dict[tuple[str, str], _Seen] = {}
    recognised: dict[tuple[str, str], dict[str, Proportion]] = {}
    alarms, problems = _Alarms(), list[str]()
    for subset in request.opened.subsets:
        samples = request.samples(subset)
        images = faced_images(samples, subset, request.variants, problems)
        looked = list(_looked(images, request, seen, subset, alarms, progress))
        recognised |= _recognised(looked, request, subset.name)
    if not seen:
        raise DataError(problems[0] if problems else "the benchmark has no image to measure")
    used = tuple(
        DetectorUse(
            one.name,
            one.title,
            one.shows,
            operating_point(alarms.scores[one.name], alarms.images, request.alarms, one.lowest),
        )
        for one in request.detectors
    )
    benchmark = request.opened.benchmark
    return PrivacyRecord(
        benchmark=benchmark.name,
        title=benchmark.title,
        detectors=used,
        places=tuple(_place(at, one, used, recognised.get(at, {})) for at, one in seen.items()),
        recognisers=_explained(recognised),
        left_out=tuple(problems),
        versions={
            "p3mbench": __version__,
            "opencv": cv2.__version__,
            "scikit-image": version("scikit-image"),
            "numpy": np.__version__,
        },
    )


def _looked(
    images: Iterable[FacedImage],
    request: PrivacyRequest,
    seen: dict[tuple[str, str], _Seen],
    subset: Subset,
    alarms: _Alarms,
    progress: Callable[[int], object],
) -> Iterable[FacedImage]:
    """Run the detectors on images, note what they say, and keep the images if they are needed."""
    for one in images:
        here = seen.setdefault((subset.name, one.variant), _Seen(len(request.samples(subset))))
        here.samples[one.sample.id] = one.sample
        here.origins.add(one.faces_from)
        alarms.images += one.variant == NORMAL
        for detector in request.detectors:
            found = detector.find(one.image)
            here.best[detector.name] += best_scores(one.faces, found)
            if one.variant == NORMAL:
                alarms.scores[detector.name] += false_alarms((*one.faces, *one.others), found)
        progress(1)
        if request.recogniser is not None or request.persons is not None:
            yield one


def _recognised(
    images: Sequence[FacedImage], request: PrivacyRequest, subset: str
) -> dict[tuple[str, str], dict[str, Proportion]]:
    found: dict[tuple[str, str], dict[str, Proportion]] = defaultdict(dict)
    if request.recogniser is not None:
        for variant, share in matched(images, request.recogniser).items():
            found[subset, variant][SFACE] = share
    if request.persons is not None:
        for (variant, what), share in people_of(images, request.persons).items():
            found[subset, variant][what] = share
    return found


def _place(
    at: tuple[str, str],
    seen: _Seen,
    used: Sequence[DetectorUse],
    recognised: dict[str, Proportion],
) -> HiddenPlace:
    subset, variant = at
    recipes = (s.recipe(variant).get("obfuscation", "") for s in seen.samples.values())
    return HiddenPlace(
        subset=subset,
        variant=variant,
        obfuscation=str(next(recipes, "")),
        contents={name: content_of(s, variant) for name, s in seen.samples.items()},
        faces_from=" and ".join(sorted(seen.origins)),
        found={
            d.name: Proportion(
                sum(math.isfinite(s) and s >= d.point.threshold for s in seen.best[d.name]),
                len(seen.best[d.name]),
            )
            for d in used
        },
        recognised=recognised,
        asked=seen.asked,
    )


def _explained(recognised: dict[tuple[str, str], dict[str, Proportion]]) -> dict[str, str]:
    words = {SFACE: SHOWS} | SHOWN
    kinds = dict.fromkeys(kind for shares in recognised.values() for kind in shares)
    return {kind: words[kind] for kind in kinds}
