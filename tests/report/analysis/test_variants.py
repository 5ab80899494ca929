"""Stores of more than two variants: one set where nothing contradicts, all contrasts in it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pandas as pd
import pytest
from fake import Fake, rows
from looking import QUICK, labels, select, table

from p3mbench.report import Role, build, render
from p3mbench.report.analysis import analyse
from p3mbench.report.request import ReportRequest

MOSAIC = "mosaic-0.10"
RECIPES = {"B": "gaussian-0.12-v1", MOSAIC: "mosaic-0.10-v1", "N": ""}
METHODS = (
    Fake("net", "Net", 9.0, "B", gap=0.8, checkpoint="b.pth"),
    Fake("net", "Net", 9.5, "N", gap=-1.5, checkpoint="n.pth"),
    Fake("mean", "Mean alpha", 60.0),
)


def three(recipes: dict[str, str] = RECIPES, fakes: tuple[Fake, ...] = METHODS) -> pd.DataFrame:
    """Each method in every variant, each variant made by its recipe."""
    each = [
        replace(fake, variants=(variant,), obfuscation=recipe)
        for fake in fakes
        for variant, recipe in recipes.items()
    ]
    return rows(each, images=8)


def test_variants_with_one_recipe_each_are_one_set() -> None:
    (found,) = analyse(three(), how=QUICK).comparisons
    assert found.variants() == ("B", MOSAIC, "N")
    assert found.entries.obfuscation == f"B: gaussian-0.12-v1; {MOSAIC}: mosaic-0.10-v1"
    assert [entry.label for entry in found.entries] == ["Mean alpha", "Net"]


def test_only_a_variant_with_two_recipes_makes_sets() -> None:
    again = three({"B": "gaussian-0.24-v1"})
    found = analyse(pd.concat([three(), again], ignore_index=True), how=QUICK).comparisons
    assert len(found) == 2
    for one, recipe in zip(found, ("gaussian-0.12-v1", "gaussian-0.24-v1"), strict=True):
        assert one.entries.obfuscation == f"B: {recipe}; {MOSAIC}: mosaic-0.10-v1"
        assert one.variants() == ("B", MOSAIC, "N")


def test_rows_of_one_recipe_stay_together_where_another_stands_beside_it() -> None:
    """Normal images may carry the recipe of the blurred ones they came with."""
    one, other = three({"B": "one", "N": "one"}), three({"B": "other", "N": "other"})
    found = analyse(pd.concat([one, other], ignore_index=True), how=QUICK).comparisons
    assert [c.entries.obfuscation for c in found] == ["one", "other"]
    assert all(mean.n == 8 for c in found for mean in c.means.values())


def test_what_normal_rows_say_of_hiding_counts_beside_no_other() -> None:
    (found,) = analyse(three(RECIPES | {"N": "gaussian-0.12-v1"}), how=QUICK).comparisons
    assert dict(found.entries.recipes) == {v: r for v, r in RECIPES.items() if v != "N"}
    (alone,) = analyse(three({"N": "gaussian-0.12-v1"}), how=QUICK).comparisons
    assert alone.entries.obfuscation == "gaussian-0.12-v1"


def test_contrasts_are_those_of_all_variants() -> None:
    frame = three()
    (found,) = analyse(frame, how=QUICK).comparisons
    paired = [g for g in found.gaps_in() if g.contrast.paired]
    assert [(g.contrast.name, g.contrast.formula) for g in paired] == [
        ("PPT gap", "B:N − B:B"),
        ("Privacy cost", "B:N − N:N"),
        ("Obfuscation shift", "N:B − N:N"),
        ("Obfuscation shift", f"N:{MOSAIC} − N:N"),
        ("Obfuscation shift", "–:B − –:N"),
        ("Obfuscation shift", f"–:{MOSAIC} − –:N"),
    ]
    of = {"method": "net", "subset": "P", "train_setting": "N"}
    change = select(frame, variant=MOSAIC, **of) - select(frame, variant="N", **of)
    assert paired[3].gaps[0].value == pytest.approx(change.mean())


def test_tables_have_a_column_for_each() -> None:
    report = build(three(), how=QUICK)
    shown = table(report, Role.SETTINGS)
    assert [title for title, _ in shown.groups()] == [
        "B:B", f"B:{MOSAIC}", "B:N", "N:B", f"N:{MOSAIC}", "N:N", "–:B", f"–:{MOSAIC}", "–:N",
        "Gap in SAD [interval]",
    ]  # fmt: skip
    titles = [column.title for column in shown.columns if column.group.startswith("Gap")]
    assert titles[2:] == [f"Obfuscation shift ({s}:{v})" for s in ("N", "–") for v in ("B", MOSAIC)]
    assert len(set(titles)) == len(titles) == 6
    assert f"{MOSAIC}: faces hidden by {MOSAIC}" in shown.caption
    assert f"by gaussian-0.12-v1 (B) and mosaic-0.10-v1 ({MOSAIC})." in shown.caption
    assert not any(note.startswith("No results") for note in shown.notes)
    assert labels(table(report, Role.SUBSETS))  # the paper's places: P in B, NP in N
    assert {row.block for row in table(report, Role.SUBSETS).rows} == {"P, test B", "NP, test N"}


def test_a_variant_without_rows_is_named_as_missing() -> None:
    frame = three()
    frame = frame[~((frame["variant"] == MOSAIC) & (frame["train_setting"] == "N"))]
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    assert f"No results on subset P for N:{MOSAIC}." in shown.notes


def test_settings_can_be_chosen_by_name() -> None:
    request = ReportRequest(settings=(f"B:{MOSAIC}", "B:N", f"-:{MOSAIC}"))
    report = build(three(), request, how=QUICK)
    shown = table(report, Role.SETTINGS)
    assert [title for title, _ in shown.groups()] == [f"B:{MOSAIC}", "B:N", f"–:{MOSAIC}"]


def test_a_method_trained_on_another_obfuscation_has_its_own_gap() -> None:
    fakes = (*METHODS, Fake("net", "Net", 9.9, MOSAIC, checkpoint="m.pth"))
    (found,) = analyse(three(fakes=fakes), how=QUICK).comparisons
    names = [g.contrast.formula for g in found.gaps_in() if g.contrast.name == "PPT gap"]
    assert names == ["B:N − B:B", f"{MOSAIC}:N − {MOSAIC}:{MOSAIC}"]


@pytest.mark.parametrize("format", ["table", "markdown", "latex"])
def test_laid_out_formats_name_every_setting(format: str) -> None:
    text = render(build(three(), how=QUICK), format).replace("\\", "")
    for setting in ("B:B", f"B:{MOSAIC}", f"N:{MOSAIC}", "N:N"):
        assert setting in text


def test_programs_read_every_setting() -> None:
    report = build(three(), how=QUICK)
    lines = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    mine = [line for line in lines if line["role"] == "settings"]
    assert {f"P/N:{MOSAIC}/sad", f"P/N:{MOSAIC}-N:N/sad"} <= {line["column"] for line in mine}
    keys = [(line["table"], line["label"], line["block"], line["column"]) for line in mine]
    assert len(set(keys)) == len(keys)
    first = json.loads(render(report, "json"))["tables"][0]
    assert f"N:{MOSAIC}" in {column["setting"] for column in first["columns"]}
