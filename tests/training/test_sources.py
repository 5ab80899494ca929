"""Training images from files and drawn ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.benchmark import face_samples, get, train_samples
from p3mbench.data.foregrounds import (
    estimate_layers,
    make_layers,
)
from p3mbench.data.sample import TrimapSource
from p3mbench.errors import DataError
from p3mbench.training.sources import DrawnSource, FileSource, check_faces


def test_layers_are_made_once_and_read_as_they_were(train_folder: Path, tmp_path: Path) -> None:
    samples, folder = train_samples(get("p3m500"), train_folder, "B"), tmp_path / "layers"
    seen: list[int] = []
    assert make_layers(samples, "B", folder, 1, seen.append) == 3 and seen == [1, 1, 1]
    assert make_layers(samples, "B", folder, 2) == 0
    scene = FileSource(samples, "B", folder).scene(1)
    want = estimate_layers(scene.image, scene.alpha)
    assert scene.foreground is not None and np.array_equal(scene.foreground, want[0])
    assert scene.background is not None and np.array_equal(scene.background, want[1])


@pytest.mark.slow
def test_portraits_are_drawn_beforehand_by_several_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P3MBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("p3mbench.training.sources.usable_cores", lambda: 2)
    source = DrawnSource(train_samples(get("mini"), None, "B")[:3], "B")
    seen: list[tuple[int, int]] = []
    source.prepare(lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(list((tmp_path / "cache" / "portraits").iterdir())) == 3
    source.prepare(lambda done, total: pytest.fail("there is nothing left to draw"))
    kept = source.scene(0)
    fresh = train_samples(get("mini"), None, "B")[0].load("B", TrimapSource())
    assert np.array_equal(kept.image, fresh.image)


def test_donors_need_a_face(tmp_path: Path, portrait_arrays: dict[str, np.ndarray]) -> None:
    faces, p3m500 = tmp_path / "faces", get("p3m500")
    for name in ("image", "facemask"):
        (faces / name).mkdir(parents=True)
    with pytest.raises(DataError, match="contains no PNG files"):
        face_samples(p3m500, faces)
    with pytest.raises(DataError, match="has no public faces"):
        face_samples(p3m500, None)
    cv2.imwrite(str(faces / "image" / "star.png"), portrait_arrays["image"])
    cv2.imwrite(str(faces / "facemask" / "star.png"), portrait_arrays["face"])
    check_faces(FileSource(face_samples(p3m500, faces), "N"))
    cv2.imwrite(str(faces / "facemask" / "star.png"), np.zeros((96, 64), np.uint8))
    with pytest.raises(DataError, match="has no face mask"):
        check_faces(FileSource(face_samples(p3m500, faces), "N"))
    with pytest.raises(DataError, match="no public faces to paste"):
        check_faces(FileSource((), "N"))
