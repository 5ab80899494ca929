"""P against NP, a row per train setting."""

from __future__ import annotations

from looking import table, usual

from p3mbench.report import Role


def test_subsets_table_has_a_row_per_train_setting() -> None:
    shown = table(usual(), Role.SUBSETS)
    assert [(r.label, r.cells[0].text) for r in shown.rows if r.block == "P, test B"] == [
        ("Mean alpha", "–"), ("MODNet", "B"), ("MODNet", "N"),
        ("P3M-Net (R34)", "B"), ("P3M-Net (R34)", "N"),
    ]  # fmt: skip
    assert [c.title for c in shown.columns[1:]] == [
        "SAD", "MSE", "MAD", "SAD-T", "MSE-T", "MAD-T", "SAD-FG", "SAD-BG", "GRAD", "CONN",
    ]  # fmt: skip
    assert {row.block for row in shown.rows} == {"P, test B", "NP, test N"}
