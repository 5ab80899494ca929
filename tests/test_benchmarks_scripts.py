"""Every script of benchmarks/ starts: its imports exist and it answers ``--help``."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks"
BEFORE = FOLDER / "training" / "before.py"  # runs in version 0.1 only, with its functions
SCRIPTS = [path for path in sorted(FOLDER.glob("*/*.py")) if path != BEFORE]

# One process for all, because most of a start is PyTorch. Its own, because scripts set variables.
START_ALL = """
import runpy, sys
from pathlib import Path

for name in sys.argv[1:]:
    sys.argv, sys.path[0] = [name, "--help"], str(Path(name).parent)
    print("starting", name, flush=True)
    try:
        runpy.run_path(name, run_name="__main__")
    except SystemExit as end:
        assert not end.code, end.code
    else:
        assert "__main__" not in Path(name).read_text(), "no --help"
print("started all")
"""


@pytest.mark.slow(6)
def test_every_script_answers_help() -> None:
    assert len(SCRIPTS) >= 15
    command = [sys.executable, "-c", START_ALL, *map(str, SCRIPTS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER, check=False)
    assert done.stdout.endswith("started all\n"), done.stdout[-500:] + done.stderr


def test_the_script_for_the_old_version_compiles() -> None:
    compile(BEFORE.read_text(encoding="utf-8"), str(BEFORE), "exec")


def test_methods_parts_that_scripts_import_exist() -> None:
    """mypy checks what they import of p3mbench; it cannot find installed methods."""
    wanted = [
        (node.module, name.name)
        for path in SCRIPTS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("p3mbench_methods")
        for name in node.names
    ]
    assert wanted
    missing = [(m, name) for m, name in wanted if not hasattr(import_module(m), name)]
    assert missing == []
