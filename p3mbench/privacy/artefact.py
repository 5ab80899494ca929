"""Does the artefact of hiding alone show where the person is?

If only people's faces are hidden, a network can learn "a hidden patch is a person" and look good
on hidden faces, then fail on normal ones. So a small classifier learns the artefact, and nothing
else: the same places of the same normal images, once hidden and once not, all over the image. Then
it looks at the benchmark's own images. If the faces of people look more hidden than the place off
people that looks most hidden, the artefact finds the person.

A classifier of the artefact is what detectors trained on hidden faces become: Klomp et al., "Safe
Fakes", 2021 (arXiv 2104.11721).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.obfuscation import Obfuscation, obfuscation_of, private_area
from p3mbench.data.sample import Sample, as_bytes
from p3mbench.data.subset import Subset
from p3mbench.errors import DataError, P3MBenchError
from p3mbench.images import UInt8Array
from p3mbench.privacy.faces import load
from p3mbench.settings import NORMAL

CRIES, LUCK = 0.75, 0.65  # AUC from which the artefact finds the person; up to which it is luck
PLACES = 6  # hidden places per normal image that the classifier learns from
LEAST_IMAGES = 4

Float = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Leak:
    """What the artefact of one variant gives away.

    Attributes:
        auc: probability that the hidden face of a person looks more hidden than the place off
            people that looks most hidden, over all pairs of images. At 0.5, something off people
            looks as hidden as often as not.
        normal_auc: the same with visible faces: what faces look like anyway.
        classifier: AUC of hidden against visible places of other images; near 0.5, the classifier
            has not learned the artefact, and `auc` says nothing.
        alpha, normal_alpha: AUC of a pixel's score for being on a person, in both variants.
        images: with both variants and a known face.
    """

    subset: str
    variant: str
    auc: float
    normal_auc: float
    classifier: float
    alpha: float
    normal_alpha: float
    images: int

    @property
    def verdict(self) -> str:
        """What it means, in a few words."""
        if self.classifier < CRIES:
            return "unknown: the classifier cannot tell hidden from visible places"
        if self.auc >= CRIES:
            return "the artefact alone finds the person"
        if self.auc > LUCK:
            return "the artefact partly finds the person"
        return "the artefact does not find the person"

    @property
    def cries(self) -> bool:
        """Whether the artefact finds the person."""
        return self.classifier >= CRIES and self.auc >= CRIES

    @property
    def line(self) -> str:
        """The verdict with its figures, on one line."""
        return (
            f"leak, {self.subset} {self.variant}: {self.verdict}: AUC {self.auc:.2f} that a hidden "
            f"face looks more hidden than anything off people ({self.normal_auc:.2f} with visible "
            f"faces); n = {self.images}; a pixel's look tells people from background with AUC "
            f"{self.alpha:.2f} ({self.normal_alpha:.2f})"
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON, for programs."""
        return {**vars(self), "verdict": self.verdict}


@dataclass(frozen=True, eq=False)
class _Pair:
    """An image in both variants, with its matte and the private area."""

    normal: UInt8Array
    hidden: UInt8Array
    alpha: UInt8Array
    area: npt.NDArray[np.bool_]


def leaks_of(
    subset: Subset,
    blurred: Obfuscation,
    *,
    limit: int = 0,
    progress: Callable[[int], object] = lambda _: None,
) -> Iterator[Leak | str]:
    """Yield what each hidden variant of a subset gives away, or a line that says why not.

    Args:
        subset: with N and variants of hidden faces.
        blurred: the recipe of B. The artefact of a variant without a recipe is learned from its
            own hidden faces.
        limit: the largest number of images; 0 for all.
        progress: called with the number of images after each one.
    """
    hidden = [v for v in subset.available if v != NORMAL]
    if subset.lacks(NORMAL) or not hidden:
        yield f"leak, {subset.name}: not measured: needs images with visible and with hidden faces"
        return
    samples = sorted(subset.samples, key=lambda sample: sample.id)[: limit or None]
    for variant in hidden:
        pairs = []
        for sample in samples:
            pair = _pair(sample, variant)
            pairs += [pair] if pair is not None else []
            progress(1)
        if len(pairs) < LEAST_IMAGES:
            yield (
                f"leak, {subset.name} {variant}: not measured: {len(pairs)} images have both "
                f"variants and a known face, and {LEAST_IMAGES} are needed"
            )
            continue
        yield _leak(subset.name, variant, pairs, obfuscation_of(variant, blurred))


