"""``doctor`` prints every environment variable that is read, its value and what it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import p3mbench
from p3mbench.cli import main
from p3mbench.cli.variables import INTERNAL, VARIABLES

ROOT = Path(p3mbench.__file__).parents[1]
KNOWN = {variable.name for variable in VARIABLES} | set(INTERNAL)
# constants that hold a name: weights.py, training/sources.py, data/sample.py
READ = re.compile(
    r"environ(?:\.get\(|\[|\.setdefault\()\s*\"(?P<read>[A-Z0-9_]+)\""
    r"|\"(?P<asked>[A-Z0-9_]+)\" (?:not )?in os\.environ"
)
NAMED = re.compile(r"^\w+ = \"((?:P3M|P3MBENCH)_[A-Z_]+)\"", re.M)


def test_every_variable_that_the_code_reads_is_in_the_table() -> None:
    found = set()
    for folder in ("p3mbench", "methods"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name == "variables.py":
                continue
            text = path.read_text(encoding="utf-8")
            found |= {a or b for a, b in READ.findall(text)} | set(NAMED.findall(text))
    assert {"P3MBENCH_WEIGHTS", "P3MBENCH_CACHE", "P3M_ROOT", "WORLD_SIZE"} <= found
    assert found <= KNOWN


def test_every_variable_is_documented() -> None:
    text = (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")
    for variable in VARIABLES:
        assert f"`{variable.name}`" in text


def test_doctor_prints_them_with_values_and_effects(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "a.pth").touch()
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(folder))
    monkeypatch.setenv("P3M_ROOT", "/no/such\x1b[31m")
    monkeypatch.delenv("P3MBENCH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    text = " ".join(CliRunner().invoke(main, ["doctor"]).output.split())
    assert f"the weights folder is {folder}" in text and "(1 files)" in text
    assert "\x1b" not in text and "(does not exist)" in text
    assert "P3MBENCH_CACHE: not set: training keeps drawn portraits in /caches/p3mbench" in text
    assert (
        text.index("1. --weights") < text.index("2. the benchmark") < text.index("3. the weights")
    )
