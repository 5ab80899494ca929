"""Files that a module's text names are part of its code."""

from __future__ import annotations

import pytest

from p3mbench.fingerprint import Fingerprints
from p3mbench.mentions import mentioned
from p3mbench.registry import execute

PLUGIN = """
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from p3mbench.method import Kind, MethodInfo
HERE = Path(__file__).parent

@dataclass(frozen=True)
class Mine:
    info: ClassVar[MethodInfo] = MethodInfo(
        name="mine", title="Mine", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        {inside}
        return self
"""


@pytest.mark.parametrize(
    ("inside", "file"),
    [
        ('(HERE / "table.json").read_text()', "table.json"),
        ('(HERE / "tables" / "levels.npy").read_bytes()', "tables/levels.npy"),
        ('Path(__file__).with_suffix(".yaml").read_text()', "mine.yaml"),
        ('exec((HERE / "steps.py").read_text())', "steps.py"),
        ('__import__("importlib").import_module(str("lat" "er"))', "later.py"),
        ('sys.path.insert(0, str(HERE / "lib")); import p3m_deeper', "lib/p3m_deeper.py"),
        ('sys.path.insert(0, str(HERE / "code.zip")); import p3m_zipped', "code.zip"),
    ],
)
@pytest.mark.slow
def test_one_byte_of_a_file_that_is_named_is_other_code(tmp_path, inside, file):
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(inside=inside))
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("1")

    def sha() -> str:
        return Fingerprints().of(execute(path).Mine()).sha256

    first = sha()
    assert sha() == first
    (tmp_path / file).write_text("2")
    assert sha() != first


@pytest.mark.parametrize(
    "text",
    [
        'open(HERE / "calls.txt", "a")',
        '(HERE / "calls.txt").write_text("1")',
        'open("/calls.txt")',
        '"""Docs speak of calls.txt."""',
    ],
)
def test_what_a_module_writes_or_only_speaks_of_does_not_count(tmp_path, text):
    (tmp_path / "calls.txt").write_text("0")
    assert mentioned(text.encode(), tmp_path / "mine.py") == ((), ())


@pytest.mark.parametrize("text", ["'a' * ", "x = '\\0'", f"x = '{'n/' * 90}.json'", "x = '..'"])
def test_odd_text_names_nothing(tmp_path, text):
    assert mentioned(text.encode(), tmp_path / "mine.py") == ((), ())
