"""A new source of data is one file: in the package, or in another one that registers it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from p3mbench.benchmark import get, open_benchmark, parse
from p3mbench.cli import main
from p3mbench.data import sources
from p3mbench.errors import BenchmarkError
from p3mbench.harness.places import view_of
from p3mbench.store import Store

# The whole of a source whose pictures and alphas lie in one folder: NAME.jpg and NAME_alpha.png.
PAIRS = """
from dataclasses import dataclass
from typing import ClassVar

from p3mbench.data.sample import FileSample
from p3mbench.data.sources import DataSource
from p3mbench.data.subset import Paired, Subset


@dataclass(frozen=True)
class PairsSource(DataSource):
    name: ClassVar[str] = "pairs"
    subset_keys: ClassVar[tuple[str, ...]] = ("folder",)

    def check_subset(self, table):
        table.text("folder")

    def pair(self, asked, root, table):
        alphas = sorted((root / table["folder"]).glob("*_alpha.png"))
        samples, problems = [], []
        for alpha in alphas:
            name = alpha.stem.removesuffix("_alpha")
            image = alpha.with_name(f"{name}.jpg")
            if image.exists():
                samples.append(FileSample(name, {"N": image}, alpha))
            else:
                problems.append(f"{alpha}: has no picture {image.name}")
        subset = Subset(table["name"], tuple(samples), len(samples), ("N",), {}, False)
        return Paired(subset, tuple(problems))


SOURCE = PairsSource
"""
TOML = """
name = "wedding"
source = "pairs"
variants = ["N"]
trimap = "kernel-5"
[[subsets]]
name = "all"
folder = "pictures"
"""


@pytest.fixture
def wedding(tmp_path: Path, portrait_arrays) -> Path:
    """A benchmark of two pairs; returns its TOML file."""
    folder = tmp_path / "wedding" / "pictures"
    folder.mkdir(parents=True)
    for name in ("bride", "groom"):
        cv2.imwrite(str(folder / f"{name}.jpg"), portrait_arrays["image"][..., ::-1])
        cv2.imwrite(str(folder / f"{name}_alpha.png"), portrait_arrays["alpha"])
    path = tmp_path / "wedding" / "wedding.toml"
    path.write_text(TOML)
    return path


def rows_of(out: Path) -> list[tuple[str, str, str, str]]:
    with Store(out) as store:
        frame = store.frame()
    assert set(frame["status"]) == {"ok"}
    names = ["benchmark", "variant", "image", "method"]
    return sorted(frame[names].itertuples(index=False, name=None))


WANTED = [("wedding", "N", "bride", "coarse"), ("wedding", "N", "groom", "coarse")]


def test_a_module_in_the_package_is_a_source(wedding, tmp_path, monkeypatch):
    """One file beside folder.py, and nothing else."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "pairs.py").write_text(PAIRS)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(package)])
    monkeypatch.delitem(sys.modules, "p3mbench.data.sources.pairs", raising=False)
    assert "pairs" in sources.source_names()
    arguments = ["run", "--methods", "coarse", "--benchmark", str(wedding), "--device", "cpu"]
    found = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "out")])
    assert found.exit_code == 0, found.output
    assert rows_of(tmp_path / "out") == WANTED
    verified = CliRunner().invoke(main, ["data", "verify", "--benchmark", str(wedding)])
    assert verified.exit_code == 0 and "4 files read: 0 problems" in verified.output
    (wedding.parent / "pictures" / "bride.jpg").unlink()
    with pytest.raises(Exception, match=r"bride_alpha.png: has no picture bride.jpg"):
        open_benchmark(get(str(wedding)), None)
    sys.modules.pop("p3mbench.data.sources.pairs")


@pytest.mark.slow
def test_another_package_may_register_a_source(wedding, tmp_path):
    """Through its entry point, in every process."""
    site = tmp_path / "site"
    info = site / "pairs-1.dist-info"
    info.mkdir(parents=True)
    (site / "pairs.py").write_text(PAIRS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pairs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[p3mbench.sources]\npairs = pairs:PairsSource\n")
    command = [sys.executable, "-m", "p3mbench", "run", "--methods", "coarse", "--device", "cpu"]
    found = subprocess.run(
        [*command, "--benchmark", str(wedding), "--out", str(tmp_path / "out")],
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert rows_of(tmp_path / "out") == WANTED


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import nowhere", "'broken' cannot be loaded (ModuleNotFoundError"),
        ("Source = 3", "'broken' is not a DataSource with this name"),
    ],
)
def test_a_broken_source_is_one_line_and_only_if_it_is_named(tmp_path, monkeypatch, code, words):
    info = tmp_path / "broken-1.dist-info"
    info.mkdir()
    (tmp_path / "broken_source.py").write_text(code)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    points = "[p3mbench.sources]\nbroken = broken_source:Source\nfolder = broken_source:Source\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "broken_source", raising=False)
    ours = sources.source_names()[:-1]
    assert sources.source_names()[-1] == "broken" and ours.count("folder") == 1
    assert tuple(one.name for one in sources.sources()) == ours
    with pytest.raises(BenchmarkError) as caught:
        parse(TOML.replace("pairs", "broken"), "x", None)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    sys.modules.pop("broken_source", None)


def test_sources_know_only_keys_of_their_own():
    text = TOML.replace('"pairs"', '"folder"').replace("folder =", "alpha =")
    assert parse(text, "x", Path("/data")).source.name == "folder"
    with pytest.raises(BenchmarkError, match="unknown key 'synthetic'"):
        parse(text + "[synthetic]\nseed = 1\n", "x", None)


DEFINITIONS = {
    "mini": ("", "c63b65b5d3993d91578e010d4615b42bb90d7269b6282b8eeb14a8c1397ae54e"),
    "p3m500": ("/data", "7f133153135fd43a72c29cf8bb591273f055a185e1776be8c534c1872c811e40"),
    "mine": ("/data", "a753cf1f52b4253391534b67362e4d8954465737477b1249842789a79df40684"),
}
MINE = """
name = "mine"
source = "folder"
[[subsets]]
name = "P"
alpha = "mask"
blurred = "blurred_image"
"""


@pytest.mark.parametrize("name", DEFINITIONS)
def test_stores_of_earlier_versions_know_the_benchmarks(name):
    """The literals are of stores that version 0.1 wrote."""
    from p3mbench.benchmark import Opened

    benchmark = parse(MINE, "x", None) if name == "mine" else get(name)
    where, wanted = DEFINITIONS[name]
    assert view_of(Opened(benchmark, (), {}, where), (), (), ()).definition == wanted
    json.dumps(benchmark.definition(where))
