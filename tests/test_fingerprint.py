"""Which files and libraries count as the code of a method."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from p3mbench.fingerprint import (
    Code,
    Fingerprints,
    changed_files,
    changed_libraries,
)
from p3mbench.registry import execute, get

PLUGIN = """
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from p3mbench.method import Kind, MethodInfo
{top}

@dataclass(frozen=True)
class Mine:
    info: ClassVar[MethodInfo] = MethodInfo(
        name="mine", title="Mine", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        {inside}
        return self
"""


def plugin(folder: Path, top: str = "", inside: str = "pass", name: str = "mine.py") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(PLUGIN.format(top=top, inside=inside))
    return path


def code(path: Path) -> Code:
    return Fingerprints().of(execute(path).Mine())


def names(path: Path) -> set[str]:
    return {name for name, _ in code(path).files} - {"p3mbench.method"}


def library(folder: Path, name: str, version: str) -> None:
    """A distribution of one module, as ``pip install --target`` leaves it."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text("VALUE = 1\n")
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "top_level.txt").write_text(f"{name}\n")
    (info / "RECORD").write_text(f"{name}.py,,\n")


def test_bytes_decide_and_times_do_not(tmp_path):
    path = plugin(tmp_path)
    before = code(path)
    os.utime(path, (1, 1))
    assert code(path) == before
    path.write_bytes(path.read_bytes() + b"#")
    assert code(path).sha256 != before.sha256
    assert changed_files(before.files, code(path).files) == ("mine.py",)


def test_a_plugin_that_moves_stays_the_same(tmp_path):
    path = plugin(tmp_path / "a")
    (tmp_path / "a" / "helper.py").write_text("")
    moved = plugin(tmp_path / "b")
    assert code(path).sha256 == code(moved).sha256


@pytest.mark.parametrize(
    ("inside", "files", "found"),
    [
        ("import helper", {"helper.py": ""}, {"helper"}),
        (
            "import helper as h",
            {"helper.py": "import deeper", "deeper.py": ""},
            {"helper", "deeper"},
        ),
        ("from pack import one", {"pack/__init__.py": "", "pack/one.py": ""}, {"pack", "pack.one"}),
        ("import pack.a.b", {"pack/a/b.py": ""}, {"pack.a.b"}),  # folders without __init__.py
        (
            "from pack.one import f",
            {"pack/__init__.py": "", "pack/one.py": "from .two import f", "pack/two.py": "f = 1"},
            {"pack", "pack.one", "pack.two"},
        ),
        (
            "from pack.sub import x",
            {"pack/__init__.py": "", "pack/sub/__init__.py": "from .. import up", "pack/up.py": ""},
            {"pack", "pack.sub", "pack.up"},
        ),
        ("import importlib; importlib.import_module('helper')", {"helper.py": ""}, {"helper"}),
        ("__import__('helper')", {"helper.py": ""}, {"helper"}),
        ("import nowhere_at_all", {"helper.py": ""}, set()),
        ("import helper", {"helper.py": "def broken(:"}, {"helper"}),
    ],
)
@pytest.mark.slow
def test_modules_beside_a_plugin_count_where_they_are_imported(tmp_path, inside, files, found):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    path = plugin(tmp_path, inside=inside)
    before = code(path)
    assert names(path) == {"mine.py", *found}
    for name in files:
        with (tmp_path / name).open("a") as file:
            file.write("\n# one more line\n")
    assert (code(path).sha256 != before.sha256) is bool(found)


def test_imports_for_type_checkers_do_not_count(tmp_path):
    (tmp_path / "helper.py").write_text("")
    assert names(plugin(tmp_path, "if TYPE_CHECKING:\n    import helper")) == {"mine.py"}


def test_a_module_imported_by_a_name_that_is_computed_counts_once_it_is_loaded(tmp_path):
    (tmp_path / "computed_name.py").write_text("def f(): return 1\n")
    top = (
        f"import sys, importlib\nsys.path.insert(0, {str(tmp_path)!r})\n"
        "held = importlib.import_module('computed' + '_name')\nsys.path.pop(0)"
    )
    assert names(plugin(tmp_path, top)) == {"mine.py", "computed_name"}


