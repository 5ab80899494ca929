"""Detectors and the recogniser: options, files, and what OpenCV's objects are asked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from p3mbench.errors import DataError, OptionError
from p3mbench.privacy import detectors
from p3mbench.privacy.detectors import LARGE, SMALL, LbpCascade, merged, named_detector, scaled
from p3mbench.privacy.recogniser import SFace


class StandIn:
    """Takes the place of OpenCV's YuNet: it finds one face in the middle of what it gets."""

    def __init__(self) -> None:
        self.size = (0, 0)

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 - OpenCV's name
        self.size = size

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert image.shape[1::-1] == self.size
        width, height = self.size
        row = [width / 4, height / 4, width / 2, height / 2, *[0.0] * 10, 0.93]
        return 1, np.array([row], np.float32)


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    path = tmp_path / "network.onnx"
    path.write_bytes(b"no network")
    return path


def test_detectors_are_named_by_their_option() -> None:
    assert named_detector("mtcnn").name == "mtcnn"
    assert named_detector("cascade").name == "cascade"
    for text in ("retina", "mtcnn=file.onnx", ""):
        with pytest.raises(OptionError, match="there are mtcnn, cascade and yunet=FILE"):
            named_detector(text)
    with pytest.raises(OptionError, match="yunet=FILE"):
        named_detector("yunet")


def test_a_missing_or_wrong_file_is_one_line(tmp_path: Path, onnx: Path) -> None:
    for opened in (lambda p: named_detector(f"yunet={p}"), SFace):
        with pytest.raises(DataError, match="there is no such file"):
            opened(tmp_path / "none.onnx")
        with pytest.raises(DataError, match=r"network\.onnx: OpenCV cannot open it") as told:
            opened(onnx)
        assert "\n" not in str(told.value)


def test_yunet_boxes_are_in_the_pixels_of_the_image(
    monkeypatch: pytest.MonkeyPatch, onnx: Path
) -> None:
    made = SimpleNamespace(create=lambda *_: StandIn())
    monkeypatch.setattr(cv2, "FaceDetectorYN", made)
    yunet = named_detector(f"yunet={onnx}")
    for shape in ((256, 192, 3), (1500, 1100, 3)):
        (found,) = yunet.find(np.zeros(shape, np.uint8))
        height, width = shape[:2]
        expected = (width / 4, height / 4, width / 2, height / 2)
        assert found.box == pytest.approx(expected, rel=0.01)
        assert found.score == pytest.approx(0.93)


def test_an_opencv_without_the_class_is_named(monkeypatch: pytest.MonkeyPatch, onnx: Path) -> None:
    monkeypatch.delattr(cv2, "FaceDetectorYN", raising=False)
    with pytest.raises(DataError, match="has no FaceDetectorYN"):
        named_detector(f"yunet={onnx}")


def test_detectors_see_pictures_of_one_range_of_sizes() -> None:
    for shape, short in (((256, 192), SMALL), ((2000, 1400), LARGE), ((400, 500), 400)):
        seen, scale = scaled(np.zeros((*shape, 3), np.uint8))
        assert min(seen.shape[:2]) == short
        assert seen.shape[0] == pytest.approx(shape[0] * scale, abs=1)


def test_windows_that_agree_are_one_detection() -> None:
    three = [(10.0, 10.0, 20.0, 20.0), (11.0, 10.0, 20.0, 20.0), (10.0, 12.0, 20.0, 20.0)]
    found = sorted(merged([*three, (80.0, 80.0, 20.0, 20.0)]), key=lambda one: one.score)
    assert [one.score for one in found] == [1.0, 3.0]
    assert found[1].box == pytest.approx((10.33, 10.67, 20, 20), abs=0.01)
    assert merged([]) == []


def test_the_cascade_is_quiet_on_a_plain_picture() -> None:
    assert LbpCascade().find(np.full((256, 192, 3), 120, np.uint8)) == []


def test_the_last_step_of_mtcnn_keeps_weak_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = {"box": [20, 40, 100, 120], "confidence": 0.4,
            "keypoints": dict.fromkeys(detectors.POINTS, (60.0, 80.0))}  # fmt: skip
    monkeypatch.setattr(
        detectors, "_mtcnn", lambda: SimpleNamespace(detect_faces=lambda image: [weak])
    )
    mtcnn = detectors.Mtcnn()
    image = np.zeros((256, 192, 3), np.uint8)  # twice as large when the network sees it
    (found,) = mtcnn.find(image)
    assert found == detectors.Detection((10.0, 20.0, 50.0, 60.0), 0.4)
    points = mtcnn.landmarks(image, (12.0, 22.0, 50.0, 60.0))
    assert points is not None and points.tolist() == [[30.0, 40.0]] * 5
    assert mtcnn.landmarks(image, (150.0, 200.0, 5.0, 5.0)) is None
