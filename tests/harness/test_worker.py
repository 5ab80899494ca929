"""What a method's process says of errors, and what it hands to methods."""

from __future__ import annotations

from multiprocessing import forkserver
from pathlib import Path

import pytest
from runs import frame, run

from p3mbench.benchmark import get, open_benchmark
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.plan import make_plan
from p3mbench.harness.runner import RunReport, run_plan
from p3mbench.harness.worker import Setup
from p3mbench.method import with_options
from p3mbench.store import Store

TOUCHING = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

KEPT = []

class Writable:
    def __init__(self, array):
        facts = array.__array_interface__
        self.__array_interface__ = {**facts, "data": (facts["data"][0], False)}

@dataclass(frozen=True)
class Touching:
    touch: bool = False
    info: ClassVar[MethodInfo] = MethodInfo(
        name="touching", title="T", kind=Kind.TRIMAP_BASED, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        alpha = (image[..., 0] / 255).astype(np.float32)
        if self.touch:
            for array in (*KEPT, image, trimap):
                np.asarray(Writable(array))[:] = 0  # as torch.from_numpy lets anybody do
            KEPT.extend([image, trimap, image.base, trimap.base])
            KEPT[:] = [array for array in KEPT if array is not None]
        return alpha
"""
NETS = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import PRECISIONS, Kind, MethodInfo

def info(name, **more):
    return MethodInfo(
        name=name, title=name, kind=Kind.TRIMAP_FREE, year=2026, citation="nobody",
        learned=True, **more)

class Loaded:
    def __init__(self, fail):
        import torch
        torch.manual_seed(0)
        self._net, self.fail = torch.nn.Conv2d(3, 1, 3, padding=1), fail

    def predict(self, image, trimap=None):
        import torch
        if self.fail and not torch.is_autocast_enabled("cpu"):
            {"raise": self.out_of_memory, "die": self.die, "exit": exit}[self.fail]()
        with torch.inference_mode():
            x = torch.from_numpy(image.transpose(2, 0, 1)[None] / np.float32(255))
            return torch.sigmoid(self._net(x))[0, 0].float().numpy()

    def out_of_memory(self):
        import torch
        raise torch.OutOfMemoryError("out of memory")

    def die(self):
        import os
        os._exit(1)

class Shown(Loaded):
    def modules(self):
        return {"net": self._net}

@dataclass(frozen=True)
class Able:
    fail: str = ""
    info: ClassVar[MethodInfo] = info("able", precisions=PRECISIONS)

    def load(self, device, weights):
        return Shown(self.fail)

@dataclass(frozen=True)
class Silent:
    info: ClassVar[MethodInfo] = info("silent")

    def load(self, device, weights):
        return Loaded("")

@dataclass(frozen=True)
class Boaster:
    info: ClassVar[MethodInfo] = info("boaster", precisions=PRECISIONS)

    def load(self, device, weights):
        return Loaded("")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("surrogate", "ValueError: caf\\udce9 \\x1b[31mred\\x1b]0;title\\x07"),
        ("no-words", "Silent: its message cannot be read"),
        ("sys-exit", "SystemExit: enough"),
    ],
)
def test_the_run_goes_on_and_keeps_the_reason(tmp_path: Path, how: str, words: str) -> None:
    report = run(tmp_path, how=how, jobs=1)
    mine = frame(tmp_path, "naughty")
    bad = mine[mine["status"] != "ok"]
    assert report.exit_code == 3 and len(mine) == 12 and 0 < len(bad) < 12
    assert all(reason.startswith(words) for reason in bad["reason"])
    assert len(frame(tmp_path, "coarse")) == 12


@pytest.mark.slow
def test_what_a_method_does_to_its_inputs_moves_no_score(tmp_path: Path) -> None:
    """Neither its own, nor those of the other variant through the cache of drawings."""
    plugin = tmp_path / "touching.py"
    plugin.write_text(TOUCHING)
    found = []
    for touch in (False, True):
        methods, _ = select_methods("touching", (plugin,))
        methods = tuple(with_options(m, {"touch": touch}) for m in methods)
        request = Request(methods=methods, variants=("N", "B"), limit=3)
        with Store(tmp_path / str(touch), create=True) as store:
            plan = make_plan(open_benchmark(get("mini"), None), request, store)
            assert run_plan(plan, store, Setup("cpu", "r", None, (plugin,), 1), 1).exit_code == 0
        found.append(frame(tmp_path / str(touch)).drop(columns="options"))
    assert len(found[0]) == 12 and found[0].equals(found[1])


def run_nets(
    tmp_path: Path, names: str, fail: str = "", **asked: object
) -> tuple[RunReport, dict[str, str]]:
    """Learned methods without a file of weights, which a plan would ask for."""
    plugin = tmp_path / "nets.py"
    plugin.write_text(NETS)
    weights = tmp_path / "any.pth"
    weights.write_bytes(b"any")
    methods, _ = select_methods(names, (plugin,))
    methods = tuple(with_options(m, {"fail": fail} if m.info.name == "able" else {})
                    for m in methods)  # fmt: skip
    given = {m.info.name: ((weights, None),) for m in methods if m.info.learned}
    request = Request(methods, ("B",), weights=given, **asked)  # type: ignore[arg-type]
    with Store(tmp_path / "out", create=True) as store:
        plan = make_plan(open_benchmark(get("mini"), None), request, store)
        blocked = {b.what: b.reason for b in plan.blocked}
        return run_plan(plan, store, Setup("cpu", "r", None, (plugin,), 1), 1), blocked


@pytest.fixture(scope="module")
def _new_server() -> None:
    """The server of processes starts again, with PyTorch; an earlier run may have left it out."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


@pytest.fixture
def readable(_new_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any bytes are weights: these methods read none."""
    monkeypatch.setattr("p3mbench.checkpoints.recorded", lambda path: {})


@pytest.mark.slow
@pytest.mark.usefixtures("readable")
def test_a_lower_precision_is_said_of_those_that_have_it(tmp_path: Path) -> None:
    asked = {"precision": "bf16", "limit": 16}
    report, blocked = run_nets(tmp_path, "able,silent,boaster,coarse", **asked)
    for name in ("silent", "coarse"):
        assert blocked[name] == "runs in fp32 only; skipped under --precision bf16"
    (reason,) = report.unloadable.values()
    assert reason.startswith("cannot run bf16: its predictor has no modules()")
    assert report.exit_code == 3 and report.ok == 32
    able = frame(tmp_path / "out", "able")
    assert all('"precision":"bf16"' in text for text in able["options"])
    assert set(frame(tmp_path / "out", "boaster")["status"]) == {"skipped"}
    # eight images of each of two subsets were compared
    assert able["shift_sad"].notna().sum() == 16 == len(next(iter(report.shifts.values())))
    assert 0 < able["shift_max"].max() < 0.05
    assert able["macs"].notna().sum() == 2 and set(able["parameters"]) == {28}


@pytest.mark.slow
@pytest.mark.usefixtures("readable")
@pytest.mark.parametrize("fail", ["exit", "raise", "die"])
def test_a_reference_that_fails_costs_no_row(tmp_path: Path, fail: str) -> None:
    report, _ = run_nets(tmp_path, "able", fail, precision="bf16", limit=1)
    able = frame(tmp_path / "out", "able")
    assert report.exit_code == 0 and set(able["status"]) == {"ok"} and len(able) == 2
    assert "shift_sad" not in able or able["shift_sad"].isna().all()
    assert able["reason"].str.contains("the effect of bf16 could not be measured").all()


@pytest.mark.slow
@pytest.mark.usefixtures("readable")
def test_plain_float32_is_not_compared(tmp_path: Path) -> None:
    report, blocked = run_nets(tmp_path, "able,silent", limit=1)
    assert (report.exit_code, report.shifts, report.warnings) == (0, {}, set())
    assert "shift_sad" not in frame(tmp_path / "out")
    able, silent = (frame(tmp_path / "out", name) for name in ("able", "silent"))
    assert set(able["parameters"]) == {28} and silent["parameters"].isna().all()
    assert set(able["macs"].dropna()) == {27 * 256 * 192}


WARNING = """
import warnings
from p3mbench.errors import DataWarning


def warned(predictor):
    warnings.warn(DataWarning("any.pth: the average is used"))
    return predictor
"""


def test_what_loading_warns_of_stands_at_every_row(tmp_path: Path) -> None:
    """Such as which of a file's weights were taken."""
    plugin = tmp_path / "touching.py"
    plugin.write_text(TOUCHING.replace("return self\n", "return warned(self)\n") + WARNING)
    methods, _ = select_methods("touching", (plugin,))
    with Store(tmp_path / "out", create=True) as store:
        request = Request(methods, ("B",), limit=2)
        plan = make_plan(open_benchmark(get("mini"), None), request, store)
        report = run_plan(plan, store, Setup("cpu", "r", None, (plugin,), 1), 1)
    rows = frame(tmp_path / "out")
    assert len(rows) == 4 and set(rows["reason"]) == {"any.pth: the average is used"}
    assert report.warnings == {"any.pth: the average is used"}
