"""The pages of results/ name tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path.name for path in (ROOT / "results").glob("*.md"))
TEST = re.compile(r"[\w/]*\btest_\w+(?:\.py)?(?:::\w+)?")
NAMING = {"field.md": 80, "attacks.md": 30}  # at least that many


def named_in(page: str) -> list[str]:
    return TEST.findall((ROOT / "results" / page).read_text(encoding="utf-8"))


@cache
def functions(path: Path) -> set[str]:
    """The test functions of a file, those in classes included."""
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name for node in found if isinstance(node, ast.FunctionDef)}


def exists(name: str) -> bool:
    """Whether ``tests/FOLDER/test_FILE.py`` or ``tests/FOLDER/test_FILE.py::test_NAME`` exists."""
    file, _, function = name.partition("::")
    path = ROOT / file
    there = file.startswith("tests/") and path.suffix == ".py" and path.is_file()
    return there and (not function or function in functions(path))


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    named = named_in(page)
    assert [name for name in named if not exists(name)] == []
    assert len(named) >= NAMING.get(page, 0)


def test_names_of_no_test_are_found() -> None:
    assert exists("tests/test_results.py::test_names_of_no_test_are_found")
    for wrong in ("test_results.py", "tests/test_results", "tests/test_results.py::test_gone"):
        assert TEST.fullmatch(wrong)
        assert not exists(wrong)
