"""What is installed is what stands in the tree, and it works from anywhere."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = {
    "p3mbench": "p3mbench",
    "methods": "p3mbench_methods",
    "benchmarks": "p3mbench_benchmarks",
    "results/published": "p3mbench_published",
}
NOT_SHIPPED = (
    "benchmarks/speed/",
    "benchmarks/robustness/",
    "benchmarks/statistics/",
    "benchmarks/training/",
    "benchmarks/mini/train_all.py",
    "benchmarks/mini/floors.py",
    "benchmarks/mini/realism.py",
    "benchmarks/privacy/",
)


def tree() -> set[str]:
    """Files under the shipped folders, by the path they should have in the wheel."""
    found = set()
    for folder, package in SHIPPED.items():
        for path in (ROOT / folder).rglob("*"):
            relative = path.relative_to(ROOT).as_posix()
            if path.suffix in (
                ".py",
                ".toml",
                ".typed",
                ".csv",
                ".json",
                ".safetensors",
                ".css",
                ".js",
                ".j2",
            ) and not relative.startswith(NOT_SHIPPED):
                found.add(relative.replace(folder, package, 1))
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    source = tmp_path_factory.mktemp("source") / "checkout"
    subprocess.run(["git", "-C", ROOT, "rev-parse"], check=True, capture_output=True)
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", out, source]
    subprocess.run(pip, check=True)
    (path,) = out.glob("*.whl")
    return path


@pytest.mark.slow(4)
def test_the_wheel_holds_the_tree_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == tree()


@pytest.mark.slow(4)
def test_the_wheel_works_from_any_folder(wheel, tmp_path):
    """Installed beside this environment's dependencies, but without the checkout."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    target = next((home / "lib").glob("python*/site-packages"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, wheel],
        check=True,
    )
    # Dependencies only: .pth files of this environment, an editable install among them, do not run.
    here = next(p for p in sys.path if p.endswith("site-packages"))
    code = (
        "import sys, p3mbench, p3mbench.cli as cli;"
        f"sys.path.append({here!r});"
        "assert 'site-packages' in p3mbench.__file__, p3mbench.__file__;"
        "cli.main(sys.argv[1:], prog_name='p3mbench')"
    )
    code = f"import sys; sys.path.append({here!r}); " + code
    for args in (["methods"], ["run", "--methods", "all", "--dry-run"]):
        done = subprocess.run(
            [python, "-c", code, *args], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "closed-form" in done.stdout


def test_every_method_has_an_entry_point():
    """A method class without one would be installed and never found."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["options.entry_points"]["p3mbench.methods"].split()
    declared = {part for part in lines if ":" in part}
    from importlib import import_module

    from p3mbench.method import MethodInfo

    found = set()
    for spec in (ROOT / "methods").glob("*/spec.py"):
        module = import_module(f"p3mbench_methods.{spec.parent.name}.spec")
        for name, value in vars(module).items():
            mine = isinstance(value, type) and value.__module__ == module.__name__
            if mine and isinstance(getattr(value, "info", None), MethodInfo):
                found.add(f"{module.__name__}:{name}")
    assert found == declared


def test_every_package_is_listed():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(config["options"]["packages"].split())
    here = {
        ".".join([package, *path.parent.relative_to(ROOT / folder).parts])
        for folder, package in SHIPPED.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert listed == here


def test_the_constraints_pin_what_the_readme_installs():
    readme = (ROOT / "README.md").read_text()
    assert readme.count("pip install -c constraints.txt") == 2
    assert "torch==" in (ROOT / "constraints.txt").read_text()


def test_nothing_names_a_registry_or_a_machine():
    listed = subprocess.run(
        ["git", "-C", ROOT, "grep", "-lE", r"/root/|/work/|pypi\.org|registry\.npmjs", "--", "."],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    assert [name for name in listed if name != "tests/test_packaging.py"] == []


def test_one_version_is_everywhere():
    import p3mbench

    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {p3mbench.__version__}\n" in citation
    release = p3mbench.__version__.partition(".dev")[0]
    assert f"\n## {release}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_container_has_a_supported_python():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lowest = tuple(map(int, config["options"]["python_requires"].removeprefix(">=").split(".")))
    (line,) = [x for x in (ROOT / "Dockerfile").read_text().splitlines() if x.startswith("FROM")]
    found = line.partition("python:")[2].partition("-")[0]
    assert tuple(map(int, found.split("."))) >= lowest


def test_the_development_loop_has_five_commands_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    loop = text.partition("```bash\n")[2].partition("```")[0].strip().splitlines()
    assert len(loop) == 5 and "tox" in loop[-1] and "pytest" in loop[-2]
    tox = (ROOT / "tox.ini").read_text()
    assert all(f"[testenv:{name}]" in tox for name in ("lint", "type", "audit", "package", "test"))
