"""The plan: what runs, what cannot and why."""

from __future__ import annotations

import pytest

from p3mbench.benchmark import get, open_benchmark
from p3mbench.errors import MethodError, WeightsError
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.plan import make_plan
from p3mbench.store import Store


def test_learned_methods_without_weights_are_listed_not_run(tmp_path, p3m_folder, monkeypatch):
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path / "empty"))
    methods, _ = select_methods("p3mnet-r34,coarse", ())
    with Store(tmp_path, create=True) as store:
        opened = open_benchmark(get("p3m500"), p3m_folder)
        plan = make_plan(opened, Request(methods, ("B",)), store)
        blocked = {b.what: b.reason for b in plan.blocked}
        assert "needs weights" in blocked["p3mnet-r34"]
        assert "--weights p3mnet-r34=FILE" in blocked["p3mnet-r34"]
        assert {c.cell.contender.label for c in plan.cells} == {"coarse"}
        missing = {"p3mnet-r34": ((tmp_path / "no.pth", None),)}
        with pytest.raises(WeightsError, match=r"no\.pth does not exist"):
            make_plan(opened, Request(methods, ("B",), weights=missing), store)
        wrong = {"coarse": ((p3m_folder, None),)}
        with pytest.raises(MethodError, match="coarse learns nothing"):
            make_plan(opened, Request(methods, ("B",), weights=wrong), store)


def test_trimap_methods_without_trimaps_are_blocked_with_the_mend(tmp_path, p3m_folder):
    for path in (p3m_folder / "validation" / "P3M-500-P" / "trimap").iterdir():
        path.unlink()
    methods, _ = select_methods("coarse", ())
    with Store(tmp_path, create=True) as store:
        plan = make_plan(open_benchmark(get("p3m500"), p3m_folder), Request(methods, ("B",)), store)
    assert any("--trimap kernel-25" in blocked.reason for blocked in plan.blocked)