def _pair(sample: Sample, variant: str) -> _Pair | None:
    try:
        normal, hidden = load(sample, NORMAL), load(sample, variant)
    except P3MBenchError:
        return None  # the other checks of the data name it
    face = hidden.face if normal.face is None else normal.face
    alpha = as_bytes(normal.alpha)
    if face is None or not private_area(face, alpha).any():
        return None
    return _Pair(normal.image, hidden.image, alpha, private_area(face, alpha))


def _leak(subset: str, variant: str, pairs: Sequence[_Pair], made: Obfuscation | None) -> Leak:
    """Train on each half of the images and look at the other half."""
    own: dict[str, list[float]] = {"hidden": [], "normal": []}
    elsewhere: dict[str, list[float]] = {"hidden": [], "normal": []}
    on_people: dict[str, list[float]] = {"hidden": [], "normal": []}
    known: list[float] = []
    for fold in (0, 1):
        rng = np.random.default_rng(fold)
        learned = Artefact.learned(pairs[fold::2], made, rng)
        known.append(learned.auc(pairs[1 - fold :: 2], made, rng))
        for pair in pairs[1 - fold :: 2]:
            for name, image in (("hidden", pair.hidden), ("normal", pair.normal)):
                score = learned.score(image)
                face, best = _face_and_best(score, pair)
                own[name].append(face)
                elsewhere[name].append(best)
                on_people[name].append(_auc_of_pixels(score, pair.alpha))
    return Leak(
        subset,
        variant,
        auc_of(own["hidden"], elsewhere["hidden"]),
        auc_of(own["normal"], elsewhere["normal"]),
        float(np.mean(known)),
        float(np.nanmean(on_people["hidden"])),
        float(np.nanmean(on_people["normal"])),
        len(pairs),
    )


