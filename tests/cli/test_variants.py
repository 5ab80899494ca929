"""A variant beside B and N is a line of TOML: from the file to the store's rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from p3mbench.benchmark import get, open_benchmark
from p3mbench.cli import main
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.known import keys_of
from p3mbench.harness.plan import make_plan
from p3mbench.images import read_image
from p3mbench.store import Store
from p3mbench.writing import write_png

TOML = """
name = "three"
source = "synthetic"
variants = ["B", "N", "mosaic-0.10"]
[synthetic]
height = 96
width = 72
[[subsets]]
name = "P"
count = 2
"""


def run(out: Path, *more: str) -> Result:
    arguments = ["run", "--methods", "coarse,grey", "--device", "cpu", "--out", str(out), *more]
    return CliRunner().invoke(main, arguments)


def recipes(out: Path) -> set[tuple[str, str, str]]:
    with Store(out) as store:
        frame = store.frame()
    assert set(frame["status"]) == {"ok"}
    return set(frame[["method", "variant", "obfuscation"]].itertuples(index=False, name=None))


def test_a_declared_variant_runs_with_its_own_recipe(tmp_path, plugin_file):
    toml = tmp_path / "three.toml"
    toml.write_text(TOML)
    found = run(tmp_path / "out", "--benchmark", str(toml), "--plugin", str(plugin_file))
    assert found.exit_code == 0, found.output
    assert recipes(tmp_path / "out") == {
        (method, variant, recipe)
        for method in ("coarse", "grey")
        for variant, recipe in (
            ("B", "gaussian-0.12-v1"),
            ("N", ""),
            ("mosaic-0.10", "mosaic-0.1-v1"),
        )
    }
    with Store(tmp_path / "out") as store:
        assert len(store.frame()) == 2 * 2 * 3


def test_an_undeclared_variant_can_be_asked_for(tmp_path, plugin_file):
    more = ("--benchmark", "mini", "--limit", "1", "--plugin", str(plugin_file))
    found = run(tmp_path, *more, "--variants", "zero,N")
    assert found.exit_code == 0, found.output
    want = {(m, v, r) for m in ("coarse", "grey") for v, r in (("zero", "zero-v1"), ("N", ""))}
    assert recipes(tmp_path) == want
    again = run(tmp_path, *more, "--variants", "B,gaussian-0.12")
    assert again.exit_code == 1 and "have the same recipe (gaussian-0.12-v1)" in again.output
    missing = run(tmp_path, *more, "--variants", "tool-swap,N")
    assert missing.exit_code == 3 and "another program makes its images" in missing.output


# subset and variant -> content and key of a row as the code before named variants made them,
# with code, libraries and versions replaced by words
KEYS = {
    ("P", "B"): (
        "c68304f0c2dc6ba4f5cebc7ae6610e635d3905fae3474957cf9c26d9771c7acd",
        "7426218d741f765640c4e0b94466b5d251bb14fb0fa3b987905a7dad531d073d",
    ),
    ("P", "N"): (
        "7e790fcf98bcf2369fc7280a7da158302836e90d5267038aeacdba618a7c132d",
        "9eeca0e850cc7a30dc0905ab02b7af94eced87d85981c7b21942e2e3aa519776",
    ),
}
WORDS = {"code": "code", "libraries": "libraries", "method_version": "1", "metrics_version": "1"}


@pytest.mark.parametrize("variants", [("B", "N"), ("B", "mosaic-0.10", "N")])
def test_keys_of_rows_of_b_and_n_are_those_of_earlier_stores(tmp_path, variants):
    methods, _ = select_methods("coarse", ())
    request = Request(methods=methods, variants=variants, limit=1)
    with Store(tmp_path, create=True) as store:
        opened = open_benchmark(get("mini").with_variants(variants), None)
        tasks = {(t.cell.subset, t.cell.variant): t for t in make_plan(opened, request, store).todo}
    assert len(tasks) == 2 * len(variants)
    for place, (content, key) in KEYS.items():
        task = tasks[place]
        columns = task.cell.columns | WORDS
        assert task.content == content
        assert keys_of(columns, (1, 1)).today(task.sample.id, task.content) == key


FOLDERS = """
name = "mine"
source = "folder"
variants = ["N", "tool-faceswap", "mean"]
[[subsets]]
name = "P"
alpha = "mask"
original = "original_image"
face = "facemask"
trimap = "trimap"
[subsets.variants]
tool-faceswap = "swapped"
"""


@pytest.fixture
def replaced(p3m_folder: Path, portrait_arrays: dict[str, np.ndarray]) -> Path:
    """Subset NP with face masks, and pictures whose faces another tool has replaced."""
    subset = p3m_folder / "validation" / "P3M-500-NP"
    shutil.copytree(subset / "original_image", subset / "swapped")
    (subset / "facemask").mkdir()
    for i, name in enumerate(("n_1", "n_2")):
        face = np.roll(portrait_arrays["face"], 2 * i, axis=0)
        write_png(subset / "facemask" / f"{name}.png", face)
        path = subset / "swapped" / f"{name}.png"
        write_png(path, np.where(face[..., None] > 0, np.uint8(77), read_image(path)))
    return subset


def reported(out: Path) -> str:
    done = CliRunner().invoke(main, ["report", "--results", str(out), "--format", "csv"])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_faces_that_a_tool_replaced_are_a_variant_of_folders(tmp_path, replaced, plugin_file):
    (replaced / "mine.toml").write_text(FOLDERS)
    more = ("--benchmark", str(replaced / "mine.toml"), "--plugin", str(plugin_file))
    found = run(tmp_path / "out", *more)
    assert found.exit_code == 0, found.output
    want = {("N", ""), ("tool-faceswap", ""), ("mean", "mean-v1")}
    assert recipes(tmp_path / "out") == {(m, *one) for m in ("coarse", "grey") for one in want}
    assert "-:tool-faceswap" in reported(tmp_path / "out")
    swapped = run(tmp_path / "swap", *more, "--variants", "swap,N")
    assert swapped.exit_code == 3
    assert "only drawn portraits can show another person's face" in swapped.output
    assert "tool-NAME" in swapped.output


@pytest.mark.slow
def test_faces_that_a_tool_replaced_are_a_variant_of_p3m(tmp_path, replaced, plugin_file):
    """The folder beside mask has the variant's name; a TOML file may declare it."""
    data = replaced.parents[1]
    (replaced / "swapped").rename(replaced / "tool-faceswap")
    toml = tmp_path / "p3m.toml"
    toml.write_text(
        'name = "p3m-swap"\nsource = "p3m10k"\nvariants = ["N", "tool-faceswap"]\n'
        '[[subsets]]\nname = "NP"\n'
    )
    plugin = ("--plugin", str(plugin_file), "--data", str(data))
    for name, more in (
        ("declared", ("--benchmark", str(toml))),
        ("asked", ("--benchmark", "p3m500", "--variants", "N,tool-faceswap")),
    ):
        found = run(tmp_path / name, *more, *plugin)
        assert found.exit_code in (0, 3), found.output
        made = {("N", ""), ("tool-faceswap", "")}
        assert recipes(tmp_path / name) == {(m, *one) for m in ("coarse", "grey") for one in made}
        assert "-:tool-faceswap" in reported(tmp_path / name)


