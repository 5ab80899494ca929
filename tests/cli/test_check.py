"""``p3mbench check``: its lines, its JSON, its exit codes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from p3mbench.cli import main
from p3mbench.testing.checks import CHECKS


def call(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


def test_a_plugin_that_conforms(plugin_file):
    result = call("check", plugin_file)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "grey" and lines[-1].startswith("grey passes: 1")
    assert len(lines) == 2 + len(CHECKS)
    assert all(line.split()[0] in ("ok", "skipped") for line in lines[1:-1])


def test_a_plugin_that_does_not(plugin_file):
    text = plugin_file.read_text().replace("np.float32", "np.float64")
    plugin_file.write_text(text.replace("level: float = 0.25", "level: float = 1.5"))
    result = call("check", plugin_file)
    assert result.exit_code == 3
    (line,) = [line for line in result.output.splitlines() if line.startswith("  failed")]
    assert "matte" in line and "[1.5, 1.5]" in line and "Mend: end with np.clip" in line
    assert f"grey fails 1 of {len(CHECKS)} checks" in result.output


def test_json(plugin_file):
    result = call("check", plugin_file, "--format", "json")
    (found,) = json.loads(result.output)
    assert found["method"] == "grey" and found["passed"] is True
    assert {f["check"] for f in found["findings"]} >= {"interface", "memory", "sizes"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-method",), "unknown method"),
        (("missing.py",), "does not exist"),
        (("coarse", "--weights", "missing.pth"), "does not exist"),
        ((".",), "folder"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("check", *arguments)
    assert result.exit_code == 1 and words in result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_a_plugin_that_imports_torch_at_its_top(plugin_file):
    plugin_file.write_text("import torch\n" + plugin_file.read_text())
    result = call("check", plugin_file)
    assert result.exit_code == 3
    (line,) = [line for line in result.output.splitlines() if line.startswith("  failed")]
    assert "imports" in line and "imports torch" in line and "inside load" in line


def test_a_file_with_two_methods_checks_both(plugin_file):
    text = plugin_file.read_text()
    second = text[text.index("@dataclass") :].replace("Grey", "White").replace("grey", "white")
    plugin_file.write_text(text + "\n" + second.replace("0.25", "7.0"))
    result = call("check", plugin_file)
    assert result.exit_code == 3
    assert "grey passes" in result.output and f"white fails 1 of {len(CHECKS)}" in result.output


def test_a_name_that_is_taken_is_said(plugin_file):
    plugin_file.write_text(plugin_file.read_text().replace('name="grey"', 'name="coarse"'))
    result = call("check", plugin_file)
    assert result.exit_code == 3 and "two plugins claim this name" in result.output