def _face_and_best(score: Float, pair: _Pair) -> tuple[float, float]:
    """Return the mean score of the face, and the best of equal windows off people."""
    side = max(3, int(np.sqrt(pair.area.sum()) * 0.8) | 1)
    face = float(score[pair.area].mean())
    near = cv2.dilate((pair.alpha > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    away = (~near).astype(np.float32)
    box = (side, side)
    room = cv2.boxFilter(away, -1, box, borderType=cv2.BORDER_CONSTANT)
    total = cv2.boxFilter(score * away, -1, box, borderType=cv2.BORDER_CONSTANT)
    enough = room > 0.6  # of the window
    if not enough.any():
        return face, float(score[away > 0].mean()) if away.any() else float(score.min())
    return face, float((total[enough] / room[enough]).max())


def _auc_of_pixels(score: Float, alpha: UInt8Array) -> float:
    step = max(1, min(alpha.shape) // 64)
    values, on = score[::step, ::step].ravel(), alpha[::step, ::step].ravel() > 127
    return auc_of(values[on], values[~on])


def auc_of(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the probability that a value of ``first`` exceeds one of ``second``; NaN if empty.

    >>> auc_of([2, 3], [1, 3])
    0.625
    """
    from scipy.stats import rankdata

    a, b = np.asarray(first, float), np.asarray(second, float)
    if not len(a) or not len(b):
        return float("nan")
    ranks = rankdata(np.concatenate([a, b]))
    return float((ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2) / (len(a) * len(b)))


@dataclass(frozen=True, eq=False)
class Artefact:
    """A logistic regression over local features: does this pixel look hidden?

    Attributes:
        weights: of the standardised features, their squares and products, and 1.
        mean, spread: of the features.
    """

    weights: Float
    mean: Float
    spread: Float

    @classmethod
    def learned(
        cls, pairs: Sequence[_Pair], made: Obfuscation | None, rng: np.random.Generator
    ) -> Artefact:
        """Learn from places of normal images, once hidden and once not."""
        x, y = _examples(pairs, made, rng)
        mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
        weights = _logistic(_expanded((x - mean) / spread), y)
        return cls(weights, mean, spread)

    def score(self, image: UInt8Array) -> Float:
        """Return the log odds of being hidden for each pixel, (H, W)."""
        return self._of(local_features(image))

    def auc(
        self, pairs: Sequence[_Pair], made: Obfuscation | None, rng: np.random.Generator
    ) -> float:
        """Return how well it tells hidden from visible places of other images."""
        x, y = _examples(pairs, made, rng)
        score = self._of(x)
        return auc_of(score[y > 0.5], score[y < 0.5])

    def _of(self, x: Float) -> Float:
        found = _expanded((x - self.mean) / self.spread) @ self.weights
        return np.asarray(found, np.float32)


def local_features(image: UInt8Array) -> Float:
    """Compute what traces hiding leaves around each pixel, (H, W, 5).

    Energy of edges at two scales, share of equal neighbours along rows and columns, share of
    black. Colour and brightness are left out, because they show skin.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    side = max(5, min(grey.shape) // 24) | 1
    half = cv2.GaussianBlur(grey, (0, 0), side / 4)

    def around(values: npt.NDArray[Any]) -> Float:
        return np.asarray(cv2.blur(values.astype(np.float32), (side, side)), np.float32)

    fine = np.log(around(cv2.Laplacian(grey, cv2.CV_32F) ** 2) + 0.1)
    coarse = np.log(around(cv2.Laplacian(half, cv2.CV_32F) ** 2) + 0.01)
    wide = image.astype(np.int16)
    same = [(np.abs(np.diff(wide, axis=axis, append=0)).max(axis=2) == 0) for axis in (0, 1)]
    black = (image.max(axis=2) == 0).astype(np.float32)
    planes = (fine, coarse, *(around(s.astype(np.float32)) for s in same), around(black))
    return np.stack(planes, axis=-1)


def _examples(
    pairs: Sequence[_Pair], made: Obfuscation | None, rng: np.random.Generator
) -> tuple[Float, Float]:
    """Return features (N, F) and labels (N): the same pixels, hidden and not."""
    rows: list[Float] = []
    labels: list[Float] = []
    for pair in pairs:
        area, hidden = _shown_twice(pair, made, rng)
        inner = cv2.erode(area.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        at = np.flatnonzero(inner)
        at = rng.choice(at, min(len(at), 300), replace=False)
        for image, label in ((hidden, 1.0), (pair.normal, 0.0)):
            features = local_features(image)
            rows.append(features.reshape(-1, features.shape[-1])[at])
            labels.append(np.full(len(at), label, np.float32))
    if not sum(map(len, labels)):
        raise DataError("the images are too small to learn the artefact of hiding")
    return np.concatenate(rows), np.concatenate(labels)


def _shown_twice(
    pair: _Pair, made: Obfuscation | None, rng: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], UInt8Array]:
    """Return places and the image with these places hidden, by the recipe or as it is."""
    if made is None:
        return pair.area, pair.hidden
    area = _places(pair, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return area, made.apply(pair.normal, area, np.full(area.shape, 255, np.uint8))


def _places(pair: _Pair, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw ellipses of the face's size anywhere in the image, on people and off."""
    height, width = pair.alpha.shape
    radius = max(4.0, float(np.sqrt(pair.area.sum() / np.pi)))
    mask = np.zeros((height, width), np.uint8)
    for _ in range(PLACES):
        centre = int(rng.integers(width)), int(rng.integers(height))
        axes = max(2, round(0.8 * radius)), max(3, round(1.1 * radius))
        alone = np.zeros_like(mask)
        cv2.ellipse(alone, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        grown = cv2.dilate(alone, np.ones((3, 3), np.uint8)) > 0
        if not (grown & (mask > 0)).any():
            mask |= alone
    return mask > 0


def _expanded(x: Float) -> Float:
    """Add squares, products and 1 to features (..., F)."""
    upper = np.triu_indices(x.shape[-1])
    products = x[..., upper[0]] * x[..., upper[1]]
    one = np.ones((*x.shape[:-1], 1), np.float32)
    clipped = np.clip(np.concatenate([x, products], axis=-1), -30, 30)
    return np.asarray(np.concatenate([clipped, one], axis=-1), np.float32)


def _logistic(x: Float, y: Float, ridge: float = 1.0, steps: int = 12) -> Float:
    """Fit a ridge logistic regression by Newton's method."""
    wide = x.astype(np.float64)
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-np.clip(wide @ weights, -30, 30)))
        gradient = wide.T @ (chance - y) + ridge * weights
        curvature = (wide * (chance * (1 - chance) + 1e-6)[:, None]).T @ wide
        weights -= np.linalg.solve(curvature + ridge * np.eye(len(weights)), gradient)
    return weights.astype(np.float32)
