"""Flags in sentences: one line for all methods, and what is imported is called so."""

from __future__ import annotations

from dataclasses import replace

from fake import Fake
from looking import QUICK, A, B, made

from p3mbench.report import Role, build


def test_one_line_for_all_methods_and_names_only_where_it_is_some() -> None:
    many = [Fake(f"m{i}", f"M{i:02}", 9.0 + i, flags="clipped") for i in range(12)]
    many[0] = replace(many[0], flags="clipped,empty_alpha")
    tables = {t.role: t for t in build(made(*many), how=QUICK).tables}
    notes = tables[Role.SETTINGS].notes
    assert notes[0] == "[a] The ground truth is all 0 (flag empty_alpha): M00, 16 of 192 rows."
    appendix = tables[Role.PROVENANCE].notes
    assert appendix[-1] == (
        "Flags that leave a score as it is: clipped "
        "(values up to 1e-6 outside [0, 1] were clipped; all methods, 384 of 384 rows)."
    )
    others = [t for role, t in tables.items() if role is not Role.PROVENANCE]
    assert not any("clipped" in note for t in others for note in t.notes)


def test_scores_that_are_all_imported_are_called_so_in_every_caption() -> None:
    every = build(made(replace(A, flags="imported"), replace(B, flags="imported")), how=QUICK)
    assert every.tables
    assert all("All scores are imported, not measured here." in t.caption for t in every.tables)
    some = build(made(replace(A, flags="imported"), B), how=QUICK)
    assert all(" are imported, not measured here." in t.caption for t in some.tables)
    none = build(made(A, B), how=QUICK)
    assert not any("imported" in t.caption for t in none.tables)
