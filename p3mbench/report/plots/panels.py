"""Image, mattes and errors of the images that changed most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from p3mbench.images import UInt8Array
from p3mbench.names import plain
from p3mbench.report.analysis import Comparison
from p3mbench.report.pictures import Pictures, as_levels, shrunk, worst_first
from p3mbench.report.plots.plot import DrawnPer, Plot, PlotView
from p3mbench.report.plots.scatter import Cloud, clouds_of
from p3mbench.report.plots.style import cut, new_figure
from p3mbench.report.wording.numbers import metric_display, number
from p3mbench.settings import BLURRED, NORMAL, Setting, variant_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IMAGES = 4  # rows of a figure
LONGEST = 400  # pixels of a picture in the figure
MATTES, ERRORS = (3, 4), (5, 6)  # columns


@dataclass(frozen=True)
class Strip:
    """One image: pictures in the order of `heads_of`, None for a missing one.

    ``scores`` are its errors on hidden and on normal faces.
    """

    image: str
    pictures: tuple[UInt8Array | None, ...]
    scores: tuple[float, float]


def heads_of(variant: str) -> tuple[str, ...]:
    """Return the titles of the columns, for one variant of hidden faces and for normal ones."""
    first = f"{variant_title(variant)} ({variant})" if variant == BLURRED else variant
    both = (variant, NORMAL)
    mattes, errors = (tuple(f"{what} on {v}" for v in both) for what in ("matte", "error"))
    return (first, f"normal ({NORMAL})", "alpha", *mattes, *errors)


def panels(view: PlotView) -> Figure | None:
    """Draw panels of the method whose error changes most between hidden and normal faces.

    They show the requested images, else those that changed most. None without pictures.
    """
    if view.pictures is None:
        return None
    found = _found(view, view.pictures)
    if found is None:
        return None
    cloud, strips = found
    heads = heads_of(view.variant)
    figure = new_figure(1.36 * len(strips) + 0.45)
    shown = metric_display(view.comparison.metric)
    grid = figure.add_gridspec(len(strips), len(heads))
    for i, strip in enumerate(strips):
        for j, picture in enumerate(strip.pictures):
            axes = figure.add_subplot(grid[i, j])
            _show(axes, picture, error=j in ERRORS)
            if not i:
                axes.set_title(heads[j], fontsize=6.5)
            if j in MATTES:
                score = number(strip.scores[MATTES.index(j)], shown.decimals)
                axes.set_xlabel(f"{shown.title} {score}", fontsize=6, labelpad=1)
        figure.axes[len(heads) * i].set_ylabel(cut(plain(strip.image), 22), fontsize=6)
    figure.suptitle(plain(cloud.title), fontsize=8, x=0.01, ha="left")
    return figure


def _found(view: PlotView, pictures: Pictures) -> tuple[Cloud, list[Strip]] | None:
    """Find the method whose error changes most, of those that have mattes of both variants."""
    for cloud in clouds_of(view.comparison, view.variant):
        hidden, normal = (
            dict(zip(cloud.images, values, strict=True)) for values in (cloud.hidden, cloud.normal)
        )
        wanted = [i for i in view.images if i in hidden] or worst_first(normal, hidden, IMAGES)
        strips = [
            Strip(image, shown, (hidden[image], normal[image]))
            for image in wanted
            if (shown := pictures_of(view.comparison, cloud, view.variant, image, pictures))
        ]
        if strips:
            return cloud, strips
    return None


def pictures_of(
    comparison: Comparison, cloud: Cloud, variant: str, image: str, pictures: Pictures
) -> tuple[UInt8Array | None, ...] | None:
    """Return the pictures of one image under one method; None without mattes of both variants."""
    subset, both = comparison.subset, (variant, NORMAL)
    mattes = [pictures.matte(cloud.entry, subset, Setting(cloud.train, v), image) for v in both]
    if any(matte is None for matte in mattes):
        return None
    scenes = [pictures.scene(comparison.entries.benchmark, subset, v, image) for v in both]
    alpha = next((as_levels(scene.alpha) for scene in scenes if scene is not None), None)
    errors = [
        None
        if alpha is None or matte is None or matte.shape != alpha.shape
        else np.abs(matte.astype(np.int16) - alpha).astype(np.uint8)
        for matte in mattes
    ]
    shown = (*(s.image if s is not None else None for s in scenes), alpha, *mattes, *errors)
    return tuple(None if p is None else shrunk(p, LONGEST) for p in shown)


def _show(axes: Any, picture: UInt8Array | None, error: bool) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_linewidth(0.3)
    if picture is None:
        axes.text(0.5, 0.5, "not kept", ha="center", va="center", fontsize=6)
        return
    if picture.ndim == 3:
        axes.imshow(picture)
    else:  # a perceptually even map that is readable in grey
        axes.imshow(picture, cmap="inferno" if error else "gray", vmin=0, vmax=255)


PLOT = Plot(
    name="panels",
    title="The images that changed most",
    caption="Inputs, mattes and absolute errors of the method whose mean error differs most "
    "between the test variants.",
    draw=panels,
    scope=DrawnPer.VARIANT,
    order=70,
)
