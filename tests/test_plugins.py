"""The record of plugin files that a user has run, and what may run again because of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from p3mbench.errors import MethodError
from p3mbench.homes import data_home
from p3mbench.plugins import content_hash, known_plugins, offering, remember, usable
from p3mbench.registry import find, get


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "p3mbench"


def test_a_plugin_is_remembered_when_it_runs(plugin_file: Path, home: Path) -> None:
    assert data_home() == home and known_plugins() == []
    find([plugin_file])
    (found,) = known_plugins()
    assert (found.path, found.methods) == (plugin_file, ("grey",))
    assert found.sha256 == content_hash(plugin_file) and found.unchanged
    assert offering("grey") == found and offering("gray") is None


def test_an_unknown_method_names_the_plugin_that_has_it(plugin_file: Path) -> None:
    find([plugin_file])
    with pytest.raises(MethodError, match=f"add --plugin {plugin_file}"):
        get("grey")
    plugin_file.unlink()
    with pytest.raises(MethodError, match=r"did you mean|are known|known:"):
        get("grey")


def test_only_the_same_bytes_from_the_same_path_may_run_again(plugin_file: Path) -> None:
    find([plugin_file])
    used = {str(plugin_file): content_hash(plugin_file)}
    (ready,), refused = usable(used, ["grey"])
    assert ready.path == plugin_file and refused == []
    assert usable(used, None)[0] == [ready]
    assert usable(used, ["other"]) == ([], [])
    plugin_file.write_text(plugin_file.read_text() + "\n# edited\n")
    ready_now, (refused_now,) = usable(used, ["grey"])
    assert ready_now == [] and refused_now.path == str(plugin_file)
    assert "has changed since then; add --plugin" in refused_now.reason


def test_a_store_from_elsewhere_runs_nothing(tmp_path: Path, plugin_file: Path) -> None:
    stranger = tmp_path / "stranger.py"
    stranger.write_text("raise SystemExit('executed')")
    ready, (refused,) = usable({str(stranger): content_hash(stranger)}, None)
    assert ready == [] and "if you trust the file, add --plugin" in refused.reason
    find([plugin_file])  # known, but the store claims other bytes
    ready, (refused,) = usable({str(plugin_file): "0" * 64}, None)
    assert ready == [] and "you have not run this version" in refused.reason
    ready, (refused,) = usable({str(tmp_path / "gone.py"): "0" * 64}, None)
    assert ready == [] and "which is gone" in refused.reason


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"/a.py": 1, "/b.py": {"sha256": "x"}}'])
def test_a_damaged_record_is_empty(home: Path, text: str, plugin_file: Path) -> None:
    home.mkdir(parents=True)
    (home / "plugins.json").write_text(text)
    assert known_plugins() == []
    find([plugin_file])
    assert [plugin.methods for plugin in known_plugins()] == [("grey",)]


def test_without_a_writable_home_nothing_is_remembered(
    plugin_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", f"{os.devnull}/no-home")
    find([plugin_file])
    assert known_plugins() == []


def test_the_record_stays_small(home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("p3mbench.plugins.MOST_FILES", 2)
    for name in "abc":
        remember(tmp_path / f"{name}.py", [name])
    remember(tmp_path / "b.py", ["b"])
    assert [Path(path).stem for path in json.loads((home / "plugins.json").read_text())] == [
        "b",
        "c",
    ]
