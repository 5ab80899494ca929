"""The harness end to end, with methods that behave and methods that do not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.benchmark import chosen, open_benchmark
from p3mbench.harness import runner
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.plan import make_plan
from p3mbench.harness.runner import RunReport, run_plan
from p3mbench.harness.worker import Setup
from p3mbench.images import read_alpha
from p3mbench.metrics import score
from p3mbench.store import Store

BAD = """
import os, time
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

@dataclass(frozen=True)
class Bad:
    how: str = "raise"
    info: ClassVar[MethodInfo] = MethodInfo(
        name="bad", title="Bad", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        if self.how == "load":
            raise RuntimeError("no such layer")
        return self

    def predict(self, image, trimap=None):
        height, width = image.shape[:2]
        if self.how == "raise":
            raise RuntimeError("out of luck\\nand more")
        if self.how == "shape":
            return np.zeros((height, width + 1), np.float32)
        if self.how == "nan":
            return np.full((height, width), np.nan, np.float32)
        if self.how == "die":
            os._exit(9)
        if self.how == "write":
            image[:] = 0
        if self.how == "trimap":
            assert trimap is None
        return np.zeros((height, width), np.float32)
"""


@pytest.fixture
def bad_file(tmp_path: Path) -> Path:
    path = tmp_path / "bad.py"
    path.write_text(BAD)
    return path


def run(
    folder: Path, data: Path | None, names: str, plugins: tuple[Path, ...] = (), jobs: int = 1, **kw
) -> RunReport:
    methods, _ = select_methods(names, plugins)
    options = kw.pop("options", None)
    if options:
        from p3mbench.method import with_options

        methods = tuple(with_options(method, options) for method in methods)
    benchmark = chosen("p3m500" if data else "mini", kw.pop("trimap", None))
    request = Request(methods=methods, variants=("B", "N"), **kw)
    with Store(folder, create=True) as store:
        plan = make_plan(open_benchmark(benchmark, data), request, store)
        return run_plan(plan, store, Setup("cpu", "r", request.alphas, plugins, 1), jobs)


def rows(folder: Path) -> list[dict]:
    with Store(folder) as store:
        return store.frame().to_dict("records")


def test_rows_hold_what_the_metrics_say(tmp_path, p3m_folder, plugin_file):
    report = run(tmp_path / "out", p3m_folder, "grey,coarse", (plugin_file,))
    assert (report.ok, report.exit_code) == (10, 0)
    found = {(r["method"], r["image"]): r for r in rows(tmp_path / "out")}
    validation = p3m_folder / "validation"
    alpha = read_alpha(validation / "P3M-500-P" / "mask" / "p_2.png")
    trimap = read_alpha(validation / "P3M-500-P" / "trimap" / "p_2.png")
    expected = score(np.full(alpha.shape, 0.25, np.float32), alpha, trimap)
    row = found["grey", "p_2"]
    assert {name: row[name] for name in expected} == pytest.approx(expected, nan_ok=True)
    assert (row["variant"], row["subset"], row["train_setting"]) == ("B", "P", "-")
    assert found["coarse", "n_1"]["variant"] == "N"
    assert found["coarse", "n_1"]["sad_fg"] == 0  # known pixels were pasted


def test_a_second_run_does_only_what_is_missing(tmp_path, p3m_folder, plugin_file):
    out = tmp_path / "out"
    assert run(out, p3m_folder, "grey", (plugin_file,), limit=1).ok == 2
    assert run(out, p3m_folder, "grey", (plugin_file,)).ok == 3
    assert run(out, p3m_folder, "grey", (plugin_file,)).ok == 0
    assert run(out, p3m_folder, "grey", (plugin_file,), options={"level": "0.5"}).ok == 5
    assert len(rows(out)) == 10


def test_an_edited_file_is_run_again_and_replaces_its_row(tmp_path, p3m_folder, plugin_file):
    out = tmp_path / "out"
    run(out, p3m_folder, "grey", (plugin_file,))
    mask = p3m_folder / "validation" / "P3M-500-P" / "mask" / "p_1.png"
    cv2.imwrite(str(mask), 255 - read_alpha(mask))
    assert run(out, p3m_folder, "grey", (plugin_file,)).ok == 1
    assert len(rows(out)) == 5


@pytest.mark.slow
def test_workers_do_not_change_scores(tmp_path, p3m_folder):
    for jobs in (1, 2):
        run(tmp_path / str(jobs), p3m_folder, "coarse,closed-form", jobs=jobs)
    one, two = rows(tmp_path / "1"), rows(tmp_path / "2")
    for row in one + two:
        del row["seconds"], row["peak_mib"]
    assert str(one) == str(two)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raise", "RuntimeError: out of luck and more (bad.py:"),
        ("shape", "predict returned shape (96, 65) for an image of (96, 64)"),
        ("nan", "values that are NaN"),
        ("write", "ValueError: assignment destination is read-only"),
        ("die", "its process exited with code 9"),
    ],
)
def test_a_failing_image_is_a_row_and_the_run_goes_on(tmp_path, p3m_folder, bad_file, how, reason):
    out = tmp_path / "out"
    report = run(out, p3m_folder, "bad", (bad_file,), limit=1, options={"how": how})
    report_coarse = run(out, p3m_folder, "coarse", limit=1)
    assert (len(report.failures), report.exit_code, report_coarse.ok) == (2, 3, 2)
    found = [row for row in rows(out) if row["method"] == "bad"]
    assert [row["status"] for row in found] == ["failed", "failed"]
    assert all(reason in row["reason"] for row in found)
    assert run(out, p3m_folder, "bad", (bad_file,), limit=1, options={"how": how}).failures == []
    again = run(
        out, p3m_folder, "bad", (bad_file,), limit=1, retry_failed=True, options={"how": how}
    )
    assert len(again.failures) == 2


def test_a_dying_worker_costs_only_its_own_images(tmp_path, p3m_folder, bad_file):
    report = run(tmp_path, p3m_folder, "bad,coarse", (bad_file,), jobs=2, options=None)
    assert (report.ok, len(report.failures)) == (5, 5)


def test_a_method_that_cannot_load_stops_nobody_else(tmp_path, p3m_folder, bad_file):
    report = run(tmp_path, p3m_folder, "bad", (bad_file,), options={"how": "load"})
    assert list(report.unloadable.values()) == ["RuntimeError: no such layer (bad.py:16)"]
    assert report.exit_code == 3
    found = rows(tmp_path)
    assert {row["status"] for row in found} == {"skipped"} and len(found) == 5
    assert "could not be loaded: RuntimeError: no such layer" in found[0]["reason"]
    again = run(tmp_path, p3m_folder, "bad", (bad_file,), options={"how": "load"})
    assert again.unloadable  # skipped images are tried again without being asked to


def test_trimap_free_methods_see_no_trimap(tmp_path, p3m_folder, bad_file):
    report = run(tmp_path, p3m_folder, "bad", (bad_file,), limit=1, options={"how": "trimap"})
    assert report.ok == 2


def test_damaged_data_fails_by_name(tmp_path, p3m_folder):
    mask = p3m_folder / "validation" / "P3M-500-P" / "mask" / "p_1.png"
    mask.write_bytes(mask.read_bytes()[:60])
    report = run(tmp_path, p3m_folder, "coarse")
    assert (report.ok, len(report.failures)) == (4, 1)
    assert "p_1.png: is a truncated or damaged PNG" in report.failures[0].reason


def test_odd_trimaps_are_scored_with_a_warning(tmp_path, p3m_folder):
    path = p3m_folder / "validation" / "P3M-500-P" / "trimap" / "p_1.png"
    trimap = read_alpha(path)
    cv2.imwrite(str(path), np.where(trimap == 128, 127, trimap).astype(np.uint8))
    report = run(tmp_path, p3m_folder, "coarse", limit=1)
    assert report.ok == 2
    assert any("taken as unknown" in warning for warning in report.warnings)


def test_saved_alphas_are_the_scored_ones(tmp_path, p3m_folder):
    alphas = tmp_path / "alphas"
    run(tmp_path, p3m_folder, "coarse", limit=1, alphas=alphas)
    files = sorted(str(path.relative_to(alphas)) for path in alphas.rglob("*.png"))
    assert files == sorted(row["matte"] for row in rows(tmp_path))
    folders = [file.rpartition("--")[0] for file in files]
    assert folders == ["p3m500/coarse/NP-N/n_1", "p3m500/coarse/P-B/p_1"]
    assert set(np.unique(read_alpha(alphas / files[1]))) == {0, 128, 255}
    (alphas / files[1]).unlink()
    assert run(tmp_path, p3m_folder, "coarse", limit=1, alphas=alphas).ok == 1


def test_mattes_of_two_trimap_sources_stand_side_by_side(tmp_path, p3m_folder):
    """And the matte of an edited image goes with its row."""
    alphas = tmp_path / "alphas"

    def kept(trimap: str | None) -> dict[str, bytes]:
        run(tmp_path, p3m_folder, "coarse", limit=1, alphas=alphas, trimap=trimap)
        return {path.name: path.read_bytes() for path in alphas.rglob("p_1*.png")}

    first = kept(None)
    both = kept("kernel-3")
    assert len(both) == 2 and first.items() < both.items()
    image = p3m_folder / "validation" / "P3M-500-P" / "blurred_image" / "p_1.png"
    cv2.imwrite(str(image), 255 - cv2.imread(str(image)))
    third = kept(None)
    assert len(third) == 2 and not first.keys() & third.keys()


def test_a_matte_that_cannot_be_kept_costs_no_score(tmp_path, p3m_folder):
    alphas = tmp_path / "alphas"
    alphas.write_text("a file where the folder should be")
    report = run(tmp_path, p3m_folder, "coarse", limit=1, alphas=alphas)
    assert (report.ok, report.unkept, report.exit_code) == (2, 2, 3)
    found = rows(tmp_path)
    assert all(row["matte"] == "" and "the matte was not kept" in row["reason"] for row in found)
    alphas.unlink()
    assert run(tmp_path, p3m_folder, "coarse", limit=1, alphas=alphas).ok == 2
    assert all(row["matte"] and not row["reason"] for row in rows(tmp_path))


def test_data_that_changes_after_it_was_hashed_is_not_scored(tmp_path, p3m_folder, monkeypatch):
    image = p3m_folder / "validation" / "P3M-500-P" / "blurred_image" / "p_1.png"
    real = runner.run_local

    def edited_meanwhile(*args):
        cv2.imwrite(str(image), 255 - cv2.imread(str(image)))
        return real(*args)

    monkeypatch.setattr(runner, "run_local", edited_meanwhile)
    report = run(tmp_path / "out", p3m_folder, "coarse", images=("p_1", "n_1"))
    assert (report.ok, report.exit_code) == (1, 3)
    monkeypatch.undo()
    (row,) = [row for row in rows(tmp_path / "out") if row["status"] != "ok"]
    assert row["status"] == "skipped"
    assert "p_1.png changed while the run was reading it; run again" in row["reason"]
    assert run(tmp_path / "out", p3m_folder, "coarse", images=("p_1", "n_1")).ok == 1


def test_a_plugin_that_changes_after_it_was_planned_makes_no_row(
    tmp_path, p3m_folder, plugin_file, monkeypatch
):
    real = runner.run_local

    def edited_meanwhile(*args):
        plugin_file.write_text(plugin_file.read_text().replace("0.25", "0.75"))
        return real(*args)

    monkeypatch.setattr(runner, "run_local", edited_meanwhile)
    report = run(tmp_path / "out", p3m_folder, "grey", (plugin_file,), limit=1)
    assert report.ok == 0 and "grey.py changed" in report.unloadable["grey"]
    monkeypatch.undo()
    assert run(tmp_path / "out", p3m_folder, "grey", (plugin_file,), limit=1).ok == 2


def test_a_module_that_changes_before_it_is_imported_makes_no_row(tmp_path, p3m_folder):
    """The first image is the last one with the old code; who imports late gets the new one."""
    (tmp_path / "late.py").write_text("LEVEL = 0.25\n")
    plugin = tmp_path / "grey.py"
    plugin.write_text(LATE)
    report = run(tmp_path / "out", p3m_folder, "grey", (plugin,), jobs=1)
    assert "late.py changed while the run was going" in report.unloadable["grey"]
    found = [row["status"] for row in rows(tmp_path / "out")]
    assert found.count("ok") <= 1 and found.count("ok") + found.count("skipped") == len(found)


LATE = """
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo
HELPER = Path(__file__).with_name("late.py")
CALLS = []

@dataclass(frozen=True)
class Grey:
    info: ClassVar[MethodInfo] = MethodInfo(
        name="grey", title="Grey", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        CALLS.append(1)
        if len(CALLS) == 1:
            return np.full(image.shape[:2], 0.25, np.float32)
        HELPER.write_text("LEVEL = 0.75")
        sys.path.insert(0, str(HELPER.parent))
        import late
        return np.full(image.shape[:2], late.LEVEL, np.float32)
"""
