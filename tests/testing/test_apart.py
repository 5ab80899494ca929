"""A method that crashes, hangs or exits costs one check; the others are made all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from p3mbench.errors import MethodError
from p3mbench.testing.apart import check_apart
from p3mbench.testing.finding import CheckFinding, Status

PLUGIN = '''
import os, sys, time
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

@dataclass(frozen=True)
class Odd:
    """Odd."""
    info: ClassVar[MethodInfo] = MethodInfo(
        name="odd", title="Odd", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        print("a line of its own")
        if image.max() == 0:
            BLACK
        return np.full(image.shape[:2], 0.5, np.float32)
'''


def run(path: Path, text: str, **options) -> dict[str, CheckFinding]:
    path.write_text(text)
    found = list(check_apart(path.name, plugin=path, **options))
    assert {method for method, _ in found} == {"odd"}, found
    return {finding.check: finding for _, finding in found}


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        pytest.param("os._exit(7)", "exit code 7", marks=pytest.mark.slow),
        ("os.abort()", "SIGABRT"),
        pytest.param("time.sleep(1000)", "did not end within 4 s", marks=pytest.mark.slow),
    ],
)
def test_a_crash_costs_one_check(tmp_path, deed, words):
    findings = run(tmp_path / "odd.py", PLUGIN.replace("BLACK", deed), timeout=4)
    failed = [name for name, finding in findings.items() if finding.status == "failed"]
    assert failed == ["contents"]
    assert words in findings["contents"].detail and findings["contents"].mend
    assert findings["sizes"].status == Status.OK and findings["memory"].status != "failed"


def test_what_it_prints_does_not_disturb_the_findings(tmp_path):
    findings = run(tmp_path / "odd.py", PLUGIN.replace("BLACK", "pass"))
    assert [name for name, finding in findings.items() if finding.status == "failed"] == []


def test_an_exit_at_the_import_is_said(tmp_path):
    path = tmp_path / "gone.py"
    path.write_text("import sys\nprint('bye')\nsys.exit(0)\n")
    with pytest.raises(
        MethodError, match=r"gone\.py fails: .*ends the program when it is imported"
    ):
        list(check_apart("gone.py", plugin=path))


def test_a_class_that_is_not_frozen_is_said(tmp_path):
    text = PLUGIN.replace("BLACK", "pass").replace("(frozen=True)", "")
    findings = run(tmp_path / "odd.py", text)
    assert list(findings) == ["interface"] and "frozen" in findings["interface"].detail


@pytest.mark.parametrize("text", ["x = 1\n", "import no_such_module\n", "def broken(:\n"])
def test_a_file_without_a_method_is_one_line(tmp_path, text):
    path = tmp_path / "none.py"
    path.write_text(text)
    with pytest.raises(MethodError, match=r"none\.py"):
        list(check_apart("none.py", plugin=path))


def test_an_unknown_name_is_one_line():
    with pytest.raises(MethodError, match="did you mean closed-form"):
        list(check_apart("closed-from"))
