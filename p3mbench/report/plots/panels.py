"""What went wrong, to look at: image, mattes and errors of the images that changed most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from p3mbench.images import UInt8Array
from p3mbench.report.build import Subject
from p3mbench.report.layout import plain
from p3mbench.report.pictures import Pictures, as_levels, shrunk, worst_first
from p3mbench.report.plots.scatter import Cloud, clouds_of
from p3mbench.report.plots.style import cut, new_figure
from p3mbench.report.wording.numbers import metric_display, number
from p3mbench.settings import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IMAGES = 4  # rows of a figure
LONGEST = 400  # pixels of a picture in the figure
HEADS = ("faces blurred (B)", "normal (N)", "alpha", "matte on B", "matte on N", "error on B",
         "error on N")  # fmt: skip


@dataclass(frozen=True)
class Strip:
    """One image: pictures in the order of `HEADS`, None where there is none, and its scores."""

    image: str
    pictures: tuple[UInt8Array | None, ...]
    b: float
    n: float


def panels(subject: Subject, pictures: Pictures | None, images: tuple[str, ...]) -> Figure | None:
    """Panels of the method whose error changes most between B and N.

    Args:
        subject: what to show.
        pictures: where images and mattes are; without, there is nothing to draw.
        images: ids to show; if empty, those that changed most.
    """
    if pictures is None:
        return None
    found = _found(subject, pictures, images)
    if found is None:
        return None
    cloud, strips = found
    figure = new_figure(1.36 * len(strips) + 0.45)
    metric = metric_display(subject.metric).title
    grid = figure.add_gridspec(len(strips), len(HEADS))
    for i, strip in enumerate(strips):
        for j, picture in enumerate(strip.pictures):
            axes = figure.add_subplot(grid[i, j])
            _show(axes, picture, error=j > 4)
            if not i:
                axes.set_title(HEADS[j], fontsize=6.5)
            if j in (3, 4):
                score = number(
                    strip.b if j == 3 else strip.n, metric_display(subject.metric).decimals
                )
                axes.set_xlabel(f"{metric} {score}", fontsize=6, labelpad=1)
        figure.axes[len(HEADS) * i].set_ylabel(cut(plain(strip.image), 22), fontsize=6)
    figure.suptitle(plain(cloud.title), fontsize=8, x=0.01, ha="left")
    return figure


def _found(
    subject: Subject, pictures: Pictures, images: tuple[str, ...]
) -> tuple[Cloud, list[Strip]] | None:
    """The method whose error changes most, of those that have mattes of both variants."""
    where = subject.entries.benchmark, subject.entries.subset
    for cloud in clouds_of(subject.entries, subject.metric):
        b, n = (dict(zip(cloud.images, values, strict=True)) for values in (cloud.b, cloud.n))
        wanted = [i for i in images if i in b] or worst_first(n, b, IMAGES)
        strips = [
            strip for image in wanted if (strip := strip_of(where, cloud, image, pictures, (b, n)))
        ]
        if strips:
            return cloud, strips
    return None


def strip_of(
    where: tuple[str, str],
    cloud: Cloud,
    image: str,
    pictures: Pictures,
    scores: tuple[Mapping[str, float], Mapping[str, float]],
) -> Strip | None:
    """The pictures of one image under one method; None without mattes of both variants.

    ``where`` is the benchmark and the subset.
    """
    mattes = [pictures.matte(cloud.entry, where[1], Setting(cloud.train, v), image) for v in "BN"]
    if any(matte is None for matte in mattes):
        return None
    scenes = [pictures.scene(*where, v, image) for v in "BN"]
    alpha = next((as_levels(scene.alpha) for scene in scenes if scene is not None), None)
    errors = [
        None
        if alpha is None or matte is None or matte.shape != alpha.shape
        else np.abs(matte.astype(np.int16) - alpha).astype(np.uint8)
        for matte in mattes
    ]
    shown = (*(s.image if s is not None else None for s in scenes), alpha, *mattes, *errors)
    small = tuple(None if p is None else shrunk(p, LONGEST) for p in shown)
    return Strip(image, small, scores[0][image], scores[1][image])


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
