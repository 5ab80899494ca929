"""Names that become paths, text that reaches terminals, cells that reach spreadsheets."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p3mbench.errors import DataError
from p3mbench.names import checked_name, plain_cell, printable, problem_of, spreadsheet_cell


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "-x", "=x", " x", "x ", "a\nb", "a\x1bb", "a\u202eb",
     "a\ud800b", "x" * 201],
)  # fmt: skip
def test_names_that_climb_or_hide_are_refused(name):
    with pytest.raises(DataError, match="cannot be used"):
        checked_name(name, "subset", DataError)


@pytest.mark.parametrize("name", ["P", "p_1 (2)", "José", "肖像", "a..b", "x=1", "a+b@c"])
def test_names_of_people_stay(name):
    assert checked_name(name, "subset") == name


@given(st.text(max_size=30))
def test_an_accepted_name_is_one_part_of_a_path(name):
    if not problem_of(name):
        assert PurePosixPath("a", name).parts == ("a", name)


@given(st.text(st.characters(codec=None), max_size=40))
def test_printable_text_holds_no_control_character_and_encodes(text):
    shown = printable(text)
    shown.encode()
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)


@given(st.text(max_size=20))
def test_a_cell_is_no_formula_and_comes_back(text):
    cell = spreadsheet_cell(text)
    if plain_cell(text) == text:  # not itself the quoted form of another
        assert plain_cell(cell) == text
    assert cell[:1] not in ("=", "@", "\t", "\r")
