"""The command line as a whole: help, mistakes, tracebacks."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from calls import call
from click.testing import CliRunner

from p3mbench.cli import COMMANDS, main

README = Path(__file__).resolve().parents[2] / "README.md"


def commands(group: click.Group, path: str = "") -> dict[str, click.Command]:
    found = {}
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            found[f"{path}{name}"] = command
            if isinstance(command, click.Group):
                found |= commands(command, f"{path}{name} ")
    return found


def test_every_command_has_help_and_stands_in_the_readme():
    readme = README.read_text()
    found = commands(main)
    assert set(found) >= set(COMMANDS)
    for name, command in found.items():
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name != "help":
                assert parameter.help or parameter.show_default, (name, parameter.name)
    for name in COMMANDS:
        assert f"`p3mbench {name}`" in readme


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version(option):
    result = call(option)
    assert result.exit_code == 0
    assert "p3mbench" in result.output


def test_doctor_and_completion():
    assert "no problems found" in call("doctor").output
    for shell in ("bash", "zsh", "fish"):
        assert "_P3MBENCH_COMPLETE" in call("completion", shell).output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "--methods", "closed-from"], "did you mean closed-form"),
        (["run", "--methods", ","], "no method is named"),
        (["run", "--benchmark", "p3m500", "--data", "/no/such/folder"], "no such folder"),
        (["run", "--benchmark", "maxi"], "unknown benchmark 'maxi'"),
        (["run", "--methods", "coarse", "--set", "coarse.grey=1"], "no option 'grey'"),
        (["run", "--methods", "coarse", "--set", "knn.maxiter=1"], "unknown method in --set"),
        (["run", "--methods", "coarse", "--weights", "coarse=x.pth"], "learns nothing"),
        (["run", "--methods", "p3mnet-r34", "--weights", "p3mnet-r34=no.pth"], "does not exist"),
        (["run", "--methods", "coarse", "--trimap", "wide"], "neither 'dataset' nor"),
        (["run", "--methods", "coarse", "--plugin", "none.py"], "does not exist"),
        (["run", "--methods", "coarse", "--images", "mini_q_1"], "unknown image 'mini_q_1'"),
        (["report", "--results", "nowhere"], "contains no results"),
        (["evaluate", "nowhere", "nowhere"], "nowhere"),
        (["methods", "show", "nothing"], "unknown method"),
        (["data", "verify", "nowhere"], "no such folder"),
    ],
)
def test_mistakes_end_in_one_line(tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    result = call(*args)
    assert result.exit_code in (1, 2)
    lines = result.stderr.strip().splitlines()
    assert words in lines[-1]
    assert sum(line.startswith("Error: ") for line in lines) == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "--variants", "X"], "'X' is not a test variant: use N"),
        (["run", "--weights", "p3mnet-r34"], "--weights takes NAME=VALUE"),
        (["run", "--set", "coarse=1"], "--set takes NAME.OPTION=VALUE"),
        (["report", "--format", "word"], "'word' is not one of"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    result = call(*args)
    assert result.exit_code == 2
    assert words in result.stderr


def test_debug_shows_the_traceback(tmp_path):
    result = CliRunner().invoke(main, ["--debug", "report", "--results", str(tmp_path)])
    assert type(result.exception).__name__ == "StoreError"
