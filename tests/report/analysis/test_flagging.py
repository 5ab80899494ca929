"""Flags are counted once for each stored row."""

from __future__ import annotations

from p3mbench.report.analysis.flagging import Tally, flag_uses


def test_rows_behind_several_lines_are_counted_once() -> None:
    same = Tally(of=("A", "P", "-", "N"), rows=5, flags=(("imported", 2),))
    other = Tally(of=("B", "P", "-", "N"), rows=5)
    (use,) = flag_uses([same, same, other])
    assert (use.rows, use.of, use.methods, use.everyone) == (2, 10, ("A",), False)


def test_letters_go_on_after_z() -> None:
    names = tuple((f"flag{i:02}", 1) for i in range(28))
    uses = flag_uses([Tally(of=("A",), rows=1, flags=names)])
    assert [use.mark for use in uses][24:] == ["y", "z", "aa", "ab"]