DRAWN = """
name = "drawn"
source = "synthetic"
variants = ["N", "inpaint", "swap"]
[synthetic]
world = "collection"
height = 96
width = 72
[[subsets]]
name = "P"
count = 2
"""


@pytest.mark.slow
def test_a_network_trained_on_a_variant_has_its_own_rows(tmp_path, monkeypatch):
    pytest.importorskip("lightning_fabric")
    monkeypatch.setenv("P3MBENCH_CACHE", str(tmp_path / "cache"))
    toml = tmp_path / "drawn.toml"
    toml.write_text(DRAWN)
    weights = []
    for setting in ("inpaint", "swap", "N"):
        out = tmp_path / setting
        plain = "--width 0.0625 --steps 1 --crop 64 --batch-size 1 --limit 1 --no-tensorboard"
        where = ["--setting", setting, "--benchmark", str(toml), "--out", str(out)]
        command = ["train", "modnet", *where, *plain.split(), "--device", "cpu"]
        done = CliRunner().invoke(main, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        weights += ["--weights", f"modnet={out / 'weights.safetensors'}"]
    command = ["run", "--methods", "modnet", "--benchmark", str(toml), "--device", "cpu", *weights]
    done = CliRunner().invoke(main, [*command, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    lines = reported(tmp_path / "out")
    for wanted in (
        "inpaint:N",
        "swap:swap",
        "N:inpaint",
        "swap:N \u2212 swap:swap",
        "train-by-test",
    ):
        assert wanted in lines
