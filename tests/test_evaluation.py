"""Scoring folders: pairing, records, processes, memory."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench import evaluation
from p3mbench.errors import DataError
from p3mbench.evaluation import EvaluatedImage, evaluate, flagged, means, origin_of
from p3mbench.metrics import Scores, score


def write(path: Path, matte: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), matte)


def disc(radius: float, shape: tuple[int, int] = (48, 40)) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    far = np.hypot(y - shape[0] / 2, x - shape[1] / 2)
    return (np.clip((radius - far) / 3 + 0.5, 0, 1) * 255).astype(np.uint8)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Nine pairs with trimaps."""
    for n in range(9):
        alpha = disc(10 + n)
        write(tmp_path / "gt" / f"{n}.png", alpha)
        write(tmp_path / "pred" / f"{n}.png", disc(11 + n / 2))
        trimap = np.where(alpha == 0, 0, np.where(alpha == 255, 255, 128)).astype(np.uint8)
        write(tmp_path / "trimap" / f"{n}.png", trimap)
    return tmp_path


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


@pytest.mark.parametrize("jobs", [1, 2])
def test_records_hold_what_score_gives_in_the_order_of_names(folders: Path, jobs: int) -> None:
    records = list(evaluate(folders / "pred", folders / "gt", folders / "trimap", jobs=jobs))
    assert [record.id for record in records] == [str(n) for n in range(9)]
    for record in records:
        mattes = [read(folders / name / f"{record.id}.png") for name in ("pred", "gt", "trimap")]
        assert record == EvaluatedImage(record.id, score(*mattes), "ok")
        assert record.scores is not None
        assert record.scores.flags == score(*mattes).flags


@pytest.mark.parametrize("strict", [False, True])
def test_what_ground_truth_and_trimap_tell_together_is_named(folders: Path, strict: bool) -> None:
    trimap = read(folders / "trimap" / "3.png")
    write(folders / "trimap" / "3.png", np.where(trimap == 128, 128, 255 - trimap).astype(np.uint8))
    write(folders / "gt" / "5.png", np.full((48, 40), 255, np.uint8))
    places = (folders / "pred", folders / "gt", folders / "trimap")
    if strict:
        with pytest.raises(DataError, match=r"3\.png: the trimap calls .* \(and 2 more\); nothing"):
            list(evaluate(*places, jobs=1, strict=True))
        return
    records = list(evaluate(*places, jobs=1))
    assert {record.id: [one.flag for one in record.findings] for record in records} == {
        **{str(n): [] for n in range(9)},
        "3": ["trimap_contrary"],
        "5": ["full_alpha", "trimap_contrary"],
    }
    for record in records:
        assert record.scores is not None
        assert {one.flag for one in record.findings} <= set(record.scores.flags)


def test_a_subset_of_another_convention(folders: Path) -> None:
    kwargs = {"convention": "dim", "metrics": ("mse_t",), "jobs": 1}
    for record in evaluate(folders / "pred", folders / "gt", folders / "trimap", **kwargs):
        assert record.scores is not None
        assert list(record.scores) == ["mse_t"]


def test_one_bad_file_is_one_record(folders: Path) -> None:
    write(folders / "pred" / "1.png", disc(9)[:-1])
    write(folders / "pred" / "2.png", np.dstack([disc(9), disc(8), disc(7)]))
    (folders / "pred" / "3.png").write_bytes((folders / "pred" / "4.png").read_bytes()[:90])
    (folders / "pred" / "5.png").unlink()
    (folders / "gt" / "6.png").unlink()
    (folders / "trimap" / "7.png").unlink()
    records = list(evaluate(folders / "pred", folders / "gt", folders / "trimap", jobs=1))
    bad = ["failed", "skipped", "failed"]
    assert [record.status for record in records] == ["ok", *3 * ["failed"], "ok", *bad, "ok"]
    expected = {
        1: "pred: has shape (47, 40) but alpha has (48, 40)",
        2: "is in colour",
        3: "truncated or damaged",
        5: "pred: has no prediction named '5'",
        6: "gt: has no ground truth named '6'",
        7: "trimap: has no trimap named '7'",
    }
    for n, reason in expected.items():
        assert reason in records[n].reason
        assert records[n].scores is None


def test_odd_trimap_values_are_noted(folders: Path) -> None:
    trimap = read(folders / "trimap" / "0.png")
    write(folders / "trimap" / "0.png", np.where(trimap == 128, 127, trimap).astype(np.uint8))
    first, second, *_ = evaluate(folders / "pred", folders / "gt", folders / "trimap", jobs=1)
    assert first.status == "ok"
    assert "taken as unknown" in first.notes[0]
    assert second.notes == ()


def test_wrong_requests_are_refused_at_once(folders: Path) -> None:
    pred, gt = folders / "pred", folders / "gt"
    for arguments, error, message in (
        ((pred, gt, None, "dim"), ValueError, "trimap: the convention 'dim'"),
        ((pred, gt, None, "p4m"), ValueError, "convention: 'p4m'"),
        ((folders / "nowhere", gt), DataError, "nowhere: no such folder"),
        ((folders, gt), DataError, "contains no image files"),
    ):
        with pytest.raises(error, match=message):
            evaluate(*arguments[:3], convention=(*arguments, "p3m", "p3m")[3] or "p3m")
    with pytest.raises(ValueError, match="metrics: 'sad_t' is not defined"):
        evaluate(pred, gt, metrics=["sad_t"])
    with pytest.raises(ValueError, match="jobs: is 0"):
        evaluate(pred, gt, jobs=0)
    write(folders / "other" / "x.png", disc(4))
    with pytest.raises(DataError, match="no prediction has the name of a ground truth"):
        evaluate(folders / "other", gt)
    write(pred / "0.bmp", disc(4))
    with pytest.raises(DataError, match=r"same stem as 0"):
        evaluate(pred, gt)


