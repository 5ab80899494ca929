"""A dot per image that both variants have a score for."""

from __future__ import annotations

from p3mbench.report.analysis import Comparison
from p3mbench.report.plots.scatter import clouds_of


def test_clouds_are_paired_and_the_largest_change_comes_first(free: Comparison) -> None:
    clouds = clouds_of(free)
    gaps = [abs(cloud.gap) for cloud in clouds]
    assert gaps == sorted(gaps, reverse=True)
    modnet = next(c for c in clouds if c.title == "MODNet, trained on B")
    assert len(modnet.images) == 5 and "p_0000" not in modnet.images


def test_another_variant_has_clouds_of_its_own(many: Comparison) -> None:
    mosaic = {cloud.title: cloud for cloud in clouds_of(many, "mosaic-0.10")}
    blurred = {cloud.title: cloud for cloud in clouds_of(many, "B")}
    assert mosaic.keys() == blurred.keys() >= {"P3M-Net (R34), trained on mosaic-0.10"}
    for title, cloud in mosaic.items():
        assert cloud.normal == blurred[title].normal and cloud.hidden != blurred[title].hidden
