"""The faces of a benchmark's images: where they are, and what may be mistaken for a false alarm."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.obfuscation import detect_face
from p3mbench.data.sample import FileSample, Sample, Scene, TrimapSource
from p3mbench.data.subset import Subset
from p3mbench.errors import P3MBenchError
from p3mbench.images import UInt8Array
from p3mbench.privacy.counting import Box
from p3mbench.provenance import hash_of, sha256_of
from p3mbench.settings import NORMAL, is_hidden

LEAST_AREA = 30  # pixels of a face; smaller pieces are crumbs of a mask

MASKS, DETECTED = "face masks", "faces detected on N"


@dataclass(frozen=True, eq=False)
class FacedImage:
    """One image in one variant.

    Attributes:
        sample: where it comes from.
        scene: the image with its ground truth.
        faces: boxes of the people's faces.
        others: boxes of further hidden areas, such as faces in the background. A detection there
            is neither a found face nor a false alarm.
        faces_from: `MASKS` or `DETECTED`.
    """

    sample: Sample
    variant: str
    scene: Scene
    faces: tuple[Box, ...]
    others: tuple[Box, ...]
    faces_from: str

    @property
    def image(self) -> UInt8Array:
        """(H, W, 3) uint8 RGB."""
        return self.scene.image


def boxes_of(mask: npt.NDArray[np.bool_], least: int = LEAST_AREA) -> tuple[Box, ...]:
    """Return the box (x, y, width, height) of each connected part of at least so many pixels."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    rows = [stats[label] for label in range(1, count) if stats[label][4] >= least]
    return tuple((float(r[0]), float(r[1]), float(r[2]), float(r[3])) for r in rows)


def faced_images(
    samples: Sequence[Sample], subset: Subset, variants: Sequence[str], problems: list[str]
) -> Iterator[FacedImage]:
    """Yield every image in every available variant, with its faces.

    An image whose faces nobody knows (no face mask, no normal image, nothing detected) is left out.

    Args:
        samples: of the subset.
        subset: says which variants exist.
        variants: to yield; N is looked at anyway.
        problems: gets a line for each image that is left out.
    """
    available = [v for v in variants if not subset.lacks(v)]
    for sample in samples:
        try:
            if why := _unknown(sample, subset):
                problems.append(f"{subset.name} {sample.id}: {why}")
                continue
            scenes = {v: load(sample, v) for v in _needed(subset, available)}
        except P3MBenchError as error:
            problems.append(str(error))
            continue
        mask, faces_from = _known(sample, scenes)
        if mask is None or not boxes_of(mask):
            problems.append(f"{subset.name} {sample.id}: its face mask has no face")
            continue
        faces, others = boxes_of(mask), _others(sample, scenes, mask)
        for variant in available:
            yield FacedImage(sample, variant, scenes[variant], faces, others, faces_from)


def _needed(subset: Subset, available: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(() if subset.lacks(NORMAL) else (NORMAL,)), *available)))


def _unknown(sample: Sample, subset: Subset) -> str:
    """Return why nobody knows where the faces of an image are; "" if somebody does."""
    if not isinstance(sample, FileSample) or sample.face is not None:
        return ""
    if subset.lacks(NORMAL):
        return "has no face mask and no image with visible faces"
    if detect_face(load(sample, NORMAL).image) is None:
        return "MTCNN finds no face before hiding, and there is no face mask"
    return ""


def load(sample: Sample, variant: str) -> Scene:
    """Load an image without the warnings that `data verify` gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sample.load(variant, TrimapSource(kernel=5))


def _known(sample: Sample, scenes: Mapping[str, Scene]) -> tuple[npt.NDArray[np.bool_] | None, str]:
    for variant, scene in scenes.items():
        if scene.face is not None:
            detected = sample.recipe(variant).get("faces") == "detected"
            return scene.face, DETECTED if detected else MASKS
    if NORMAL in scenes:
        return detect_face(scenes[NORMAL].image), DETECTED
    return None, ""


def _others(
    sample: Sample, scenes: Mapping[str, Scene], mask: npt.NDArray[np.bool_]
) -> tuple[Box, ...]:
    """Find what a variant that is made from N hides besides the known faces."""
    if NORMAL not in scenes:
        return ()
    near = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    hidden = np.zeros(mask.shape, bool)
    for variant, scene in scenes.items():
        if is_hidden(variant) and "obfuscation" in sample.recipe(variant):
            hidden |= (scene.image != scenes[NORMAL].image).any(axis=2)
    closed = cv2.morphologyEx(
        (hidden & ~near).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    return boxes_of(closed > 0, least=8)


def content_of(sample: Sample, variant: str) -> str:
    """Hash everything that an image's pixels depend on, as the rows of a store do."""
    files = {role: sha256_of(path) for role, path in sample.files(variant).items()}
    return hash_of(files | dict(sample.recipe(variant)))
