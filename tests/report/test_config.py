"""A TOML file holds the options of every table and figure of a paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake import DEFAULT, rows, stored

from p3mbench.report.config import read_config
from p3mbench.report.making import write_outputs
from p3mbench.report.request import Decimals

PAPER = """
results = "store"
methods = ["p3mnet-*", "modnet"]

[[output]]
file = "gap.tex"
tables = ["settings"]
metrics = ["SAD"]
columns = ["B:B", "B:N", "PPT gap"]
order = "given"
caption = "The cost of privacy."
label = "tab:gap"
notes = false

[[output]]
file = "subsets.md"
tables = "subsets"
precision = { sad = 1 }

[[output]]
file = "gap.svg"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "report.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_options_of_each_output(tmp_path: Path) -> None:
    gap, subsets, figure = read_config(written(tmp_path, PAPER))
    assert gap.results == tmp_path / "store" and gap.file == tmp_path / "gap.tex"
    assert gap.request.format == "latex" and gap.request.methods == ("p3mnet-*", "modnet")
    assert (gap.request.label, gap.request.notes) == ("tab:gap", False)
    assert subsets.request.precision == Decimals(None, (("sad", 1),))
    assert figure.request.plot == tmp_path / "gap.svg"
    assert read_config(written(tmp_path, PAPER), Path("other"))[0].results == Path("other")


def test_two_tables_and_a_figure_from_one_file(tmp_path: Path) -> None:
    stored(rows(DEFAULT[:5], images=6), tmp_path / "store")
    paths = list(write_outputs(read_config(written(tmp_path, PAPER))))
    assert [path.name for path in paths] == ["gap.tex", "subsets.md", "gap.svg"]
    table, other, figure = (path.read_text() for path in paths)
    assert r"\caption{The cost of privacy." in table and r"\label{tab:gap}" in table
    assert "Method & B:B & B:N & PPT gap [interval] " in table
    assert table.index("P3M-Net") < table.index("MODNet") and "Mean alpha" not in table
    assert "| SAD |" in other and figure.startswith("<?xml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "is no TOML"),
        ("", "has no output"),
        ("output = 3", "has no output"),
        ("[[output]]", "needs file"),
        ('[[output]]\nfile = "a.doc"', "the suffix .doc is none of"),
        ('metods = ["a"]\n[[output]]\nfile = "a.tex"', "no key metods: did you mean methods"),
        ('[[output]]\nfile = "a.tex"\nnotes = 1', "notes must be true or false"),
        ('[[output]]\nfile = "a.tex"\nmethods = 3', "methods must be a list of texts"),
        ('[[output]]\nfile = "a.tex"\ncaption = 3', "caption must be a text"),
        ('[[output]]\nfile = "a.tex"\ntext-width = "a"', "text-width must be a number"),
        ('results = 1\n[[output]]\nfile = "a.tex"', "results must be the text"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        read_config(written(tmp_path, text))
    assert "report.toml" in str(error.value) and "\n" not in str(error.value)


def test_nothing_is_written_if_one_output_is_wrong(tmp_path: Path) -> None:
    stored(rows(DEFAULT[:2], images=3), tmp_path / "store")
    text = PAPER.replace("modnet", "p3mnet-r34").replace('"subsets"', '"subset"')
    with pytest.raises(ValueError, match=r"subsets.md: no table subset: did you mean subsets"):
        list(write_outputs(read_config(written(tmp_path, text))))
    assert not (tmp_path / "gap.tex").exists()


def test_the_example_in_the_docs_is_right(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "report.md"
    example = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    found = read_config(written(tmp_path, example))
    assert [one.file.name for one in found] == ["gap.tex", "subsets.tex", "gap.pdf"]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_config(tmp_path / "none.toml")
