"""Checkpoints, hashes and harmless flags stand in one appendix, not under every table."""

from __future__ import annotations

from dataclasses import replace

from fake import hash_of, rows
from looking import MEAN, NET_B, NET_N, QUICK

from p3mbench.report import Role, build


def test_every_checkpoint_has_a_line() -> None:
    frame = rows([NET_B, NET_N, replace(MEAN, flags="conn_tie")], images=3)
    report = build(frame, how=QUICK)
    (shown,) = (t for t in report.tables if t.role is Role.PROVENANCE)
    texts = [tuple(cell.text for cell in row.cells) for row in shown.rows]
    assert ("B", "", "resize", "b.pth", hash_of("b.pth")[:12], "") in texts
    assert ("", "", "native", "", "", "") in texts
    assert any("conn_tie" in note for note in shown.notes)
    others = [t for t in report.tables if t.role is not Role.PROVENANCE]
    assert not any("SHA-256" in note or "conn_tie" in note for t in others for note in t.notes)
    settings = next(t for t in others if t.role is Role.SETTINGS)
    assert settings.notes[-1] == "Checkpoints, hashes and code: see the table of provenance."
