"""What the viewer holds, without a browser."""

from __future__ import annotations

from dataclasses import replace

from fake import DEFAULT, rows

from p3mbench.report.analysis import Comparison, analyse
from p3mbench.report.html.viewer import viewer

MOSAIC = "mosaic-0.10"


def compared(*, more: bool = False, variants: tuple[str, ...] = ("B", "N")) -> Comparison:
    fakes = [replace(DEFAULT[0], variants=variants)]
    if more:
        fakes.append(replace(DEFAULT[0], variants=(MOSAIC,), level=90.0, obfuscation="mosaic 0.1"))
    (found,) = analyse(rows(fakes, images=5)).comparisons
    return found


def test_scores_are_those_of_every_variant() -> None:
    comparison = compared(more=True)
    data = viewer([comparison], None, 3)
    assert data["hidden"] == ["B", MOSAIC]
    (entry,) = comparison.entries
    for key, view in data["views"].items():
        image = data["images"][int(key.split("/")[1])]["id"]
        assert list(view) == ["B", MOSAIC, "N"]
        for (subset, setting), scores in entry.scores.items():
            if subset == "P":
                assert view[setting.test]["scores"]["sad"] == scores.scored("sad")[image]


def test_the_images_that_change_most_are_chosen() -> None:
    (entry,) = (comparison := compared()).entries
    by_test = {s.test: v.scored("sad") for (of, s), v in entry.scores.items() if of == "P"}
    change = {image: abs(by_test["B"][image] - by_test["N"][image]) for image in by_test["B"]}
    wanted = sorted(change, key=lambda image: -change[image])[:2]
    shown = [image["id"] for image in viewer([comparison], None, 2)["images"]]
    assert shown == sorted(wanted)


def test_one_variant_alone_has_a_viewer_too() -> None:
    data = viewer([compared(variants=("N",))], None, 2)
    assert data["hidden"] == ["B"] and len(data["images"]) == 2
    assert all(list(view) == ["N"] for view in data["views"].values())
