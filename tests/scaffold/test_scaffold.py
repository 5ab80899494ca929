"""What new-method writes works at once, is right Python, and overwrites nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from itertools import product

import pytest
from click.testing import CliRunner, Result

from p3mbench.cli import main
from p3mbench.errors import MethodError
from p3mbench.method import Kind
from p3mbench.registry import find
from p3mbench.scaffold import names_of, new_method


def call(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


@pytest.mark.parametrize(
    ("kind", "learned"),
    [
        (Kind.TRIMAP_FREE, False),
        (Kind.TRIMAP_BASED, False),
        pytest.param(Kind.TRIMAP_FREE, True, marks=pytest.mark.slow),
        pytest.param(Kind.TRIMAP_BASED, True, marks=pytest.mark.slow),
    ],
)
def test_a_new_plugin_passes_the_check_at_once(tmp_path, kind, learned):
    arguments = ["new-method", "my-net", "--kind", kind, "--out", tmp_path]
    made = call(*arguments, *["--learned"] * learned)
    assert made.exit_code == 0, made.output
    path = tmp_path / "my_net.py"
    assert f"wrote {path}" in made.output and f"p3mbench check {path}" in made.output
    checked = call("check", path)
    assert checked.exit_code == 0, checked.output
    assert "my-net passes" in checked.output and "  failed" not in checked.output
    assert f"frozen dataclass, {kind}" in checked.output


@pytest.mark.parametrize(("kind", "learned"), list(product(Kind, (False, True))))
def test_no_line_is_long_and_every_file_is_whole(tmp_path, kind, learned):
    new_method("my-net", kind, learned=learned, folder=tmp_path)
    new_method("my-net", kind, learned=learned, package=True, folder=tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 9 + learned
    for path in files:
        text = path.read_text()
        assert "[[" not in text and "[%" not in text, path
        assert text.endswith("\n") and not text.endswith("\n\n"), path
        if path.suffix == ".py":
            ast.parse(text)
            assert max(map(len, text.splitlines())) <= 100, path


@pytest.mark.slow(7)
@pytest.mark.parametrize("learned", [False, True])
def test_a_new_package_installs_is_found_and_passes_its_own_test(tmp_path, learned):
    made = call("new-method", "my-net", "--package", *["--learned"] * learned, "--out", tmp_path)
    assert made.exit_code == 0, made.output
    project, site = tmp_path / "p3mbench-my-net", tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "--target", site, project], check=True)
    # Its own test runs all checks. The command that runs them is tried on the quicker method.
    found = ["methods", "show"] if learned else ["check"]
    environment = {"PYTHONPATH": str(site), "PATH": "", "HOME": str(tmp_path)}
    for command in (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", project],
        ["-m", "p3mbench", *found, "my-net"],
    ):
        done = subprocess.run(
            [sys.executable, *map(str, command)], cwd=tmp_path, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_declares_what_it_holds(tmp_path):
    new_method("my-net", Kind.TRIMAP_FREE, learned=True, package=True, folder=tmp_path)
    root = tmp_path / "p3mbench-my-net"
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["p3mbench.methods"] == {"my-net": "p3mbench_my_net.spec:MyNet"}
    assert "class MyNet:" in (root / "src" / "p3mbench_my_net" / "spec.py").read_text()
    assert "${{ matrix.python }}" in (root / ".github" / "workflows" / "test.yml").read_text()


@pytest.mark.parametrize("package", [False, True])
def test_nothing_is_overwritten(tmp_path, package):
    (first, *_) = new_method("my-net", Kind.TRIMAP_FREE, package=package, folder=tmp_path)
    first.write_text("mine")
    with pytest.raises(MethodError, match="exists already and is not overwritten"):
        new_method("my-net", Kind.TRIMAP_BASED, package=package, folder=tmp_path)
    assert first.read_text() == "mine"


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "my_net.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(MethodError, match="exists already"):
        new_method("my-net", Kind.TRIMAP_FREE, folder=tmp_path)
    assert not (tmp_path / "elsewhere.py").exists()


@pytest.mark.parametrize(
    "name", ["", "My Net", "my_net", "3d", "-x", "a--b", "a-", "../x", "a/b", "é", "x" * 61, "a\n"]
)
def test_a_bad_name_is_one_line(tmp_path, name):
    with pytest.raises(MethodError, match="cannot be a method's name"):
        new_method(name, Kind.TRIMAP_FREE, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_name_gets_a_hint():
    with pytest.raises(MethodError, match="for instance my-net$"):
        names_of("My Net")


def test_a_name_in_use_is_refused(tmp_path):
    with pytest.raises(MethodError, match=r"a method coarse exists \(p3mbench\)"):
        new_method("coarse", Kind.TRIMAP_FREE, folder=tmp_path)


@pytest.mark.parametrize("name", ["path", "none", "true", "predictor", "class", "np", "network"])
def test_names_that_python_uses_already(tmp_path, name):
    """The class hides neither an import of the file nor anything of Python's own."""
    for learned in (False, True):
        folder = tmp_path / str(learned)
        (path,) = new_method(name, Kind.TRIMAP_FREE, learned=learned, folder=folder)
        (found,) = [entry for entry in find([path]) if entry.name == name]
        assert found.problem is None and found.method is not None
        assert found.method.info.title == name.capitalize()
