"""What a report says: settings, gaps, ranks, completeness, and what never mixes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake import DEFAULT, Fake, rows

from p3mbench import stats
from p3mbench.report import Report, Role, Table, build
from p3mbench.report.tables.model import TableCell, TableRow, cell_text
from p3mbench.report.wording.numbers import number
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=199)
NET_B, NET_N, MODNET_B, MODNET_N, MEAN = DEFAULT[:5]


def table(report: Report, role: str, kind: str = "trimap-free") -> Table:
    return next(t for t in report.tables if t.role == role and t.kind == kind)


def cell(table: Table, label: str, column: str, block: str = "") -> TableCell:
    j = [c.key for c in table.columns].index(column)
    found = [r for r in table.rows if r.label == label and (not block or r.block == block)]
    assert len(found) == 1, (label, [r.label for r in table.rows])
    return found[0].cells[j]


def labels(table: Table) -> list[str]:
    return [row.label for row in table.rows]


def select(frame: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame.set_index("image")["sad"].sort_index()


def test_a_row_spans_the_settings_of_a_method() -> None:
    shown = table(build(rows(), how=QUICK), Role.SETTINGS)
    assert labels(shown) == ["Mean alpha", "MODNet", "P3M-Net (R34)"]
    assert [title for title, _ in shown.groups()] == [
        "B:B", "B:N", "N:B", "N:N", "–:B", "–:N", "Gap in SAD [interval]",
    ]  # fmt: skip
    assert cell(shown, "Mean alpha", "P/B:B/sad").attempted is False
    assert cell(shown, "P3M-Net (R34)", "P/-:B/sad").attempted is False


def test_metrics_follow_the_paper_by_kind() -> None:
    report = build(rows(), how=QUICK)
    based = table(report, Role.SETTINGS, "trimap-based")
    assert [c.metric for c in based.columns[:2]] == ["sad_t", "mse_t"]
    assert [c.decimals for c in based.columns[:2]] == [2, 4]
    free = table(report, Role.SETTINGS)
    assert [c.metric for c in free.columns[:2]] == ["sad", "mse"]
    chosen = table(build(rows(), metrics=["grad", "sad"], how=QUICK), Role.SETTINGS)
    assert [c.metric for c in chosen.columns[:2]] == ["grad", "sad"]
    assert chosen.columns[-1].metric == "grad"


def test_means_and_gaps_are_those_of_the_rows() -> None:
    frame = rows()
    shown = table(build(frame), Role.SETTINGS)
    of = {"method": "p3mnet-r34", "subset": "P"}
    bb = select(frame, train_setting="B", variant="B", **of)
    bn = select(frame, train_setting="B", variant="N", **of)
    nb = select(frame, train_setting="N", variant="B", **of)
    nn = select(frame, train_setting="N", variant="N", **of)
    label = "P3M-Net (R34)"
    assert cell(shown, label, "P/B:N/sad").value == pytest.approx(bn.mean(), rel=1e-14)
    for key, test, reference in (
        ("P/B:N-B:B/sad", bn, bb),
        ("P/B:N-N:N/sad", bn, nn),
        ("P/N:B-N:N/sad", nb, nn),
    ):
        gap = stats.paired_gap(test, reference)
        found = cell(shown, label, key)
        assert (found.value, found.low, found.high) == (gap.estimate, gap.low, gap.high)
        assert found.value == pytest.approx((test - reference).mean())
        assert found.n == 24
    names = {c.contrast.name: c.setting for c in shown.columns if c.contrast}
    assert names["PPT gap"] == "B:N − B:B" and names["Privacy cost"] == "B:N − N:N"


def test_learning_free_methods_have_the_obfuscation_shift_only() -> None:
    frame = rows()
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    of = {"method": "mean", "subset": "P"}
    shift = select(frame, variant="B", **of) - select(frame, variant="N", **of)
    assert cell(shown, "Mean alpha", "P/-:B--:N/sad").value == pytest.approx(shift.mean())
    assert cell(shown, "Mean alpha", "P/B:N-B:B/sad").attempted is False
    assert shown.columns[-1].title == "Obfuscation shift (–)"


def test_failed_rows_are_counted_and_left_out() -> None:
    frame = rows()
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    found = cell(shown, "MODNet", "P/B:B/sad")
    ok = frame[(frame.method == "modnet") & (frame.status == "ok") & (frame.train_setting == "B")]
    mean = ok[(ok.subset == "P") & (ok.variant == "B")]["sad"].mean()
    assert found.value == pytest.approx(mean)
    assert (found.n, found.total, found.failed, found.complete) == (21, 24, 3, False)
    assert cell_text(found, shown.columns[0]).endswith("(21/24)")
    assert "MODNet, P B:B: 3 images failed (returned NaN)." in shown.notes


def test_a_failed_row_never_counts_even_if_it_holds_a_score() -> None:
    frame = rows([NET_B])
    frame.loc[frame.index[0], ["status", "sad"]] = ["failed", 1e9]
    found = cell(table(build(frame, how=QUICK), Role.SETTINGS), "P3M-Net (R34)", "P/B:B/sad")
    assert found.n == 23 and found.value < 100


def test_incomplete_methods_are_never_ranked() -> None:
    frame = rows([NET_B, replace(MODNET_B, level=0.1), replace(NET_B, title="Third", method="t")])
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    assert cell(shown, "MODNet", "P/B:B/sad").value < cell(shown, "Third", "P/B:B/sad").value
    assert cell(shown, "MODNet", "P/B:B/sad").rank == 0
    assert {cell(shown, n, "P/B:B/sad").rank for n in ("Third", "P3M-Net (R34)")} == {1, 2}


def test_undefined_for_everyone_is_not_incomplete() -> None:
    fakes = [replace(f, undefined=2, failed=0, limit=99) for f in DEFAULT[5:]]
    shown = table(build(rows(fakes), how=QUICK), Role.SETTINGS, "trimap-based")
    found = cell(shown, "KNN", "P/-:B/sad_t")
    assert (found.n, found.total, found.undefined, found.complete) == (22, 22, 2, True)
    assert any(
        n.startswith("2 images of P, test B: SAD-T and MSE-T undefined") for n in shown.notes
    )
    assert shown.marked


def test_undefined_for_one_is_incomplete_and_named() -> None:
    shown = table(build(rows(), how=QUICK), Role.SETTINGS, "trimap-based")
    assert not cell(shown, "Coarse", "P/-:B/sad_t").complete
    assert "Coarse, P –:B and P –:N: no SAD-T and MSE-T for 2 images." in shown.notes


def same_scores(*levels: float) -> pd.DataFrame:
    frames = []
    for i, level in enumerate(levels):
        frame = rows([replace(NET_B, method=f"m{i}", title=f"M{i}")], images=4)
        frame["sad"], frame["mse"], frame["conn"] = level, level, level
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def test_values_that_print_alike_are_tied() -> None:
    shown = table(build(same_scores(1.001, 1.004, 2.0, 2.001, 3.0), how=QUICK), Role.SETTINGS)
    assert [row.cells[0].rank for row in shown.rows] == [1, 1, 2, 2, 0]
    assert [row.cells[1].rank for row in shown.rows] == [1, 2, 0, 0, 0]  # MSE: four decimals
    finer = shown.with_precision(3)
    assert [row.cells[0].rank for row in finer.rows] == [1, 2, 0, 0, 0]


def test_one_method_is_not_called_best() -> None:
    report = build(rows([NET_B]), how=QUICK)
    assert not any(t.marked for t in report.tables if t.role in (Role.SETTINGS, Role.DETAIL))


def test_conn_alone_never_ranks() -> None:
    frame = same_scores(1.0, 2.0)
    alone = build(frame, metrics=["conn"], how=QUICK)
    assert not any(t.marked for t in alone.tables)
    detail = table(alone, Role.DETAIL)
    assert all(cell(detail, r.label, "rank", r.block).text == "" for r in detail.rows)
    assert table(build(frame, metrics=["sad", "conn"], how=QUICK), Role.SETTINGS).marked


@pytest.mark.parametrize(
    "expected", [{("mini", "P", "B"): 500, ("mini", "P", "N"): 500}, {("mini", "P"): 500}]
)
def test_counts_and_subsets_are_said_in_the_title(expected: dict[tuple[str, ...], int]) -> None:
    shown = table(build(rows(), expected=expected, how=QUICK), Role.SETTINGS)
    assert shown.title.endswith("n = 24 of 500 images (a subset)")
    full = table(build(rows(), how=QUICK), Role.SETTINGS)
    assert full.title.endswith("n = 24 images")


def test_settings_without_rows_are_dropped_and_named() -> None:
    released = [replace(f, variants=("B",), subsets=("P",)) for f in (NET_B, NET_N)]
    released += [replace(f, variants=("N",), subsets=("NP",)) for f in (NET_B, NET_N)]
    report = build(rows(released), how=QUICK)
    shown = table(report, Role.SETTINGS)
    assert [title for title, _ in shown.groups()] == ["B:B", "N:B"]
    assert "No results on subset P for B:N and N:N." in shown.notes
    gaps = table(report, Role.GAPS)
    assert {row.block for row in gaps.rows} == {
        "P versus NP: NP B:N − P B:B",
        "P versus NP: NP N:N − P N:B",
    }


def test_p_versus_np_is_unpaired_and_like_with_like() -> None:
    frame = rows([NET_B])
    gaps = table(build(frame), Role.GAPS)
    np_n = select(frame, subset="NP", variant="N")
    p_n = select(frame, subset="P", variant="N")
    wanted = stats.unpaired_gap(np_n, p_n)
    found = cell(gaps, "P3M-Net (R34)", "gap", "P versus NP: NP B:N − P B:N")
    assert (found.value, found.low, found.n) == (wanted.estimate, wanted.low, 48)


def test_holm_is_over_the_methods_of_a_gap() -> None:
    gaps = table(build(rows(), how=QUICK), Role.GAPS)
    block = "PPT gap: B:N − B:B"
    names = ("MODNet", "P3M-Net (R34)")
    raw = [cell(gaps, name, "p", block).value for name in names]
    adjusted = [cell(gaps, name, "p_holm", block).value for name in names]
    assert adjusted == pytest.approx(stats.holm(raw))
    assert adjusted != pytest.approx(raw)


def test_subsets_table_has_a_row_per_train_setting() -> None:
    shown = table(build(rows(), how=QUICK), Role.SUBSETS)
    assert [(r.label, r.cells[0].text) for r in shown.rows if r.block == "P, test B"] == [
        ("Mean alpha", "–"), ("MODNet", "B"), ("MODNet", "N"),
        ("P3M-Net (R34)", "B"), ("P3M-Net (R34)", "N"),
    ]  # fmt: skip
    assert [c.title for c in shown.columns[1:]] == [
        "SAD", "MSE", "MAD", "SAD-T", "MSE-T", "MAD-T", "SAD-FG", "SAD-BG", "GRAD", "CONN",
    ]  # fmt: skip
    assert {row.block for row in shown.rows} == {"P, test B", "NP, test N"}


@pytest.mark.parametrize("column", ["benchmark", "convention", "obfuscation", "trimap_source"])
def test_what_cannot_be_compared_never_shares_a_table(column: str) -> None:
    one = replace(DEFAULT[5], method="a", title="A")
    two = replace(DEFAULT[5], method="b", title="B", **{column: "another"})
    report = build(rows([one, two]), how=QUICK)
    assert all({row.method for row in t.rows} in ({"a"}, {"b"}) for t in report.tables)
    assert len({t.label for t in report.tables}) == len(report.tables)


def test_normal_rows_without_a_recipe_join_every_recipe() -> None:
    blurred = [replace(NET_B, variants=("B",), obfuscation=o) for o in ("blur", "mosaic")]
    frame = rows([*blurred, replace(NET_B, variants=("N",), obfuscation="")])
    tables = [t for t in build(frame, how=QUICK).tables if t.role is Role.SETTINGS]
    assert len(tables) == 2
    for t in tables:
        assert cell(t, "P3M-Net (R34)", "P/B:N-B:B/sad").n == 24


def test_seeds_pair_b_with_n_and_have_a_spread() -> None:
    fakes = [
        replace(base, seed=seed, checkpoint=f"{base.train}{seed}", level=base.level + int(seed))
        for base in (NET_B, NET_N)
        for seed in ("0", "1", "2")
    ]
    frame = rows(fakes)
    report = build(frame, how=QUICK)
    shown = table(report, Role.SETTINGS)
    assert labels(shown) == [f"P3M-Net (R34), seed {s}" for s in range(3)]
    assert cell(shown, "P3M-Net (R34), seed 1", "P/B:N-N:N/sad").attempted
    part = frame[(frame.subset == "P") & (frame.train_setting == "B") & (frame.variant == "B")]
    means = part.groupby("seed")["sad"].mean()
    spread = table(report, Role.SEEDS)
    assert cell(spread, "P3M-Net (R34)", "mean", "B:B").value == pytest.approx(means.mean())
    assert cell(spread, "P3M-Net (R34)", "sd", "B:B").value == pytest.approx(means.std())
    assert cell(spread, "P3M-Net (R34)", "seeds", "B:B").value == 3


def test_checkpoints_that_nothing_pairs_stand_alone() -> None:
    two = replace(NET_B, checkpoint="other.pth")
    shown = table(build(rows([NET_B, two, NET_N]), how=QUICK), Role.SETTINGS)
    assert labels(shown) == [f"P3M-Net (R34), {c}.pth" for c in ("b", "n", "other")]
    assert all(not c.contrast or c.contrast.name != "Privacy cost" for c in shown.columns)


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


def test_filters() -> None:
    report = build(rows(), settings=["B:B", "B:N", "-:N"], kind="trimap-free", how=QUICK)
    assert {t.kind for t in report.tables} == {"trimap-free"}
    shown = table(report, Role.SETTINGS)
    assert [title for title, _ in shown.groups()][:3] == ["B:B", "B:N", "–:N"]
    assert [c.contrast.name for c in shown.columns if c.contrast] == ["PPT gap"]
    assert not build(rows(), settings=["other:B"], how=QUICK).tables


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": ["BN"]}, "TRAIN:TEST"),
        ({"settings": ["B:X"]}, "TRAIN:TEST"),
        ({"kind": "other"}, "kind must be"),
        ({"metrics": ["psnr"]}, "no metric psnr"),
        ({"metrics": []}, "at least one"),
    ],
)
def test_wrong_choices_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(rows([NET_B]), **options)


def test_broken_rows_are_refused() -> None:
    frame = rows([NET_B])
    with pytest.raises(ValueError, match=r"lack the columns .*variant"):
        build(frame.drop(columns="variant"))
    with pytest.raises(ValueError, match="occur twice, such as p3mnet-r34 on image"):
        build(pd.concat([frame, frame]))


def test_no_rows_is_a_report_that_says_so() -> None:
    report = build(rows().iloc[:0])
    assert report.tables == () and report.notes == ("There are no results yet.",)


@pytest.mark.parametrize(("images", "rough"), [(4, True), (24, False), (1, False)])
def test_intervals_from_few_images_are_called_rough(images: int, rough: bool) -> None:
    shown = table(build(rows([NET_B], images=images), how=QUICK), Role.SETTINGS)
    assert ("Intervals from fewer than 15 images are rough." in shown.notes) is rough


def test_flags_are_counted() -> None:
    shown = table(build(rows([replace(NET_B, flags="seen-in-training")])), Role.SETTINGS)
    assert shown.notes[0] == "[a] Flag seen-in-training: P3M-Net (R34), 48 of 48 rows."


def test_nulls_in_text_columns_are_empty_text() -> None:
    frame = rows([NET_B])
    frame["seed"] = 3.0
    frame["flags"] = None
    frame["obfuscation"] = np.nan
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    assert dict(shown.rows[0].facts)["seed"] == "3"


def test_detail_shares_ranks_among_ties() -> None:
    fakes = [
        replace(NET_B, method="a", title="A"),
        replace(NET_B, method="b", title="B", level=9.001),
        replace(NET_B, method="c", title="C", level=19.0),
    ]
    detail = table(build(rows(fakes, seed=1)), Role.DETAIL)
    assert [cell(detail, t, "rank", "B:B").text for t in "ABC"] == ["1–2", "1–2", "3"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.005, "1.00"), (-0.001, "0.00"), (-1.239, "−1.24"), (float("nan"), "–"), (0.0, "0.00")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value, 2) == text


def test_signed_numbers() -> None:
    assert number(1.0, 1, sign=True) == "+1.0" and number(0.01, 1, sign=True) == "0.0"


def test_everything_is_hashable_and_frozen() -> None:
    shown = table(build(rows([NET_B, MEAN]), how=QUICK), Role.SETTINGS)
    assert isinstance(hash(shown), int)
    with pytest.raises(AttributeError):
        shown.title = "x"  # type: ignore[misc]
    assert isinstance(shown.rows[0], TableRow) and isinstance(DEFAULT[0], Fake)


def test_a_subset_of_another_name_has_tables_of_its_own() -> None:
    fakes = [replace(fake, subsets=("hard", "easy", "P")) for fake in DEFAULT[:2]]
    report = build(rows(fakes))
    titles = [table.title for table in report.tables if table.role is Role.SETTINGS]
    assert [title.partition(":")[0][-8:].split()[-1] for title in titles] == ["P", "easy", "hard"]
    for table in report.tables:
        if table.role is Role.SETTINGS:
            assert any(column.title == "PPT gap" for column in table.columns)


def test_results_on_np_alone_are_shown() -> None:
    report = build(rows([replace(fake, subsets=("NP",)) for fake in DEFAULT[:2]]))
    assert report.tables[0].role is Role.SETTINGS and "subset NP" in report.tables[0].title
    assert not any("P versus NP" in row.block for table in report.tables for row in table.rows)
