"""The file of published figures is sound, and copies of one number are marked as copies."""

from __future__ import annotations

import re

from p3mbench.metrics.table import METRICS
from p3mbench.published import figures, sources
from p3mbench.registry import find


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


def test_every_figure_is_well_formed() -> None:
    names = {entry.name for entry in find()}
    assert len(figures()) > 250
    for figure in figures():
        assert figure.method == "" or figure.method in names
        assert figure.kind in ("trimap-free", "trimap-based", "interactive")
        assert figure.train in ("B", "N", "B+CP", "other")
        assert figure.subset in ("P", "NP") and figure.test in ("B", "N")
        assert figure.origin in ("authors", "copied", "compared", "rerun", "retrained")
        assert figure.source in sources()
        assert figure.value > 0 and figure.scale in (1, 1000)
        assert figure.metric in METRICS or figure.metric in ("s_measure", "wf_measure")
    assert {f.source for f in figures()} == set(sources())


def test_known_figures_of_the_paper() -> None:
    """P3M's Table 2: SAD of P3M-Net in the four settings."""
    paper = {
        f.setting: f.value for f in figures("p3mnet-r34") if f.source == "p3m" and f.metric == "sad"
    }
    assert paper == {"B:B": 8.73, "B:N": 9.22, "N:B": 11.22, "N:N": 9.06}


def test_conflicts_are_named_on_every_side() -> None:
    disputed = [f for f in figures("p3mnet-r34") if f.conflict and f.metric == "conn"]
    assert {f.source for f in disputed} == {"rechannel", "stylematte"}
    assert all(
        "13.88" in f.conflict for f in disputed if f.source == "stylematte" and f.subset == "P"
    )
