"""The command line end to end, in process."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from p3mbench.cli import COMMANDS, main
from p3mbench.images import read_alpha

README = Path(__file__).resolve().parents[2] / "README.md"


def call(*args: object) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def commands(group: click.Group, path: str = "") -> dict[str, click.Command]:
    found = {}
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            found[f"{path}{name}"] = command
            if isinstance(command, click.Group):
                found |= commands(command, f"{path}{name} ")
    return found


def test_every_command_has_help_and_stands_in_the_readme():
    readme = README.read_text()
    found = commands(main)
    assert set(found) >= set(COMMANDS)
    for name, command in found.items():
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name != "help":
                assert parameter.help or parameter.show_default, (name, parameter.name)
    for name in COMMANDS:
        assert f"`p3mbench {name}`" in readme


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version(option):
    result = call(option)
    assert result.exit_code == 0
    assert "p3mbench" in result.output


@pytest.fixture
def stored(tmp_path: Path, p3m_folder: Path, plugin_file: Path) -> Path:
    out = tmp_path / "out"
    result = call(
        *("run", "--methods", "grey,coarse", "--plugin", plugin_file, "--benchmark", "p3m500"),
        *("--data", p3m_folder, "--out", out, "--jobs", 1),
    )
    assert result.exit_code == 0, result.output
    return out


def test_run_shows_a_plan_what_cannot_run_and_a_table(stored, tmp_path, p3m_folder, plugin_file):
    result = call(
        *("run", "--methods", "all", "--plugin", plugin_file, "--benchmark", "p3m500"),
        *("--data", p3m_folder, "--out", stored, "--dry-run"),
    )
    assert "0, 3 done" in result.output
    assert "p3mnet-r34: needs weights" in " ".join(result.output.split())
    assert "never released" in " ".join(result.output.split())
    assert "3 of the 500 images of p3m500 P; a subset" in result.output


def test_run_ends_with_a_table(stored, p3m_folder, plugin_file):
    args = ("--benchmark", "p3m500", "--data", p3m_folder, "--out", stored, "--jobs", 1)
    again = call("run", "--methods", "coarse", "--trimap", "kernel-5", *args)
    assert again.exit_code == 0
    assert "Coarse" in again.output
    assert "Grey" in again.output  # the store is reported, not the run
    nothing = call("run", "--methods", "coarse", *args)
    assert nothing.exit_code == 0 and "nothing left to do: 5 rows are stored" in nothing.output


def test_a_run_of_which_nothing_can_run_fails(tmp_path, p3m_folder):
    """A batch job must not end well with nothing done."""
    args = ("run", "--methods", "hatt", "--benchmark", "p3m500", "--data", p3m_folder)
    args += ("--out", tmp_path / "out")
    result = call(*args)
    assert result.exit_code == 1
    assert "nothing was run on p3m500" in result.output and "needs weights" in result.output
    assert "0 of the" not in result.output
    assert call(*args, "--dry-run").exit_code == 0


def test_the_manifest_says_what_ran_where(stored, p3m_folder):
    (manifest,) = json.loads((stored / "manifest.json").read_text())
    assert manifest["options"]["benchmark"] == "p3m500"
    assert set(manifest["methods"]) == {"grey", "coarse"}
    assert "numpy" in manifest["environment"]["versions"]
    assert len(manifest["data_sha256"]) == 64


@pytest.mark.parametrize("format_", ["table", "markdown", "latex", "csv", "json"])
def test_report_in_every_format(stored, tmp_path, format_):
    out = tmp_path / f"table.{format_}"
    assert call("report", "--results", stored, "--format", format_, "--out", out).exit_code == 0
    printed = call("report", "--results", stored, "--format", format_).stdout
    assert printed.strip() == out.read_text().strip()
    assert "Coarse" in printed
    each = call("report", "--results", stored, "--format", format_, "--per-image").stdout
    assert "p_2" in each.replace("\\", "")


def test_per_image_rows_are_raw(stored):
    text = call("report", "--results", stored, "--per-image", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 10
    sads = {float(row["sad"]) for row in rows}
    assert any(len(repr(sad)) > 12 for sad in sads)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_gap_plot(tmp_path, p3m_folder, suffix):
    subset = p3m_folder / "validation" / "P3M-500-P"
    shutil.copytree(subset / "blurred_image", subset / "original_image")
    out, path = tmp_path / "out", tmp_path / f"gap.{suffix}"
    call(
        *("run", "--methods", "coarse", "--benchmark", "p3m500", "--data", p3m_folder),
        *("--out", out, "--jobs", 1),
    )
    assert call("report", "--results", out, "--plot", path).exit_code == 0
    magic = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(magic)


def test_without_both_variants_p_and_np_are_plotted(stored, tmp_path):
    result = call("report", "--results", stored, "--plot", tmp_path / "gap.png")
    assert result.exit_code == 0
    assert (tmp_path / "gap.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def both_variants(tmp_path: Path, p3m_folder: Path) -> Path:
    """A store with both test variants of P, and the mattes."""
    subset = p3m_folder / "validation" / "P3M-500-P"
    shutil.copytree(subset / "blurred_image", subset / "original_image")
    out = tmp_path / "both"
    call(
        *("run", "--methods", "coarse", "--benchmark", "p3m500", "--data", p3m_folder),
        *("--out", out, "--jobs", 1, "--save-alphas"),
    )
    return out


def test_the_page_holds_the_images_and_mattes_of_the_run(both_variants, tmp_path):
    page = tmp_path / "page.html"
    result = call("report", "--results", both_variants, "--format", "html", "--out", page)
    assert result.exit_code == 0 and "note:" not in result.stderr
    text = page.read_text()
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])["viewer"]
    assert {image["id"] for image in data["images"]} == {"p_1", "p_2", "p_3"}
    assert all({"B", "N", "alpha"} <= set(image) for image in data["images"])
    assert all("matte" in view[v] for view in data["views"].values() for v in "BN")
    call("report", "--results", both_variants, "--format", "html")
    assert (both_variants / "report.html").read_text() == text


def test_a_variant_that_was_never_released_is_left_out_of_page_and_plots(stored, tmp_path):
    """P3M-500-P has blurred faces only: the page is made of what there is."""
    out = tmp_path / "gallery"
    assert call("gallery", "--results", stored, "--out", out).exit_code == 0
    text = (out / "report.html").read_text()
    images = json.loads(text.split('id="data">')[1].split("</script>")[0])["viewer"]["images"]
    assert images and all("B" in image and "N" not in image for image in images)


def test_images_that_have_moved_are_a_note_and_the_page_is_made(both_variants, p3m_folder):
    shutil.rmtree(p3m_folder)
    result = call("report", "--results", both_variants, "--format", "html")
    assert result.exit_code == 0
    assert "note: the images of p3m500 cannot be shown" in result.stderr


def test_every_plot_is_written(both_variants, tmp_path):
    folder = tmp_path / "plots"
    call("report", "--results", both_variants, "--plots", folder, "--plot-format", "svg")
    names = {path.name.split("-")[0].split(".")[0] for path in folder.iterdir()}
    assert {"gap", "slopes", "scatter", "cumulative", "where", "panels"} <= names


def test_the_gallery_shows_what_it_wrote(both_variants, tmp_path):
    out = tmp_path / "gallery"
    assert call("gallery", "--results", both_variants, "--out", out).exit_code == 0
    index = (out / "README.md").read_text()
    files = {path.name for path in out.iterdir()} - {"README.md"}
    assert all(f"({name})" in index for name in files)
    assert {"tables.tex", "report.html", "gap.png"} <= files
    light = ("--tables", "markdown", "--no-page")
    assert (
        call("gallery", "--results", both_variants, "--out", tmp_path / "g", *light).exit_code == 0
    )
    assert {p.name for p in (tmp_path / "g").glob("tables.*")} == {"tables.md"}
    assert "tables.csv" not in (tmp_path / "g" / "README.md").read_text()


def test_an_export_comes_back_equal(stored, tmp_path):
    rows, out = tmp_path / "rows.csv", tmp_path / "imported"
    call("report", "--results", stored, "--per-image", "--format", "csv", "--out", rows)
    assert "10 rows stored" in call("import", rows, "--out", out).stdout
    same = call("compare", stored, out, "--exit-code")
    assert same.exit_code == 0 and "10 of 10 common rows have equal scores" in same.stdout
    text = rows.read_text()
    rows.write_text(text.replace(",ok,", ",failed,", 1))  # a failure never replaces a score
    assert call("import", rows, "--out", out).exit_code == 0
    assert call("compare", stored, out, "--exit-code").exit_code == 0
    header, first, *others = csv.reader(io.StringIO(text))
    first[header.index("grad")] = "123.5"  # no other score tells what it can be
    with rows.open("w", newline="") as file:
        csv.writer(file).writerows([header, first, *others])
    assert call("import", rows, "--out", out).exit_code == 0
    assert call("compare", stored, out, "--exit-code").exit_code == 1


def test_methods_lists_and_shows(plugin_file):
    listed = call("methods", "--plugin", plugin_file).output
    assert "grey" in listed
    assert "p3mnet-r34" in listed
    shown = call("methods", "show", "p3mnet-r34").output
    assert "p3mnet_pretrained_on_p3m10k.pth" in shown.replace("\n    ", "")


def test_data_verify_names_what_is_wrong(p3m_folder):
    fine = call("data", "verify", p3m_folder)
    assert fine.exit_code == 0
    assert "15 files read: 0 problems, 0 odd" in fine.output
    mask = p3m_folder / "validation" / "P3M-500-P" / "mask" / "p_2.png"
    mask.write_bytes(mask.read_bytes()[:-20])
    bad = call("data", "verify", p3m_folder)
    assert bad.exit_code == 3
    assert "is a truncated or damaged PNG file; make or copy it again: 1 (" in bad.output
    assert "P3M-500-P/mask/p_2.png" in bad.output


def test_synthetic_data_is_written_in_the_layout_it_is_read_in(tmp_path):
    toml = tmp_path / "tiny.toml"
    toml.write_text(
        'name = "tiny"\nsource = "synthetic"\n[synthetic]\nheight = 96\nwidth = 72\n'
        '[[subsets]]\nname = "P"\ncount = 2\n[[subsets]]\nname = "NP"\ncount = 1\n'
    )
    folder = tmp_path / "data"
    assert "3 portraits" in call("data", "make", folder, "--benchmark", toml).output
    checked = call("data", "verify", folder)
    assert checked.exit_code == 0
    assert checked.output.count("unavailable") == 0
    sheet = tmp_path / "sheet.png"
    assert call("data", "sheet", sheet, "--benchmark", toml).exit_code == 0
    assert cv2.imread(str(sheet)) is not None


def test_evaluate_scores_a_folder(p3m_folder, tmp_path):
    subset = p3m_folder / "validation" / "P3M-500-P"
    for format_ in ("table", "markdown", "csv", "json"):
        result = call(
            *("evaluate", subset / "mask", subset / "mask", "--trimaps", subset / "trimap"),
            *("--format", format_),
        )
        assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert [image["image"] for image in found["images"]] == ["p_1", "p_2", "p_3"]
    assert found["mean"]["sad"] == 0
    assert found["mean"]["sad_t"] == 0


def test_doctor_and_completion():
    assert "no problems found" in call("doctor").output
    for shell in ("bash", "zsh", "fish"):
        assert "_P3MBENCH_COMPLETE" in call("completion", shell).output


def spoil_mask(folder: Path) -> Path:
    path = folder / "validation" / "P3M-500-P" / "mask" / "p_1.png"
    cv2.imwrite(str(path), np.dstack([read_alpha(path)] * 3 + [read_alpha(path)]))
    return path


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "--methods", "closed-from"], "did you mean closed-form"),
        (["run", "--methods", ","], "no method is named"),
        (["run", "--benchmark", "p3m500", "--data", "/no/such/folder"], "no such folder"),
        (["run", "--benchmark", "maxi"], "unknown benchmark 'maxi'"),
        (["run", "--methods", "coarse", "--set", "coarse.grey=1"], "no option 'grey'"),
        (["run", "--methods", "coarse", "--set", "knn.maxiter=1"], "unknown method in --set"),
        (["run", "--methods", "coarse", "--weights", "coarse=x.pth"], "learns nothing"),
        (["run", "--methods", "p3mnet-r34", "--weights", "p3mnet-r34=no.pth"], "does not exist"),
        (["run", "--methods", "coarse", "--trimap", "wide"], "neither 'dataset' nor"),
        (["run", "--methods", "coarse", "--plugin", "none.py"], "does not exist"),
        (["run", "--methods", "coarse", "--images", "mini_q_1"], "unknown image 'mini_q_1'"),
        (["report", "--results", "nowhere"], "contains no results"),
        (["evaluate", "nowhere", "nowhere"], "nowhere"),
        (["methods", "show", "nothing"], "unknown method"),
        (["data", "verify", "nowhere"], "no such folder"),
    ],
)
def test_mistakes_end_in_one_line(tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    result = call(*args)
    assert result.exit_code in (1, 2)
    lines = result.stderr.strip().splitlines()
    assert words in lines[-1]
    assert sum(line.startswith("Error: ") for line in lines) == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "--variants", "X"], "'X' is no test variant: use N"),
        (["run", "--weights", "p3mnet-r34"], "--weights takes NAME=VALUE"),
        (["run", "--set", "coarse=1"], "--set takes NAME.OPTION=VALUE"),
        (["report", "--format", "word"], "'word' is not one of"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    result = call(*args)
    assert result.exit_code == 2
    assert words in result.stderr


def test_images_that_fail_are_listed_and_the_exit_code_says_so(tmp_path, p3m_folder):
    spoil_mask(p3m_folder)
    result = call(
        *("run", "--methods", "coarse", "--benchmark", "p3m500", "--data", p3m_folder),
        *("--out", tmp_path / "out", "--jobs", 1),
    )
    assert result.exit_code == 3
    assert "1 images failed" in result.stderr
    assert "cut-out with transparency" in " ".join(result.stderr.split())


def test_debug_shows_the_traceback(tmp_path):
    result = CliRunner().invoke(main, ["--debug", "report", "--results", str(tmp_path)])
    assert type(result.exception).__name__ == "StoreError"


def test_methods_lists_kind_parameters_and_weights():
    lines = call("methods").output.splitlines()
    shown = {line.split()[0]: line for line in lines[1:]}
    assert "39.5 M" in shown["p3mnet-r34"] and "trimap-free" in shown["p3mnet-r34"]
    assert "none needed" in shown["closed-form"]
    trainable = call("methods", "--trainable").output
    assert "p3mnet-r34" in trainable and "closed-form" not in trainable


def test_methods_show_has_idea_weights_and_published_figures(tmp_path):
    output = call("methods", "show", "p3mnet-r34").output
    for text in ("ResNet-34 encoder", "p3mnet_pretrained_on_p3m10k.pth", "8.73", "p3m, Table 2"):
        assert text in output
    out = tmp_path / "r"
    call("run", "--methods", "coarse", "--limit", "1", "--out", out)
    output = call("methods", "show", "coarse", "--results", out).output
    assert "measured in" in output and "-:B" in output


def test_pages_in_docs_are_those_the_command_writes(tmp_path):
    call("methods", "pages", tmp_path)
    docs = README.parent / "docs" / "methods"
    assert {p.name: p.read_text() for p in docs.iterdir()} == {
        p.name: p.read_text() for p in tmp_path.iterdir()
    }
