"""Match hidden faces to people with a face recogniser that the user gives as a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.errors import DataError
from p3mbench.images import UInt8Array
from p3mbench.privacy.counting import Box, Proportion, first_ranks
from p3mbench.privacy.detectors import Mtcnn, opencv_model
from p3mbench.privacy.faces import FacedImage
from p3mbench.settings import NORMAL, is_hidden

SFACE = "sface"
SHOWS = (
    "share of the faces whose nearest neighbour among the normal images of everybody is their own "
    "image. It is the same photograph, so hair and background around the face help: a high share "
    "proves little, a low one means that this recogniser is lost, not that nobody recognises them"
)

Features = npt.NDArray[np.float32]


class Embedding(Protocol):
    """Something that turns the face at known landmarks into a vector."""

    def features(self, image: UInt8Array, box: Box, points: npt.NDArray[np.float32]) -> Features:
        """Return (D,) float32 of a face; ``points`` is (5, 2): eyes, nose, corners of the mouth."""
        ...


class SFace:
    """SFace (Zhong et al., 2021, arXiv 2205.12010) through OpenCV's class; the user gives its file.

    Attributes:
        path: the ONNX file, such as face_recognition_sface_2021dec.onnx of OpenCV's model zoo.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._network = opencv_model("FaceRecognizerSF", path)

    def features(self, image: UInt8Array, box: Box, points: npt.NDArray[np.float32]) -> Features:
        """See `Embedding.features`."""
        row = np.array([*box, *points.ravel(), 1.0], np.float32)[None]
        try:
            aligned = self._network.alignCrop(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), row)
            return np.asarray(self._network.feature(aligned), np.float32).ravel().copy()
        except cv2.error as error:
            why = str(error).strip().splitlines()[-1][:120]
            raise DataError(
                f"{self.path}: the network does not run as a face recogniser ({why})"
            ) from None


def matched(images: Iterable[FacedImage], embedding: Embedding) -> dict[str, Proportion]:
    """Count by variant how many hidden faces lead to their own normal image.

    The attacker knows where the face is: the landmarks come from the normal image. The first face
    of each image counts; one without landmarks on the normal image is left out.

    Args:
        images: of one subset, each in several variants.
        embedding: the recogniser.

    Returns:
        variant of hidden faces -> share.
    """
    finder, by_sample = Mtcnn(), dict[str, dict[str, FacedImage]]()
    for one in images:
        by_sample.setdefault(one.sample.id, {})[one.variant] = one
    vectors: dict[str, dict[str, Features]] = {}
    for name, variants in by_sample.items():
        normal = variants.get(NORMAL)
        points = finder.landmarks(normal.image, normal.faces[0]) if normal else None
        if normal is None or points is None:
            continue
        for variant, one in variants.items():
            found = embedding.features(one.image, normal.faces[0], points)
            vectors.setdefault(variant, {})[name] = found
    return {
        variant: _ranked(probes, vectors[NORMAL])
        for variant, probes in vectors.items()
        if is_hidden(variant)
    }


def _ranked(probes: Mapping[str, Features], gallery: Mapping[str, Features]) -> Proportion:
    ids = [name for name in probes if name in gallery]
    return first_ranks(np.stack([probes[i] for i in ids]), np.stack([gallery[i] for i in ids]))
