"""Panels show pictures of the variant that is compared with normal faces."""

from __future__ import annotations

from typing import Any

import numpy as np

from p3mbench.data.sample import Scene
from p3mbench.report.analysis import Comparison
from p3mbench.report.plots.panels import heads_of, panels
from p3mbench.report.plots.plot import PlotView


class Drawings:
    """Pictures of nothing in particular; remembers what it was asked for."""

    def __init__(self) -> None:
        self.scenes: set[str] = set()
        self.mattes: set[str] = set()

    def scene(self, benchmark: str, subset: str, variant: str, image: str) -> Scene:
        self.scenes.add(variant)
        return Scene(np.zeros((8, 6, 3), np.uint8), np.zeros((8, 6), np.uint8), None, None)

    def matte(self, entry: Any, subset: str, setting: Any, image: str) -> np.ndarray:
        self.mattes.add(setting.test)
        return np.zeros((8, 6), np.uint8)


def test_heads_name_the_variant() -> None:
    assert heads_of("B") == (
        *("faces blurred (B)", "normal (N)", "alpha", "matte on B", "matte on N"),
        *("error on B", "error on N"),
    )
    assert heads_of("mosaic-0.10")[0] == "mosaic-0.10"
    assert heads_of("mosaic-0.10")[3] == "matte on mosaic-0.10"


def test_pictures_are_of_the_variant_and_of_the_images_asked_for(many: Comparison) -> None:
    pictures = Drawings()
    view = PlotView((many,), "mosaic-0.10", pictures, ("p_0003",))  # type: ignore[arg-type]
    figure = panels(view)
    assert figure is not None and len(figure.axes) == 7
    assert figure.axes[0].get_ylabel() == "p_0003"
    assert pictures.scenes == pictures.mattes == {"mosaic-0.10", "N"}
    assert panels(PlotView((many,), "B")) is None
