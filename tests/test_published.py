"""Sources can be found, and copies of one number are marked as copies."""

from __future__ import annotations

import re

from p3mbench.published import figures, sources


def test_every_source_has_an_address_or_says_that_none_was_found() -> None:
    for source in sources().values():
        assert re.match(r"[a-z.]+\.(com|org)/\S|no address found", source.where), source


def test_numbers_of_the_papers_table_elsewhere_are_copies() -> None:
    def key(figure):
        return figure.method, figure.train, figure.subset, figure.test, figure.metric, figure.value

    paper = {key(f) for f in figures() if f.source == "p3m"}
    others = [f for f in figures() if f.source != "p3m" and f.method and key(f) in paper]
    assert len(others) == 9
    assert {f.origin for f in others} == {"copied"}
    assert {f.source for f in figures() if f.origin == "copied"} == {
        "rechannel", "paperswithcode", "p3m-issue-11",
    }  # fmt: skip


def test_a_copy_is_no_second_voice_in_a_conflict() -> None:
    for figure in figures("p3mnet-r34"):
        assert "8.73 in rechannel" not in figure.conflict
        assert "8.73 in p3m-issue-11" not in figure.conflict
