"""Count found faces: overlap of boxes, a threshold for a rate of false alarms, intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST_OVERLAP = 0.3  # intersection over union from which a detection is a detection of the face
LEVEL = 0.95

Box = tuple[float, float, float, float]  # x, y, width, height in pixels


@dataclass(frozen=True)
class Detection:
    """A box that a detector takes for a face; a higher score means more certain."""

    box: Box
    score: float


@dataclass(frozen=True)
class Proportion:
    """``hits`` of ``n``, with a Wilson interval of 95 %.

    >>> Proportion(0, 20).value, round(Proportion(0, 20).high, 3)
    (0.0, 0.161)
    """

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share in [0, 1]; NaN of nothing."""
        return self.hits / self.n if self.n else math.nan

    @property
    def low(self) -> float:
        """Lower bound of the interval."""
        return wilson(self.hits, self.n)[0]

    @property
    def high(self) -> float:
        """Upper bound of the interval."""
        return wilson(self.hits, self.n)[1]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Compute the Wilson score interval of a share at 95 %; (0, 1) if ``n`` is 0.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Raises:
        ValueError: ``hits`` is below 0 or above ``n``.

    >>> [round(bound, 3) for bound in wilson(9, 10)]
    [0.596, 0.982]
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is not a share")
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    share, room = hits / n, z * z / n
    middle = (share + room / 2) / (1 + room)
    half = z / (1 + room) * math.sqrt(share * (1 - share) / n + room / (4 * n))
    low = 0.0 if hits == 0 else middle - half
    return low, 1.0 if hits == n else middle + half


def overlap(first: Box, second: Box) -> float:
    """Compute the intersection over the union of two boxes, in [0, 1]."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (first[2] * first[3] + second[2] * second[3] - common)


def best_scores(faces: Sequence[Box], detections: Sequence[Detection]) -> list[float]:
    """Return for each face the highest score of a detection that overlaps it; -inf for none."""
    return [
        max(
            (one.score for one in detections if overlap(face, one.box) >= LEAST_OVERLAP),
            default=-math.inf,
        )
        for face in faces
    ]


def false_alarms(known: Sequence[Box], detections: Sequence[Detection]) -> list[float]:
    """Return the scores of the detections that touch no known face."""
    return [one.score for one in detections if not any(overlap(b, one.box) > 0 for b in known)]


@dataclass(frozen=True)
class OperatingPoint:
    """The threshold of a detector for a rate of false alarms on images with visible faces.

    Attributes:
        threshold: a face counts as found from this score on.
        asked: wanted number of false alarms per image, at most.
        alarms: false alarms at the threshold. images: number of images behind them.
        all_alarms: false alarms at the detector's lowest setting.
    """

    threshold: float
    asked: float
    alarms: int
    images: int
    all_alarms: int

    @property
    def words(self) -> str:
        """What the point rests on, and what cannot be reached."""
        rate = f"{self.alarms} false alarms on {self.images} images with visible faces"
        if not self.images:
            return "no image with visible faces: the detector's own lowest setting is used"
        if self.asked * self.images < 1:
            most = 3 / self.images
            return (
                f"{rate}; so few images cannot show a rate of {self.asked:g} per image: the true "
                f"rate may be up to {most:.2g}"
            )
        if self.alarms == self.all_alarms:
            return f"{rate}, fewer than {self.asked:g} per image even at the lowest threshold"
        return f"{rate} (asked for at most {self.asked:g} per image)"


def operating_point(
    alarms: Sequence[float], images: int, asked: float, lowest: float
) -> OperatingPoint:
    """Choose the lowest threshold with at most ``asked`` false alarms per image.

    Args:
        alarms: scores of all false alarms on images with visible faces.
        images: number of those images.
        asked: wanted number of false alarms per image.
        lowest: the lowest score that the detector reports.

    >>> operating_point([0.9, 0.5, 0.4], images=10, asked=0.1, lowest=0.3).threshold > 0.5
    True
    """
    allowed = math.floor(asked * images + 1e-9)
    ranked = sorted(alarms, reverse=True)
    threshold = lowest
    if len(ranked) > allowed:
        threshold = max(lowest, float(np.nextafter(ranked[allowed], math.inf)))
    kept = sum(score >= threshold for score in ranked)
    return OperatingPoint(threshold, asked, kept, images, len(ranked))


def first_ranks(probes: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32]) -> Proportion:
    """Count how many probes have their own gallery entry as the most similar one.

    Args:
        probes, gallery: (N, D); row i of both is the same person. Similarity is the cosine. A tie
            is a miss, so that equal vectors for everybody recognise nobody.
    """
    if not len(probes):
        return Proportion(0, 0)
    similar = _unit(probes) @ _unit(gallery).T
    own = np.diag(similar).copy()
    np.fill_diagonal(similar, -np.inf)
    return Proportion(int((own > similar.max(axis=1)).sum()), len(probes))


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
