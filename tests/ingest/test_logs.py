"""The logs of P3M's, P3M-Net's and StyleMatte's test code; numbers here are made up."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from p3mbench.cli import main
from p3mbench.errors import DataError
from p3mbench.ingest import Defaults, import_file
from p3mbench.store import Store

FULL = ("sad", "mse", "mad", "sad_trimap", "mse_trimap", "mad_trimap", "sad_fg", "sad_bg", "conn",
        "grad")  # fmt: skip
SHORT = ("sad", "mse", "mad", "conn", "grad")


def scores_of(seed: int, count: int) -> list[dict[str, float]]:
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        pixels = 1080 * int(random.integers(1080, 2000))
        mad = float(random.gamma(2, 0.002))
        inner = mad * float(random.uniform(0.5, 0.9))
        found.append(
            {
                "sad": mad * pixels / 1000,
                "mse": mad * float(random.uniform(0.2, 0.9)),
                "mad": mad,
                "sad_trimap": inner * pixels / 1000,
                "mse_trimap": inner * 5,
                "mad_trimap": inner * 10,
                "sad_fg": 0.01,
                "sad_bg": 0.02,
                "conn": mad * pixels / 1100,
                "grad": float(random.gamma(3, 4)),
                "sad_privacy": -1,
                "mse_privacy": -1,
                "mad_privacy": -1,
            }
        )
    return found


def section(
    subset: str, scores: list[dict[str, float]], keys: tuple[str, ...] = FULL, before: str = "",
    head: str = "====> Start Testing\n\t----Test: {}", ends: str = "",
) -> str:  # fmt: skip
    name = {"P": "P3M_500_P", "NP": "P3M_500_NP"}[subset]
    text = f"{before}==============\n{before}{head.format(name)}\n\t--Number: {len(scores)}\n"
    for i, one in enumerate(scores):
        values = "\n".join(f"{key}:{one[key]}" for key in keys)
        text += (
            f"{before}[{i}/{len(scores)}]\nImage:p_{subset}{i:04d}{ends}\n{values}\n-----------\n"
        )
    text += f"{before}=============\n{before}Testing numbers: {len(scores)}\n"
    for key in keys:
        title = key.upper().replace("_", " ")
        text += f"{before}{title}: {sum(one[key] for one in scores) / len(scores)}\n"
    return text


P3M = "====> Start Testing\n\t--Dataset: {}\n\t--Test: RESIZE"
P3MNET = "====> Start Testing\n\t--Dataset: VAL500NP\n\t--Test: HYBRID"
STAMP = "[2024-03-31 10:00:00 vitae] (test.py 151): INFO "


def frame_of(tmp_path: Path, text: str, **said: str):
    path = tmp_path / "test.log"
    path.write_text(text)
    with Store(tmp_path / "out", create=True) as store:
        outcome = import_file(path, store, Defaults(**{"method": "m", "setting": "B", **said}))
        return store.frame(), outcome


def test_p3ms_log(tmp_path: Path) -> None:
    scores = scores_of(1, 5)
    text = section("P", scores, head=P3M, before="INFO:root:", ends=".jpg")
    frame, outcome = frame_of(tmp_path, text)
    assert set(frame["subset"]) == {"P"} and set(frame["variant"]) == {"B"}
    assert set(frame["strategy"]) == {"resize"} and set(frame["convention"]) == {"p3m"}
    assert frame["image"].tolist() == [f"p_P{i:04d}" for i in range(5)]
    for key, name in (("sad", "sad"), ("sad_trimap", "sad_t"), ("mad_trimap", "mad_t"),
                      ("sad_fg", "sad_fg"), ("conn", "conn"), ("grad", "grad")):  # fmt: skip
        assert frame[name].tolist() == [one[key] for one in scores]
    assert [n for n in outcome.notes if "suffix" not in n] == []


def test_p3mnets_log_with_its_logger_and_minus_ones(tmp_path: Path) -> None:
    scores = scores_of(2, 4)
    for one in scores:
        one["conn"] = one["grad"] = -1
    keys = (*FULL, "sad_privacy", "mse_privacy", "mad_privacy")
    frame, outcome = frame_of(tmp_path, section("NP", scores, keys, STAMP, P3MNET))
    assert set(frame["subset"]) == {"NP"} and set(frame["variant"]) == {"N"}
    assert set(frame["strategy"]) == {"hybrid"}
    assert frame["sad"].tolist() == [one["sad"] for one in scores]
    assert frame.get("conn") is None or frame["conn"].isna().all()
    assert outcome.notes == ()


def test_faces_of_another_region_are_listed_and_not_stored(tmp_path: Path) -> None:
    scores = scores_of(2, 3)
    for one in scores:
        one["sad_privacy"] = 0.5
    text = section("P", scores, (*FULL, "sad_privacy"), "INFO:root:", P3M)
    frame, outcome = frame_of(tmp_path, text)
    assert "sad_privacy" not in frame and "sad_face" not in frame
    assert any("sad_privacy are not known" in note for note in outcome.notes)


def test_a_record_that_is_cut_off_is_left_out_and_noted(tmp_path: Path) -> None:
    text = section("P", scores_of(1, 5), before="INFO:root:")
    cut = text[: text.index("Image:p_P0004") + 40]
    frame, outcome = frame_of(tmp_path, cut)
    assert len(frame) == 4 and any("truncated" in note for note in outcome.notes)


def test_a_mean_that_is_not_that_of_the_records_is_noted(tmp_path: Path) -> None:
    text = section("P", scores_of(1, 3), before="INFO:root:")
    whole, _, mean = text.partition("INFO:root:SAD: ")
    _, outcome = frame_of(tmp_path, f"{whole}INFO:root:SAD: 1{mean}")
    assert any("the log states SAD: 1" in note for note in outcome.notes)


def test_a_record_that_occurs_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    text = section("P", scores_of(1, 3), before="INFO:root:")
    with pytest.raises(DataError, match=r"lines 5 and \d+: m on image p_P0000"):
        frame_of(tmp_path, text + text)


def test_a_file_without_records_is_refused_as_a_log(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contains no record"):
        frame_of(tmp_path, "image,sad\na,1\n", format="p3m-log")


@pytest.mark.slow
def test_three_thousand_rows_by_one_command_and_reported(tmp_path: Path) -> None:
    """Three logs of the StyleMatte form, two subsets each, under three names."""
    said = []
    for seed, (name, keys) in enumerate((("one", FULL), ("two", FULL), ("three", SHORT))):
        text = "".join(
            section(subset, scores_of(seed * 2 + k, 500), keys, "INFO:root:")
            for k, subset in enumerate(("P", "NP"))
        )
        (tmp_path / f"{name}.report").write_text(text)
        said.append(f"{name}={tmp_path / name}.report@B")
    out = str(tmp_path / "out")
    begun = time.perf_counter()
    done = CliRunner().invoke(main, ["import", *said, "--out", out])
    took = time.perf_counter() - begun
    assert done.exit_code == 0, done.output
    assert done.output.count("1,000 rows stored") == 3 and "(1,000 new, 0 replaced" in done.output
    assert took < 60
    with Store(Path(out)) as store:
        frame = store.frame()
        assert store.expected() == {("p3m500", "P"): 500, ("p3m500", "NP"): 500}
    assert len(frame) == 3000 and set(frame["flags"]) == {"imported"}
    wanted = np.mean([one["sad"] for one in scores_of(2, 500)])
    of_two = frame[(frame["method"] == "two") & (frame["subset"] == "P")]["sad"]
    assert abs(of_two.mean() - wanted) < 1e-12
    shown = CliRunner().invoke(main, ["report", "--results", out])
    assert shown.exit_code == 0, shown.output
    assert f"{wanted:.2f}" in shown.output
    again = CliRunner().invoke(main, ["import", *said, "--out", out])
    assert again.output.count("(0 new, 0 replaced, 1,000 equal)") == 3
