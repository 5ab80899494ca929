"""The summary: which gaps and lines it shows, and who is best."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake import Fake, rows
from looking import MEAN, NET_B, NET_N, QUICK, logs, usual

from p3mbench.report.analysis import analyse
from p3mbench.report.analysis.summary import SummarySection, summarised


def sections(*fakes: Fake, images: int = 24) -> tuple[SummarySection, ...]:
    return summarised(analyse(rows(fakes, images), how=QUICK).comparisons).sections


def test_trimap_free_methods_come_first_with_their_ppt_gap() -> None:
    free, based = summarised(usual().comparisons).sections
    assert free.found is not None and free.found.contrast.name == "PPT gap"
    assert [at.setting.title for at in free.places] == ["B:B", "B:N", "N:N"]
    assert based.found is not None and based.found.contrast.name == "Obfuscation shift"
    assert [at.setting.title for at in based.places] == ["\u2013:B", "\u2013:N"]


def test_the_largest_loss_is_first_and_incomplete_ones_are_no_extremes() -> None:
    nets = [
        replace(NET_B, method=f"m{i}", title=f"M{i}", gap=float(i), failed=i == 4) for i in range(5)
    ]
    (found,) = sections(*nets)
    assert [line.line.label for line in found.lines] == ["M4", "M3", "M2", "M1", "M0"]
    assert [line.line.label for line in found.whole] == ["M3", "M2", "M1", "M0"]
    assert found.lines[1].significant and not found.lines[0].significant
    told = [line.line.label for line in found.telling(2)]
    assert told == ["M3", "M0"]  # the ends; M0 is also the best on normal faces


def test_ties_are_ties() -> None:
    twins = [replace(NET_B, method=m, title=m.upper(), gap=0.0) for m in ("a", "b")]
    worse = replace(NET_B, method="c", title="C", level=30.0)
    (found,) = sections(*twins, worse)
    (best,) = found.best
    assert best.at.setting.title == "B:N"
    assert {best.winner.label, *(line.label for line in best.tied)} == {"A", "B"}


def test_one_method_is_not_best() -> None:
    (found,) = sections(NET_B, NET_N)
    assert found.best == () and len(found.lines) == 1


def test_only_untrained_methods_have_a_shift() -> None:
    (found,) = sections(MEAN)
    assert found.found is not None and found.found.contrast.name == "Obfuscation shift"


def test_without_a_hidden_variant_there_are_means_only() -> None:
    (found,) = sections(replace(MEAN, variants=("N",), subsets=("P",)))
    assert found.found is None and [at.setting.title for at in found.places] == ["\u2013:N"]
    assert len(found.lines) == 1 and not found.powerless


def test_another_train_setting_has_a_section_of_its_own() -> None:
    mosaic = replace(NET_B, train="mosaic-0.10", variants=("mosaic-0.10", "N"), checkpoint="m")
    found = sections(NET_B, mosaic)
    assert {one.places[0].setting.title for one in found} == {"B:B", "mosaic-0.10:mosaic-0.10"}


def test_p_against_np_is_shown_if_there_is_nothing_else() -> None:
    (found,) = summarised(analyse(logs(), how=QUICK).comparisons).sections
    assert found.found is not None and not found.found.contrast.paired
    assert {at.subset for at in found.places} == {"P", "NP"}


@pytest.mark.parametrize(("images", "powerless"), [(3, True), (24, False)])
def test_few_images_show_nothing(images: int, powerless: bool) -> None:
    (found,) = sections(NET_B, replace(NET_B, method="x", title="X"), images=images)
    assert found.powerless is powerless


def test_seeds_are_one_method() -> None:
    seeds = [replace(NET_B, seed=s, checkpoint=s) for s in "01"]
    (found,) = sections(*seeds, replace(NET_B, method="x", title="X"))
    assert len(found.lines) == 2
    (both,) = [line for line in found.lines if len(line.line.entries) == 2]
    assert [len(gap.members) for gap in both.gaps] == [2]
