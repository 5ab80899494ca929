"""Each gap has three answers; seeds of a method are one method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake import rows
from looking import MODNET_B, NET_B, NET_N, QUICK, cell, labels, select, table

from p3mbench import stats
from p3mbench.report import Role, build
from p3mbench.report.analysis import Comparison, ContrastGaps, analyse
from p3mbench.report.wording import answers
from p3mbench.settings import PPT_GAP, SUBSET_GAP

SEEDS = [
    replace(base, seed=seed, checkpoint=f"{base.train}{seed}", gap=gap)
    for base in (NET_B, NET_N)
    for seed, gap in (("0", 9.0), ("1", -6.0), ("2", 4.0))
]


def gaps(comparison: Comparison, name: str = PPT_GAP) -> ContrastGaps:
    return next(found for found in comparison.gaps_in() if found.contrast.name == name)


@pytest.fixture(scope="module")
def seeded() -> Comparison:
    return analyse(rows([*SEEDS, MODNET_B]), how=QUICK).comparisons[0]


def test_failures_are_counted_and_the_worst_images_named() -> None:
    frame = rows([NET_B])
    gap = gaps(analyse(frame, how=QUICK).comparisons[0]).gaps[0]
    of = {"method": "p3mnet-r34", "subset": "P"}
    lost = select(frame, variant="N", **of) - select(frame, variant="B", **of)
    assert gap.failures.amount == 10.0  # a mean error is about 9
    assert gap.failures.share == replace(
        stats.failure_share(lost, 10.0, QUICK), p_holm=gap.failures.share.p_value
    )
    worst = lost[lost > 0].sort_values(ascending=False)[:10]
    assert [image for image, _ in gap.failures.worst] == list(worst.index)
    assert [loss for _, loss in gap.failures.worst] == pytest.approx(list(worst))
    assert gap.typical.estimate == pytest.approx(stats.typical_gap(lost).estimate)
    assert gap.typical.p_holm == gap.typical.p_value  # one method


def test_seeds_are_one_method_with_two_levels(seeded: Comparison) -> None:
    found = gaps(seeded)
    assert [gap.label for gap in found.methods] == ["MODNet", "P3M-Net (R34)"]
    (family,) = found.families
    single = [gap for gap in found.gaps if gap.entry in family.members]
    assert len(single) == 3 and all(np.isnan(gap.p_holm) for gap in single)
    assert family.value == pytest.approx(np.mean([gap.value for gap in single]))
    assert family.spread is not None and family.spread.seeds == 3
    assert family.low < min(gap.low for gap in single) and not family.significant
    assert family.test.value == pytest.approx(np.mean([gap.test.value for gap in single]))
    wanted = stats.holm([gap.p_value for gap in found.methods])
    assert [gap.p_holm for gap in found.methods] == pytest.approx(wanted)


def test_seeds_share_a_rank(seeded: Comparison) -> None:
    ranks = {
        d.entry.label: d.rank
        for d in seeded.details
        if d.at.setting.title == "B:B" and d.rank is not None
    }
    shared = {rank for label, rank in ranks.items() if "seed" in label}
    assert len(shared) <= 1 and all(rank.worst <= 2 for rank in ranks.values())


def test_p_against_np_has_the_same_answers(seeded: Comparison) -> None:
    found = gaps(seeded, SUBSET_GAP)
    assert found.families and all(gap.p_holm <= 1 for gap in found.methods)
    gap = found.families[0]
    assert gap.failures.share.n == 24 and gap.typical.low <= gap.typical.estimate
    assert 0 < len(gap.failures.worst) <= 10


def test_the_table_has_a_line_per_seed_and_one_per_method() -> None:
    shown = table(build(rows(SEEDS), how=QUICK), Role.GAPS)
    block = [row.label for row in shown.rows if row.block.startswith(PPT_GAP)]
    assert block == [*(f"P3M-Net (R34), seed {i}" for i in range(3)), "P3M-Net (R34), 3 seeds"]
    assert any(note.startswith("Seeds of a method count once") for note in shown.notes)
    line = cell(shown, "P3M-Net (R34), 3 seeds", "fails", "PPT gap: B:N − B:B")
    assert 0 <= line.low <= line.value <= line.high <= 1
    assert len(set(labels(shown))) == 4


def test_sentences_name_their_question(seeded: Comparison) -> None:
    modnet, net = gaps(seeded).methods
    assert "on average, 95 % interval" in answers.on_average(net, "sad", 2)
    assert "on a typical image" in answers.on_a_typical_image(net, "sad", 2)
    assert "more than SAD 10 (" in answers.failing(net, "sad")
    unpaired = gaps(seeded, SUBSET_GAP).methods[0]
    assert "an error above SAD 10" in answers.failing(unpaired, "sad")
    assert "likely to go unnoticed" in answers.cannot_show(net, "sad", 2)
    assert answers.trainings(net, "sad", 2).startswith("3 trainings: mean gaps from")
    assert "do not show how far trainings differ" in answers.trainings(net, "sad", 2)
    assert answers.trainings(modnet, "sad", 2).startswith("One training")
    (seed, *_) = (gap for gap in gaps(seeded).gaps if gap.entry in net.members)
    assert "one seed of several" in answers.on_average(seed, "sad", 2)