def test_hidden_and_other_files_are_left_alone(folders: Path) -> None:
    (folders / "pred" / "notes.txt").write_text("mine")
    (folders / "pred" / "._0.png").write_bytes(b"resource fork")
    assert all(r.status == "ok" for r in evaluate(folders / "pred", folders / "gt", jobs=1))


def test_means_are_over_the_scored_images_that_define_a_metric() -> None:
    def image(name: str, flags: tuple[str, ...] = (), **scores: float) -> EvaluatedImage:
        return EvaluatedImage(name, Scores(scores, dict.fromkeys(flags)), "ok")

    images = [
        image("a", ("odd",), sad=1.0, sad_t=float("nan")),
        image("b", sad=2.0, sad_t=float("nan"), grad=4.0),
        EvaluatedImage("c", None, "failed", "why"),
        image("d", ("odd",), sad=6.0, sad_t=float("nan")),
    ]
    found = means(images)
    assert list(found) == ["sad", "sad_t", "grad"] and math.isnan(found.pop("sad_t"))
    assert found == {"sad": 3.0, "grad": 4.0}
    assert flagged(images) == {"odd": ["a", "d"]}
    assert means([]) == flagged([]) == {}


@pytest.mark.parametrize(
    ("folder", "origin"),
    [
        ("P3M-10k/validation/P3M-500-P/mask", ("p3m500", "P")),
        ("P3M-10k/validation/P3M-500-NP/mask", ("p3m500", "NP")),
        ("mine/gt", ("gt", "all")),
    ],
)
def test_a_folder_tells_benchmark_and_subset(
    tmp_path: Path, folder: str, origin: tuple[str, str]
) -> None:
    assert origin_of(tmp_path / folder) == origin


def test_stopping_early_ends_the_processes(folders: Path) -> None:
    records = evaluate(folders / "pred", folders / "gt", jobs=2)
    assert next(iter(records)).id == "0"
    records.close()  # waits for what runs; would hang here if it did not end


def test_a_killed_process_costs_one_image(folders: Path, monkeypatch) -> None:
    """A pool of which a process was killed is played by one that breaks on that image."""

    class Pool:
        def __init__(self) -> None:
            self.broken = False

        def submit(self, work, task):
            if self.broken:
                raise BrokenProcessPool("it is")
            future: Future = Future()
            if task.id == "3":
                self.broken = True
                future.set_exception(BrokenProcessPool("killed"))
            else:
                future.set_result(work(task))
            return future

        def shutdown(self, **_) -> None:
            pass

    monkeypatch.setattr(evaluation, "_pool", lambda jobs: Pool())
    records = list(evaluate(folders / "pred", folders / "gt", jobs=2))
    assert [record.id for record in records] == [str(n) for n in range(9)]
    assert [record.id for record in records if record.status == "failed"] == ["3"]
    assert "was killed" in records[3].reason


PEAK = """
import re, resource, sys
from pathlib import Path
from p3mbench.evaluation import evaluate

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    done = sum(r.status == "ok" for r in evaluate(folder / "pred", folder / "gt", jobs=2))
    # a child starts with its parent's ru_maxrss, so the process asks for its own high-water mark
    own = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    print(done, own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pairs(tmp_path: Path) -> None:
    script = tmp_path / "peak.py"
    script.write_text(PEAK)
    rng = np.random.default_rng(0)
    peaks = {}
    for number in (8, 40):
        folder = tmp_path / str(number)
        for n in range(number):
            alpha = disc(200 + n % 7, (810, 540))
            write(folder / "gt" / f"{n}.png", alpha)
            noise = rng.integers(0, 2, alpha.shape).astype(np.uint8)
            write(folder / "pred" / f"{n}.png", cv2.subtract(alpha, noise))
        run = subprocess.run(
            [sys.executable, str(script), str(folder)], capture_output=True, text=True, check=True
        )
        done, *peaks[number] = map(int, run.stdout.split())
        assert done == number
    for few, many in zip(peaks[8], peaks[40], strict=True):
        assert many < few + 8_000, peaks  # kilobytes; 32 more pairs would hold 28,000


@pytest.mark.slow
def test_real_portraits_give_the_values_of_the_original_code(shared: Path) -> None:
    """Through files and folders, as the command line does it."""
    demo = shared / "data" / "p3m-demo"
    golden = json.loads((shared / "golden/metrics/real/expected.json").read_text())
    compared = 0
    for subset in ("P3M-500-P", "P3M-500-NP"):
        truth = demo / "validation" / subset / "mask"
        for record in evaluate(demo / "predictions" / "p3mnet-r34", truth, jobs=2):
            if f"real/{record.id}@k15" not in golden:
                continue
            if record.status == "skipped":
                assert "has no ground truth" in record.reason
                continue
            assert record.scores is not None
            for name, want in golden[f"real/{record.id}@k15"]["p3m"].items():
                if name in ("sad", "mse", "mad", "grad", "conn"):
                    assert record.scores[name] == pytest.approx(want, rel=1e-6)
                    compared += 1
    assert compared == 40
