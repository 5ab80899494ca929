"""The summary says what the comparisons hold, in words."""

from __future__ import annotations

from dataclasses import replace

from fake import Fake, rows

from p3mbench.report import build
from p3mbench.report.html.summary import statements
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=199)


def test_the_summary_says_what_the_gap_tables_say() -> None:
    fakes = (
        Fake("a", "Sure", 10.0, "B", gap=5.0, checkpoint="a"),
        Fake("b", "Unsure", 10.0, "B", gap=0.0, checkpoint="b"),
        Fake("c", "Broken", 10.0, "B", gap=50.0, checkpoint="c", failed=4),
    )
    frame = rows(fakes, images=16)
    found = statements(build(frame, how=QUICK))
    gap = next(f for f in found if f.heading.startswith("PPT gap"))
    assert "Most for Sure: SAD +" in gap.text and "(significant)" in gap.text
    assert "Of 2 complete methods, 1 lose and 0 gain" in gap.text and gap.tone == "worse"
    assert "c (16)" in found[-1].text and found[-1].tone == "note"


def test_another_variant_has_statements_of_its_own() -> None:
    fake = Fake("a", "A", 10.0)
    mosaic = replace(fake, level=20.0, variants=("mosaic-0.10",), obfuscation="mosaic 0.1")
    found = statements(build(rows([fake, mosaic], images=8), how=QUICK))
    assert [(one.heading.split(" (")[0], one.question) for one in found] == [
        ("Obfuscation shift: –:B − –:N", "How much worse when the faces in the test are blurred?"),
        (
            "Obfuscation shift: –:mosaic-0.10 − –:N",
            "How much worse when the faces in the test are hidden by mosaic-0.10?",
        ),
    ]
    assert "(significant)" in found[1].text