def test_a_version_counts_exactly_where_the_library_is_imported(tmp_path, monkeypatch):
    library(tmp_path / "site", "odd_library", "1.0")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    user = plugin(tmp_path / "a", inside="import odd_library")
    other = plugin(tmp_path / "b")
    before = code(user), code(other)
    assert dict(before[0].libraries)["odd_library"] == "1.0"
    (tmp_path / "site" / "odd_library-1.0.dist-info").rename(
        tmp_path / "site" / "odd_library-2.0.dist-info"
    )
    metadata = tmp_path / "site" / "odd_library-2.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "2.0"))
    after = code(user), code(other)
    assert changed_libraries(before[0].versions, after[0].versions) == (
        "odd_library 1.0 became 2.0",
    )
    assert before[0].sha256 == after[0].sha256
    assert before[1] == after[1]


def test_a_library_that_is_shadowed_counts_by_its_bytes(tmp_path, monkeypatch):
    path = plugin(tmp_path / "a", inside="import pymatting")
    before = code(path)
    assert "PyMatting" in dict(before.libraries) and names(path) == {"mine.py"}
    shadow = tmp_path / "shadow" / "pymatting"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("from .solver import solve\n")
    (shadow / "solver.py").write_text("def solve(): ...\n")
    monkeypatch.syspath_prepend(str(tmp_path / "shadow"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "pymatting"]:
        monkeypatch.delitem(sys.modules, name)  # another test of this process may have loaded it
    assert names(path) == {"mine.py", "pymatting", "pymatting.solver"}
    assert "PyMatting" not in dict(code(path).libraries)


def test_a_module_of_a_librarys_name_beside_the_plugin_counts_too(tmp_path):
    path = plugin(tmp_path, inside="import pymatting")
    (tmp_path / "pymatting.py").write_text("")
    assert "pymatting" in names(path)


def test_a_built_in_method_counts_its_folder_and_what_it_shares():
    files = dict(Fingerprints().of(get("modnet")).files)
    assert {
        "p3mbench.method",
        "p3mbench.weights",
        "p3mbench_methods.inference",
        "p3mbench_methods.modnet.network",
        "p3mbench_methods.modnet.method",
    } <= set(files)
    assert not any(name.startswith(("p3mbench.cli", "p3mbench.harness")) for name in files)
    assert not any(name.startswith("p3mbench_methods.gfm") for name in files)


def test_libraries_are_those_of_the_method():
    prints = Fingerprints()
    found = {
        m: {name for name, _ in prints.of(get(m)).libraries} for m in ("knn", "modnet", "coarse")
    }
    assert "PyMatting" in found["knn"] and "torch" not in found["knn"]
    assert "torch" in found["modnet"] and "PyMatting" not in found["modnet"]
    assert found["coarse"] == {"numpy"}


def test_a_file_that_changed_since_is_named(tmp_path):
    path = plugin(tmp_path)
    found = code(path)
    assert found.changed_file() is None
    path.write_bytes(path.read_bytes() + b"#")
    assert found.changed_file() == "mine.py"
    path.unlink()  # on another machine it may lie elsewhere
    assert found.changed_file() is None


def test_an_editable_package_counts_by_its_files(tmp_path, monkeypatch):
    """The files lie outside the folder that holds the distribution's metadata."""
    source, site = tmp_path / "src", tmp_path / "site"
    for folder in (source / "edpack", site):
        folder.mkdir(parents=True)
    (source / "edpack" / "__init__.py").write_text("")
    (source / "edpack" / "net.py").write_text("WEIGHT = 1\n")
    library(site, "edpack", "3.0")
    (site / "edpack.py").unlink()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.syspath_prepend(str(source))
    path = plugin(tmp_path / "a", inside="import edpack.net")
    before = code(path)
    assert names(path) == {"mine.py", "edpack", "edpack.net"}
    (source / "edpack" / "net.py").write_text("WEIGHT = 2\n")
    assert code(path).sha256 != before.sha256


def test_a_method_of_no_file_has_no_files():
    spec = importlib.util.spec_from_loader("made_up", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec("class Mine: pass", module.__dict__)  # noqa: S102
    assert Fingerprints().of(module.Mine()) == Code()
