"""Every trainable method says how its training was checked and what is otherwise."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from click.testing import CliRunner

from p3mbench.cli import main
from p3mbench.cli.fidelity import OUTDATED, thin_weights, training_tables
from p3mbench.cli.methods import page
from p3mbench.method import Method
from p3mbench.registry import find, get
from p3mbench.report.render.markdown import escape
from p3mbench.training.fidelity import Departure, Disagreement
from p3mbench.training.recipe import Trainable, fidelity_of, training_of

TRAINABLE = [e.method for e in find() if isinstance(e.method, Trainable)]
WAYS = ("equal to golden", "compared by reading", "from the paper alone", "the code of", "numbers")

trainable = pytest.mark.parametrize("method", TRAINABLE, ids=[m.info.name for m in TRAINABLE])


@trainable
def test_each_says_how_it_was_checked_and_what_departs(method: Method) -> None:
    fidelity = fidelity_of(training_of(method))
    assert fidelity is not None
    assert fidelity.losses.startswith(WAYS)
    assert fidelity.rest.startswith((*WAYS, "not compared"))
    entries: list[Any] = [*fidelity.departures, *fidelity.disagreements]
    assert fidelity.departures
    for entry in entries:
        assert all(getattr(entry, field.name).strip() for field in fields(entry)), entry
    assert len({entry.what for entry in entries}) == len(entries)


@trainable
def test_page_and_screen_show_all_of_it(method: Method) -> None:
    fidelity = fidelity_of(training_of(method))
    assert fidelity is not None
    written = page(method)
    shown = CliRunner().invoke(main, ["methods", "show", method.info.name]).output
    words = " ".join(shown.split())
    for entry in (*fidelity.departures, *fidelity.disagreements):
        assert isinstance(entry, Departure | Disagreement)
        for field in fields(entry):
            value = getattr(entry, field.name)
            assert escape(value) in written and value in words, value
    assert escape(fidelity.losses) in written and fidelity.losses in words


def test_the_slips_of_gfm_are_named_with_the_option_that_mends_them() -> None:
    tables = {title: rows for title, _, rows in training_tables(get("gfm-d121-rim"))}
    rows = tables["Where the paper and its code differ"]
    assert len(rows) == 3 and all(row[-1] == "--formula text" for row in rows)


def test_old_checkpoints_are_marked() -> None:
    shown = thin_weights(get("p3mnet-r34").info)
    assert "p3mnet-r34--b-s0" in shown and shown.endswith(OUTDATED)
    assert thin_weights(get("closed-form").info) == ""


def test_a_text_that_says_the_same_is_no_option() -> None:
    arguments = ["train", "p3mnet-r34", "--setting", "B", "--formula", "text"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "the losses of p3mnet-r34 are equal" in " ".join(done.output.split())


def recipe(name: str, preset: str = "paper") -> Any:
    return training_of(get(name)).recipe(preset)


def test_presets_have_the_numbers_of_the_code() -> None:
    matteformer, gca = recipe("matteformer"), recipe("gca")
    assert (matteformer.lr, matteformer.schedule) == (1e-3, "late-cosine")
    # the cosine begins where the warm-up ends: half way between there and the end it is at half
    assert matteformer.rate_at(105_000, 200_000) == pytest.approx(5e-4)
    assert matteformer.rate_at(4_999, 200_000) == pytest.approx(5e-4)
    assert (gca.lr, gca.schedule, gca.kernels) == (4e-4, "late-cosine", (1, 29))
    vitmatte = recipe("vitmatte-s")
    assert (vitmatte.steps, vitmatte.batch_size, vitmatte.jitter) == (134_687, 32, True)
    for name, envelope in [("gfm-r34", 0), ("gfm-r34-ft", 50), ("gfm-r34-bt", 50)]:
        found = recipe(name)
        assert (found.kernels, found.envelope, found.formula) == ((25, 25), envelope, "code")
    assert recipe("gfm-d121-rim").envelope == 50
    assert recipe("p3mnet-r34").kernels == (15, 30)
