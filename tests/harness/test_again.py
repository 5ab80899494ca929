"""Runs of earlier runs: remembered plugins, and what differs when a run is repeated."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import p3mbench
from p3mbench.errors import MethodError, StoreError
from p3mbench.harness.again import differences, read_repeated, with_plugins
from p3mbench.harness.request import RunRequest
from p3mbench.harness.run import Listener, run_request
from p3mbench.plugins import content_hash
from p3mbench.store import Store


@pytest.fixture(scope="module")
def ran_once(tmp_path_factory: pytest.TempPathFactory, plugin_once: Path) -> Path:
    """A folder with a plugin, its record in home, and a store whose last run used it."""
    root = tmp_path_factory.mktemp("again")
    plugin = Path(shutil.copy(plugin_once, root))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(root / "home"))
        asked = {"limit": 1, "variants": "B", "plugins": plugin, "jobs": 1}
        p3mbench.run("grey", out=root / "out", **asked)
    return root


@pytest.fixture
def plugin_file(ran_once: Path, plugin_once: Path) -> Path:
    """The plugin, as it ran; a test may edit it."""
    return Path(shutil.copy(plugin_once, ran_once))


@pytest.fixture
def store(
    ran_once: Path, plugin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the store, for the user who made it."""
    shutil.copytree(ran_once / "home", tmp_path / "home")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return Path(shutil.copytree(ran_once / "out", tmp_path / "out"))


def test_the_record_has_the_plugin_and_its_content(store: Path, plugin_file: Path) -> None:
    with Store(store) as opened:
        (run,) = opened.runs()
    assert run.plugins == {str(plugin_file): content_hash(plugin_file)}


def test_a_second_run_finds_the_plugin(store: Path, plugin_file: Path) -> None:
    class Told(Listener):
        plugins: list[Path] = []

        def reused(self, plugin) -> None:
            self.plugins.append(plugin.path)

    told = Told()
    asked = RunRequest(methods=("grey",), variants=("B",), limit=1, out=store)
    result = run_request(asked, told)
    assert (result.todo, result.done) == (0, 2) and told.plugins == [plugin_file]
    plain = RunRequest(methods=("coarse",), out=store)
    assert with_plugins(plain) == (plain, [])  # nobody asked for the plugin's method


def test_a_changed_plugin_needs_the_users_word(store: Path, plugin_file: Path) -> None:
    plugin_file.write_text("raise SystemExit('executed')")
    with pytest.raises(MethodError, match="unknown method 'grey'.*has changed since then"):
        run_request(RunRequest(methods=("grey",), out=store))


def test_another_users_plugin_is_not_run(store: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    with pytest.raises(MethodError, match="if you trust the file, add --plugin"):
        run_request(RunRequest(methods=("grey",), out=store))


def test_a_misspelt_method_is_still_only_unknown(store: Path) -> None:
    with pytest.raises(MethodError, match="did you mean coarse"):
        run_request(RunRequest(methods=("coarze",), out=store))


def plan_of(request: RunRequest):
    plans = []

    class Keep(Listener):
        def planned(self, plan, benchmark, broken) -> None:
            plans.append(plan)

    run_request(request, Keep())
    return plans[0]


def test_a_repetition_says_what_differs(store: Path, tmp_path: Path, plugin_file: Path) -> None:
    repeated = read_repeated(store)
    assert repeated.out == tmp_path / "out-again" and repeated.devices == {"cpu"}
    assert repeated.options["methods"] == "grey" and "plugins" not in repeated.options
    ((ready,), refused) = repeated.plugins()
    assert ready.path == plugin_file and refused == []
    asked = RunRequest(
        ("grey",), (plugin_file,), variants=("B",), limit=1, out=tmp_path / "o", dry_run=True
    )
    same = plan_of(asked)
    assert differences(repeated, same, "cpu") == []
    plugin_file.write_text(plugin_file.read_text().replace("0.25", "0.5"))
    found = differences(repeated, plan_of(asked), "cpu")
    assert len(found) == 1 and found[0].startswith("grey: other code (was ")
    more = RunRequest(("coarse",), variants=("B",), limit=2, out=tmp_path / "o", dry_run=True)
    found = differences(repeated, plan_of(more), "cpu")
    assert [line.partition(":")[0] for line in found] == ["data", "coarse", "grey"]


def test_a_repetition_says_that_the_device_differs(store: Path, monkeypatch) -> None:
    repeated = read_repeated(store)
    plan = plan_of(RunRequest(("coarse",), out=store, limit=1, dry_run=True))
    on_gpu = replace(repeated, devices=frozenset({"cuda NVIDIA H100"}))
    assert "device: was cuda NVIDIA H100, is cpu" in differences(on_gpu, plan, "cpu")
    monkeypatch.setattr("p3mbench.harness.again.gpus", lambda: 1)
    assert any(line.startswith("device: was cpu;") for line in differences(repeated, plan, "auto"))


def test_a_foreign_scheduler_is_not_called(store: Path) -> None:
    repeated = read_repeated(store)
    record = replace(repeated.record, options={"scheduler": "tcp://elsewhere:8786"})
    foreign = replace(repeated, record=record)
    assert "scheduler" not in foreign.options
    assert "give it with --scheduler" in foreign.left_out[0]


def test_only_runs_can_be_repeated(tmp_path: Path) -> None:
    with Store(tmp_path / "empty", create=True):
        pass
    with pytest.raises(StoreError, match="contains no run to repeat"):
        read_repeated(tmp_path / "empty")
