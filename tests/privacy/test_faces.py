"""Where faces are, what else is hidden, and recognisers that are given as a file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from test_artefact import benchmark

from p3mbench.benchmark import open_benchmark
from p3mbench.data.sample import FileSample
from p3mbench.data.subset import Subset
from p3mbench.errors import DataError
from p3mbench.images import read_image
from p3mbench.privacy import faces, recogniser
from p3mbench.privacy.counting import Box, Proportion, overlap
from p3mbench.privacy.faces import MASKS, boxes_of, content_of, faced_images
from p3mbench.privacy.measure import PrivacyRequest, measure
from p3mbench.privacy.recogniser import SFace, matched
from p3mbench.privacy.record import file_of, read_record, written
from p3mbench.privacy.wording import answer, meanings, table
from p3mbench.provenance import hash_of, sha256_of


def drawn(count: int, seed: int = 2026) -> Subset:
    return open_benchmark(benchmark("collection", seed, count), None).subsets[0]


def test_boxes_leave_crumbs_out() -> None:
    mask = np.zeros((40, 40), bool)
    mask[5:15, 8:20] = mask[30, 30] = True
    assert boxes_of(mask) == ((8.0, 5.0, 12.0, 10.0),)


def test_hidden_faces_in_the_background_are_no_false_alarms() -> None:
    """Number 13 has a passer-by, whose face is hidden in B too."""
    subset = drawn(14)
    images = list(faced_images(subset.samples[13:], subset, ("B", "N"), []))
    assert [one.variant for one in images] == ["B", "N"]
    for one in images:
        assert one.faces_from == MASKS and len(one.faces) == len(one.others) == 1
        assert overlap(one.faces[0], one.others[0]) == 0


def test_files_without_masks_need_a_detected_face(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.full((64, 48, 3), 190, np.uint8)
    for name, pixels in (("n", image), ("alpha", np.full((64, 48), 255, np.uint8))):
        assert cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
    sample = FileSample("one", {"N": tmp_path / "n.png"}, tmp_path / "alpha.png", detect=True)
    subset = Subset("P", (sample,), 1, ("N", "B"), {}, has_trimaps=False)
    problems: list[str] = []
    monkeypatch.setattr(faces, "detect_face", lambda image: None)
    assert list(faced_images(subset.samples, subset, ("N",), problems)) == []
    assert problems == ["P one: MTCNN finds no face before hiding, and there is no face mask"]
    hidden_only = Subset("P", (sample,), 1, ("B",), {"N": "no file"}, has_trimaps=False)
    assert list(faced_images(subset.samples, hidden_only, ("B",), problems)) == []
    assert problems[-1] == "P one: has no face mask and no image with visible faces"
    files = {"image": tmp_path / "n.png", "alpha": tmp_path / "alpha.png"}
    assert content_of(sample, "N") == hash_of({r: sha256_of(p) for r, p in files.items()})
    assert read_image(tmp_path / "n.png").shape == (64, 48, 3)


class MeanColour:
    """An embedding that sees the mean colour of the face."""

    def features(self, image: np.ndarray, box: Box, points: np.ndarray) -> np.ndarray:
        x, y, width, height = (int(value) for value in box)
        part = image[y : y + height, x : x + width].reshape(-1, 3)
        return np.asarray(part.mean(axis=0) - 127, np.float32)


def test_black_faces_lead_nowhere_and_blurred_ones_keep_their_colour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = SimpleNamespace(landmarks=lambda image, box: np.zeros((5, 2), np.float32))
    monkeypatch.setattr(recogniser, "Mtcnn", lambda: found)
    opened = open_benchmark(benchmark("collection", 2026, 6, '"B", "N", "zero"'), None)
    (subset,) = opened.subsets
    images = list(faced_images(subset.samples, subset, ("B", "N", "zero"), []))
    shares = matched(images, MeanColour())
    assert set(shares) == {"B", "zero"}
    assert shares["B"].hits > shares["zero"].hits and shares["B"].n == 6


def test_sface_gets_box_and_landmarks_and_its_errors_are_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[np.ndarray] = []

    def crop(image: np.ndarray, row: np.ndarray) -> np.ndarray:
        asked.append(row)
        return image

    network = SimpleNamespace(alignCrop=crop, feature=lambda face: np.ones((1, 4), np.float32))
    monkeypatch.setattr(cv2, "FaceRecognizerSF", SimpleNamespace(create=lambda *_: network))
    file = tmp_path / "sface.onnx"
    file.write_bytes(b"x")
    sface = SFace(file)
    points = np.arange(10, dtype=np.float32).reshape(5, 2)
    image = np.zeros((50, 50, 3), np.uint8)
    assert sface.features(image, (1.0, 2.0, 3.0, 4.0), points).tolist() == [1, 1, 1, 1]
    assert asked[0].tolist() == [[1, 2, 3, 4, *range(10), 1]]

    def broken(face: np.ndarray) -> np.ndarray:
        raise cv2.error("bad\nshape")

    network.feature = broken
    with pytest.raises(DataError, match=r"sface\.onnx: the network does not run"):
        sface.features(image, (1.0, 2.0, 3.0, 4.0), points)


class Blind:
    """A detector that finds nothing."""

    name, title, lowest, shows = "blind", "Blind", 0.0, "nothing"

    def find(self, image: np.ndarray) -> list[object]:
        return []


def test_a_record_survives_its_file_and_is_put_in_words(tmp_path: Path) -> None:
    opened = open_benchmark(benchmark("collection", 2026, 2), None)
    record = measure(PrivacyRequest(opened, [Blind()]))
    path = file_of(tmp_path, record.benchmark)
    written(record, path)
    assert read_record(path) == record
    place = record.place("P", "B")
    assert place is not None and place.obfuscation == "gaussian-0.12-v1"
    assert place.found["blind"] == Proportion(0, place.found["blind"].n)
    assert answer(record).startswith("Blind finds 0 % of the visible faces and 0 % of those hidden")
    header, rows = table(record)
    assert header == ["subset", "variant", "faces", "Blind finds"]
    assert [row[1] for row in rows] == ["N", "B"]
    assert any("not anonymous" in line for line in meanings(record))
    for text in ("{}", "[]", '{"p3mbench_privacy": 1}', "no json"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="is not a record of p3mbench privacy"):
            read_record(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_record(tmp_path / "none.json")
