"""The house as docs/architecture.md describes it: names, sizes, rooms and where their tests are."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "p3mbench"
MOST_LINES = 400
# Tests that go through several modules at once, and what they are about.
ACROSS = {
    "cli/test_process.py": "the command as a process: signals, pipes, exit codes",
    "cli/test_trimaps.py": "several trimap sources in one run",
    "cli/test_variants.py": "a variant from a benchmark's file to every output",
    "methods/test_all_networks.py": "every built-in network",
    "methods/test_from_papers.py": "methods that were built from their papers",
    "methods/test_filler.py": "the filler that golden networks were made with",
    "report/analysis/test_variants.py": "more variants than two",
    "report/html/test_script.py": "page.js, in a browser",
    "report/render/test_formats.py": "every format, found and added",
    "report/test_everywhere.py": "every table in every format",
    "test_architecture.py": "the house",
    "test_mini_checkpoints.py": "the checkpoints of mini",
    "test_packaging.py": "the wheel",
    "test_plain_english.py": "pages and messages",
    "testing/test_trimap_based.py": "all checks on trimap-based methods",
    "testing/test_trimap_free.py": "all checks on trimap-free methods",
    "training/test_devices.py": "every network and loss on another device",
}


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def test_no_class_name_stands_for_two_things():
    places = defaultdict(list)
    for path in modules(PACKAGE):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("folder", ["p3mbench", "methods", "benchmarks"])
def test_no_module_is_two_things(folder):
    long = {
        str(path.relative_to(ROOT)): n
        for path in modules(ROOT / folder)
        if (n := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_the_page_names_every_room():
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    rooms |= {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")}
    unnamed = [room for room in rooms if f"`{room}`" not in page and f"`{room}/`" not in page]
    assert sorted(unnamed) == []


def mirrored(inside: Path) -> bool:
    """Whether there is a module, or a package, that a test file is named after.

    More may follow the name: ``test_scores_golden.py`` tests ``scores.py``.
    """
    words = inside.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:end]) for end in range(1, len(words) + 1)]
    places = [PACKAGE / inside.parent, ROOT / inside.parent]
    return inside.parent.name in names or any(
        (place / f"{name}.py").exists() or (place / name).is_dir()
        for place in places
        for name in names
    )


def test_tests_mirror_the_packages():
    folder = ROOT / "tests"
    files = [path.relative_to(folder) for path in sorted(folder.rglob("test_*.py"))]
    assert [str(f) for f in files if not mirrored(f) and str(f) not in ACROSS] == []
    assert [name for name in ACROSS if not (folder / name).exists()] == []
