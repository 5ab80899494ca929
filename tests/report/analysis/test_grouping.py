"""Which rows make one entry, what it is called, and what never mixes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake import DEFAULT, rows
from looking import MODNET_B, NET_B, NET_N, QUICK, cell, labels, table, usual

from p3mbench.report import Role, build


def test_a_row_spans_the_settings_of_a_method() -> None:
    shown = table(usual(), Role.SETTINGS)
    assert labels(shown) == ["Mean alpha", "MODNet", "P3M-Net (R34)"]
    assert [title for title, _ in shown.groups()] == [
        "B:B", "B:N", "N:B", "N:N", "–:B", "–:N", "Gap in SAD [interval]",
    ]  # fmt: skip
    assert cell(shown, "Mean alpha", "P/B:B/sad").attempted is False
    assert cell(shown, "P3M-Net (R34)", "P/-:B/sad").attempted is False


@pytest.mark.parametrize("column", ["benchmark", "convention", "obfuscation", "trimap_source"])
def test_what_cannot_be_compared_never_shares_a_table(column: str) -> None:
    one = replace(DEFAULT[5], method="a", title="A")
    two = replace(DEFAULT[5], method="b", title="B", **{column: "another"})
    report = build(rows([one, two]), how=QUICK)
    compared = [t for t in report.tables if t.role is not Role.PROVENANCE]
    assert all({row.method for row in t.rows} in ({"a"}, {"b"}) for t in compared)
    assert len({t.label for t in report.tables}) == len(report.tables)


def test_normal_rows_without_a_recipe_join_every_recipe() -> None:
    blurred = [replace(NET_B, variants=("B",), obfuscation=o) for o in ("blur", "mosaic")]
    frame = rows([*blurred, replace(NET_B, variants=("N",), obfuscation="")])
    tables = [t for t in build(frame, how=QUICK).tables if t.role is Role.SETTINGS]
    assert len(tables) == 2
    for t in tables:
        assert cell(t, "P3M-Net (R34)", "P/B:N-B:B/sad").n == 24


def test_checkpoints_that_nothing_pairs_stand_alone() -> None:
    two = replace(NET_B, checkpoint="other.pth")
    shown = table(build(rows([NET_B, two, NET_N]), how=QUICK), Role.SETTINGS)
    assert labels(shown) == [f"P3M-Net (R34), {c}.pth" for c in ("b", "n", "other")]
    assert not any(c.title.startswith("Privacy cost") for c in shown.columns)


def test_labels_say_only_what_tells_rows_apart() -> None:
    fakes = [
        replace(NET_B, strategy="hybrid"),
        replace(NET_B, options='{"strategy": "resize", "scale": 0.5}'),
        replace(NET_B, options='{"strategy": "resize", "scale": 0.25}'),
        MODNET_B,
    ]
    assert labels(table(build(rows(fakes), how=QUICK), Role.SETTINGS)) == [
        "MODNet",
        "P3M-Net (R34), hybrid",
        "P3M-Net (R34), resize, scale=0.25",
        "P3M-Net (R34), resize, scale=0.5",
    ]


def test_broken_rows_are_refused() -> None:
    frame = rows([NET_B])
    with pytest.raises(ValueError, match=r"lack the columns .*variant"):
        build(frame.drop(columns="variant"))
    with pytest.raises(ValueError, match="occur twice, such as p3mnet-r34 on image"):
        build(pd.concat([frame, frame]))


def test_nulls_in_text_columns_are_empty_text() -> None:
    frame = rows([NET_B])
    frame["seed"] = 3.0
    frame["flags"] = None
    frame["obfuscation"] = np.nan
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    assert dict(shown.rows[0].facts)["seed"] == "3"


def test_a_subset_of_another_name_has_tables_of_its_own() -> None:
    fakes = [replace(fake, subsets=("hard", "easy", "P")) for fake in DEFAULT[:2]]
    report = build(rows(fakes))
    titles = [shown.title for shown in report.tables if shown.role is Role.SETTINGS]
    assert [title.partition(":")[0][-8:].split()[-1] for title in titles] == ["P", "easy", "hard"]
    for shown in report.tables:
        if shown.role is Role.SETTINGS:
            assert any(column.title == "PPT gap" for column in shown.columns)


def test_results_on_np_alone_are_shown() -> None:
    report = build(rows([replace(fake, subsets=("NP",)) for fake in DEFAULT[:2]]))
    assert report.tables[0].role is Role.SETTINGS and "subset NP" in report.tables[0].title
    assert not any("P versus NP" in row.block for table in report.tables for row in table.rows)
