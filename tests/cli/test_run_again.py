"""What runs again, what counts and what is said of it: through the command line, end to end."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from calls import call
from click.testing import Result

from p3mbench.store import Store

USER = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

@dataclass(frozen=True)
class {cls}:
    info: ClassVar[MethodInfo] = MethodInfo(
        name="{name}", title="{cls}", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        {line}
        return np.full(image.shape[:2], level, np.float32)
"""


class Bench:
    """A data set, two plugins of which one imports a library, and a store."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data, self.out = folder, data, folder / "out"
        self.site = folder / "site"
        self.site.mkdir()
        (self.site / "lib_of_levels.py").write_text("LEVEL = 0.5\n")
        self.install("1.0")
        self.user, self.other = folder / "user.py", folder / "other.py"
        line = "from lib_of_levels import LEVEL as level"
        self.user.write_text(USER.format(cls="User", name="user", line=line))
        self.other.write_text(USER.format(cls="Other", name="other", line="level = 0.25"))

    def install(self, version: str) -> None:
        for old in self.site.glob("*.dist-info/*"):
            old.unlink()
        for old in self.site.glob("*.dist-info"):
            old.rmdir()
        info = self.site / f"lib_of_levels-{version}.dist-info"
        info.mkdir()
        text = f"Metadata-Version: 2.1\nName: lib-of-levels\nVersion: {version}\n"
        (info / "METADATA").write_text(text)
        (info / "RECORD").write_text("lib_of_levels.py,,\n")

    def run(self, *more: str) -> Result:
        plugins = ("--plugin", self.user, "--plugin", self.other, "--images", "p_1,p_2")
        where = ("--benchmark", "p3m500", "--data", self.data, "--out", self.out)
        return call("run", "--methods", "user,other,coarse", *plugins, *where, *more)

    def again(self) -> str:
        """The methods that a run would run, with their counts."""
        text = self.run("--dry-run").output
        lines = [line.split() for line in text.splitlines() if "trimap-" in line]
        return ", ".join(f"{w[0]} {w[2].rstrip(',')}" for w in lines if w[2].rstrip(",") != "0")


@pytest.fixture
def bench(tmp_path, p3m_folder, monkeypatch):
    made = Bench(tmp_path, p3m_folder)
    monkeypatch.syspath_prepend(str(made.site))
    return made


@pytest.mark.slow
def test_exactly_what_an_edit_or_a_library_touches_runs_again(bench):
    done = bench.run()
    assert done.exit_code == 0, done.output
    assert bench.again() == ""
    bench.user.touch()
    bench.other.touch()
    assert bench.again() == ""
    bench.other.write_text(bench.other.read_text().replace("0.25", "0.26"))  # one character
    assert bench.again() == "other 2"
    done = bench.run()
    assert "note: other: its code changed since 2 rows were made (other.py); they run again" in (
        done.output
    )
    assert bench.again() == ""
    bench.install("1.1")
    assert bench.again() == "user 2"
    assert "a package it uses changed since 2 rows were made (lib-of-levels 1.0 became 1.1)" in (
        bench.run("--dry-run").output
    )
    assert bench.run().exit_code == 0 and bench.again() == ""
    (bench.folder / "lib_of_levels.py").write_text("LEVEL = 0.6\n")  # may shadow it
    assert bench.again() == "user 2"


def run(data: Path, out: Path, *more: object) -> Result:
    where = ("--benchmark", "p3m500", "--data", data, "--out", out)
    return call("run", "--methods", "coarse", *where, *more)


@pytest.mark.usefixtures("undrawn")
def test_every_output_says_what_was_left_out_and_which_code_made_it(tmp_path, p3m_folder):
    out = tmp_path / "out"
    assert run(p3m_folder, out).exit_code == 0
    for name in ("blurred_image", "mask", "trimap"):
        (p3m_folder / "validation" / "P3M-500-P" / name / "p_3.png").unlink()
    result = run(p3m_folder, out)
    assert "nothing left to do" in result.output
    said = "1 row is left out: p_3 is no longer in p3m500 P."
    for format_ in ("table", "markdown", "json", "csv", "latex", "html"):
        file = tmp_path / f"report.{format_}"
        result = call("report", "--results", out, "--format", format_, "--out", file)
        assert result.exit_code == 0
        flat = " ".join((file.read_text() + result.output).replace("\\", "").split())
        assert said in flat, format_
    lines = list(csv.DictReader(io.StringIO((tmp_path / "report.csv").read_text())))
    assert {len(line["code"]) for line in lines if line["role"] == "settings"} == {64}
    assert "numpy" in json.loads(lines[0]["libraries"])
    images = call("report", "--results", out, "--per-image", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(images)))
    assert {row["image"] for row in rows} == {"p_1", "p_2", "n_1", "n_2"}
    assert {len(row["code"]) for row in rows} == {len(row["content"]) for row in rows} == {64}
    again = tmp_path / "imported"
    (tmp_path / "rows.csv").write_text(images)
    assert call("import", tmp_path / "rows.csv", "--out", again).exit_code == 0


def test_a_folder_that_takes_no_mattes_is_one_line_before_the_run(stored, p3m_folder):
    out = stored
    (out / "alphas").write_text("in the way")
    result = run(p3m_folder, out, "--save-alphas")
    assert result.exit_code == 1
    assert "mattes cannot be kept in" in result.output and len(result.output.splitlines()) < 20
    with Store(out) as store:
        assert set(store.frame()["status"]) == {"ok"}


@pytest.mark.usefixtures("undrawn")
def test_relative_data_is_found_from_anywhere(tmp_path, p3m_folder, monkeypatch):
    monkeypatch.chdir(p3m_folder.parent)
    assert run(Path(p3m_folder.name), Path("out"), "--save-alphas").exit_code == 0
    (manifest,) = json.loads((p3m_folder.parent / "out" / "manifest.json").read_text())
    assert manifest["options"]["data"] == str(p3m_folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    page = tmp_path / "page.html"
    result = call(
        "report", "--results", p3m_folder.parent / "out", "--format", "html", "--out", page
    )
    assert "cannot be shown" not in result.output
    assert page.read_text().count("data:image/webp") >= 9


@pytest.mark.parametrize("cut", [100, 4096])
def test_a_store_that_was_not_copied_whole_is_one_line_everywhere(
    tmp_path, p3m_folder, stored, cut
):
    out, store = stored, stored / "store.sqlite"
    store.write_bytes(store.read_bytes()[:-cut])
    for args in (
        ("report", "--results", out),
        ("compare", out, out),
        ("gallery", "--results", out, "--out", tmp_path / "gallery"),
        ("merge", out, "--out", tmp_path / "whole"),
        ("run", "--methods", "coarse", "--benchmark", "p3m500", "--data", p3m_folder, "--out", out),
    ):
        result = call(*args)
        assert result.exit_code == 1, args
        assert "store.sqlite: " in result.output and len(result.output.splitlines()) < 5
        assert "is truncated" in result.output or "is damaged" in result.output


def test_a_foreign_store_with_a_link_is_not_merged(tmp_path, both_variants):
    theirs, secret = both_variants, tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    matte = next((theirs / "alphas").rglob("*.png"))
    matte.unlink()
    matte.symlink_to(secret)
    result = call("merge", theirs, "--out", tmp_path / "whole")
    assert result.exit_code == 1 and "is a symbolic link" in result.output
    assert not list((tmp_path / "whole").rglob("*.png"))


@pytest.mark.usefixtures("undrawn")
def test_a_picture_that_changed_since_it_was_scored_is_not_shown(tmp_path, p3m_folder):
    out = tmp_path / "out"
    assert run(p3m_folder, out, "--save-alphas").exit_code == 0
    image = p3m_folder / "validation" / "P3M-500-P" / "blurred_image" / "p_2.png"
    cv2.imwrite(str(image), 255 - cv2.imread(str(image)))
    page = tmp_path / "page.html"
    result = call("report", "--results", out, "--format", "html", "--out", page)
    assert result.exit_code == 0
    assert "note: p_2 of p3m500 P changed since it was scored; not shown" in result.output


TOML = """
name = "{name}"
source = "folder"
variants = ["B"]
[[subsets]]
name = "P"
alpha = "{folder}/mask"
blurred = "{folder}/image"
"""


def test_pictures_are_those_of_the_benchmark_of_exactly_that_name(tmp_path):
    """ "office" is a prefix of "office two", and ids are the same in both."""
    from p3mbench.report.pictures import Pictures

    out = tmp_path / "out"
    for name, shade in (("office", 10), ("office two", 200)):
        for kind, value in (("image", shade), ("mask", 255)):
            (tmp_path / name / kind).mkdir(parents=True)
            pixels = np.full((70, 70), value, np.uint8)
            cv2.imwrite(str(tmp_path / name / kind / "a.png"), pixels)
        toml = tmp_path / f"{name}.toml"
        toml.write_text(TOML.format(name=name, folder=name))
        result = call("run", "--methods", "coarse", "--trimap", "kernel-3", "--benchmark", toml,
                      "--out", out)  # fmt: skip
        assert result.exit_code == 0, result.output
    with Store(out) as store:
        pictures = Pictures(out, store.runs())
    for name, shade in (("office", 10), ("office two", 200)):
        scene = pictures.scene(name, "P", "B", "a")
        assert scene is not None and scene.image.max() == shade
