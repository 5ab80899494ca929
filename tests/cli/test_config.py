"""``run --config FILE.toml`` and ``run --like RESULTS``."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call

from p3mbench.cli.config import _key
from p3mbench.store import Store


def options_of(out: Path) -> dict:
    with Store(out) as store:
        return dict(store.runs()[-1].options)


CONFIG = """
methods = ["coarse", "grey"]
plugin = "grey.py"
variants = "B"
limit = 2
jobs = 1
save-alphas = true
timeout = 60.5
out = "results"
[set.grey]
level = 0.5
"""


@pytest.mark.slow
def test_a_file_says_what_the_command_line_says(tmp_path: Path, plugin_file: Path) -> None:
    (tmp_path / "run.toml").write_text(CONFIG)
    done = call("run", "--config", tmp_path / "run.toml", "--limit", 1)
    assert done.exit_code == 0, done.output
    found = options_of(tmp_path / "results")
    assert found["methods"] == "coarse,grey" and found["plugins"] == [str(plugin_file)]
    assert (found["limit"], found["variants"], found["timeout"]) == (1, "B", 60.5)
    assert found["options"] == ["grey.level=0.5"] and found["save_alphas"] is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("method = 'coarse'", "unknown key 'method'; did you mean methods?"),
        ("limit = [1, 2", "is not valid TOML"),
        ("limit = 0", "Invalid value for '--limit'"),
        ("strict = 'yes'", "key 'strict' must be true or false, not 'yes'"),
        ("retry = 'al'", "did you mean 'failed'?|is not one of"),
        ("weights = 3", "--weights takes NAME=VALUE"),
        ("data = 2026-01-01", "key 'data' cannot be datetime"),
        ("config = 'x.toml'", "unknown key 'config'"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    import re

    (tmp_path / "run.toml").write_text(text)
    done = call("run", "--config", tmp_path / "run.toml")
    assert done.exit_code == 2
    assert re.search(words, done.output.splitlines()[-1]), done.output


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    done = call("run", "--config", tmp_path / "none.toml")
    assert done.exit_code == 2 and "cannot be read (No such file" in done.output


def test_weights_are_files_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('methods = "lf"\n[weights]\nlf = ["a.pth@B"]\n')
    done = call("run", "--config", tmp_path / "run.toml", "--out", tmp_path / "o")
    assert done.exit_code == 1
    assert f"weights of lf: {tmp_path / 'a.pth'} does not exist" in done.output


def test_every_option_of_the_command_line_has_a_key() -> None:
    from p3mbench.cli.run import command

    keys = {_key(option) for option in command.params}
    assert {"methods", "set", "plugin", "memory-limit", "compile", "dry-run"} <= keys
    assert len(keys) == len(command.params)


@pytest.mark.slow
def test_a_run_is_repeated(tmp_path: Path, plugin_file: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    asked = ("--methods", "grey,coarse", "--set", "grey.level=0.5", "--variants", "B")
    where = ("--limit", 1, "--jobs", 1, "--out", tmp_path / "a")
    assert call("run", *asked, *where, "--plugin", plugin_file).exit_code == 0
    done = call("run", "--like", tmp_path / "a")
    assert done.exit_code == 0, done.output
    assert "repeats the run of" in done.output
    assert "same machine, versions, data, methods and code" in done.output
    first, second = options_of(tmp_path / "a"), options_of(tmp_path / "a-again")
    assert {**first, "out": ""} == {**second, "out": ""}
    assert call("compare", tmp_path / "a", tmp_path / "a-again", "--exit-code").exit_code == 0


@pytest.mark.slow
def test_the_command_line_wins_over_a_file_and_a_file_over_a_run(
    tmp_path: Path, plugin_file: Path
) -> None:
    where = ("--variants", "B", "--jobs", 1, "--out", tmp_path / "a")
    assert call("run", "--methods", "grey", "--limit", 2, *where, "--plugin", plugin_file)
    (tmp_path / "run.toml").write_text('methods = "coarse"\nlimit = 3\nout = "b"')
    given = ("--like", tmp_path / "a", "--config", tmp_path / "run.toml", "--limit", 1)
    done = call("run", *given)
    assert done.exit_code == 0, done.output
    assert "if you trust the file, add --plugin" in done.output  # this user has no record
    found = options_of(tmp_path / "b")
    assert (found["methods"], found["limit"], found["variants"]) == ("coarse", 1, "B")
    assert "coarse: runs now and did not run then" in done.output


def test_a_folder_without_results_cannot_be_repeated(tmp_path: Path) -> None:
    done = call("run", "--like", tmp_path)
    assert done.exit_code == 1 and "contains no results" in done.output
