"""A comparison holds every number once, and per image what they are made of."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from fake import rows
from looking import QUICK, select

from p3mbench.report.analysis import Comparison, MeanAt, analyse
from p3mbench.report.request import ReportRequest
from p3mbench.settings import PPT_GAP, Setting


@pytest.fixture(scope="module")
def free() -> Comparison:
    found = analyse(rows(), how=QUICK).comparisons
    return next(one for one in found if one.entries.kind == "trimap-free")


def test_it_cannot_be_changed(free: Comparison) -> None:
    with pytest.raises(FrozenInstanceError):
        free.metrics = ("mse",)  # type: ignore[misc]


def test_means_are_those_of_the_scores_per_image(free: Comparison) -> None:
    assert [entry.label for entry in free.entries] == ["Mean alpha", "MODNet", "P3M-Net (R34)"]
    for (entry, at), mean in free.means.items():
        values = entry.values(at.subset, at.setting, at.metric)
        assert mean.n == len(values) and mean.value == pytest.approx(np.mean([*values.values()]))
    net = free.entries.members[2]
    at = MeanAt("P", Setting("B", "N"), "sad")
    of = {"method": "p3mnet-r34", "train_setting": "B", "subset": "P", "variant": "N"}
    assert net.values("P", at.setting, "sad") == select(rows(), **of).to_dict()
    assert free.mean(net, MeanAt("P", Setting("-", "N"), "sad")) is None


def test_settings_variants_and_errors_are_of_the_main_subset(free: Comparison) -> None:
    assert [s.title for s in free.settings()] == ["B:B", "B:N", "N:B", "N:N", "–:B", "–:N"]
    assert free.variants() == ("B", "N") and free.subset == "P" and free.metric == "sad"
    assert len(free.errors("sad")) == 10  # two methods in four settings, one in two


def test_gaps_know_both_sides_and_whose_they_are(free: Comparison) -> None:
    ppt = next(found for found in free.gaps_in() if found.contrast.name == PPT_GAP)
    assert [gap.entry.label for gap in ppt.gaps] == ["MODNet", "P3M-Net (R34)"]
    net = ppt.gaps[1]
    assert ppt.of(net.entry) is net and ppt.of(free.entries.members[0]) is None
    assert net.value == pytest.approx(net.test.value - net.reference.value)
    assert net.complete and not net.missing and not ppt.gaps[0].complete
    test, reference = free.sides(ppt.contrast, "sad")
    assert (test.setting.title, reference.setting.title) == ("B:N", "B:B")
    assert free.mean(net.entry, test) is net.test


def test_settings_that_were_not_asked_for_are_left_out_of_gaps_only() -> None:
    request = ReportRequest(settings=("B:B", "B:N"), kind="trimap-free")
    (found,) = analyse(rows(), request, how=QUICK).comparisons
    assert [s.title for s in found.chosen()] == ["B:B", "B:N"] and len(found.settings()) == 6
    assert {gaps.contrast.test.train for gaps in found.gaps} == {"B"}
    assert len(found.errors("sad")) == 4


def test_details_are_in_the_first_metric(free: Comparison) -> None:
    assert {detail.at.metric for detail in free.details} == {"sad"} and free.detailed == ("P",)
    assert all(d.low <= d.mean.value <= d.high for d in free.details)
    assert all(math.isnan(gap.share) for f in free.gaps if not f.contrast.paired for gap in f.gaps)
