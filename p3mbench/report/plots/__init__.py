"""Every plot of a report: what there is, what it shows, and how to draw all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p3mbench.report import flagging
from p3mbench.report.build import Subject
from p3mbench.report.captions import set_title, slug
from p3mbench.report.plots import gap
from p3mbench.report.plots.cumulative import cumulative
from p3mbench.report.plots.panels import panels
from p3mbench.report.plots.scatter import scatter
from p3mbench.report.plots.slopes import slopes
from p3mbench.report.plots.speed import speed
from p3mbench.report.plots.style import rendered
from p3mbench.report.plots.where import where
from p3mbench.report.tables.model import Report
from p3mbench.report.wording.numbers import metric_display

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from p3mbench.report.pictures import Pictures


@dataclass(frozen=True)
class Plot:
    """A kind of plot, with what a reader must know to read it."""

    name: str
    title: str
    caption: str
    draw: Callable[[Subject], Figure | None] | None = None


@dataclass(frozen=True)
class Drawn:
    """One picture: the bytes of a file, its name without suffix, its title and caption."""

    name: str
    title: str
    caption: str
    content: bytes


GAP = Plot("gap", "The generalization gap", "")
PANELS = Plot(
    "panels",
    "The images that changed most",
    "Inputs, mattes and absolute errors of the method whose mean error differs most between the "
    "test variants.",
)
PER_SUBJECT = (
    Plot(
        "slopes",
        "From blurred to normal test faces",
        "Mean error of each method on both variants; complete pairs only.",
        slopes,
    ),
    Plot(
        "scatter",
        "Image by image",
        "Error on the normal image against error on its blurred twin. Above the line: worse on "
        "normal faces. The images farthest from it are named.",
        scatter,
    ),
    Plot(
        "cumulative",
        "The whole distribution",
        "Share of images with an error of at most so much; further up and left is better.",
        cumulative,
    ),
    Plot(
        "speed",
        "Accuracy against cost",
        "Mean error against the median time of predict and against the network's parameters, each "
        "method in the setting beside its name. Times from other machines do not compare.",
        speed,
    ),
    Plot(
        "where",
        "Where the error sits",
        "SAD split by the trimap's regions, which add up to the whole. The mark is the part of the "
        "error within the face, which may reach into any region.",
        where,
    ),
)


def draw_all(
    report: Report,
    subjects: Sequence[Subject],
    suffix: str,
    *,
    pictures: Pictures | None = None,
    images: tuple[str, ...] = (),
    dpi: int = 200,
) -> Iterator[Drawn]:
    """Every plot that the rows allow, in reading order.

    Args:
        report, subjects: of `p3mbench.report.build` and `p3mbench.report.build.subjects`.
        suffix: .png, .svg or .pdf.
        pictures: where images and mattes are, for the panels.
        images: ids that the panels show instead of those that changed most.
        dpi: of a PNG, and of pictures within a vector file.

    Raises:
        ValueError: unknown suffix.
    """
    shown = gap.panels_of_report(report)
    if shown:
        content = rendered(lambda: gap.drawn(shown), suffix, dpi)
        extra = ("NP",) if any(not panel.contrast.paired for panel in shown) else ()
        notes = dict.fromkeys(
            flagging.warnings_of(s.entries, (s.entries.subset, *extra)) for s in subjects
        )
        yield Drawn(GAP.name, GAP.title, _joined(gap.caption_of(shown), *notes), content)
    kinds = [subject.entries.kind for subject in subjects]
    for subject in subjects:
        alone = kinds.count(subject.entries.kind) == 1
        what = f"{metric_display(subject.metric).title}, {_lower(set_title(subject.entries))}"
        for plot in (*PER_SUBJECT, PANELS):
            picture = _content(plot, subject, pictures, images, suffix, dpi)
            if picture is not None:
                name = slug(plot.name, *_facts(subject, alone))
                caption = _joined(plot.caption, flagging.warnings_of(subject.entries))
                yield Drawn(name, f"{plot.title}: {what}", caption, picture)


def _content(
    plot: Plot,
    subject: Subject,
    pictures: Pictures | None,
    images: tuple[str, ...],
    suffix: str,
    dpi: int,
) -> bytes | None:
    def make() -> Figure | None:
        if plot.draw is not None:
            return plot.draw(subject)
        return panels(subject, pictures, images)

    return rendered(make, suffix, dpi)


def _facts(subject: Subject, alone: bool) -> tuple[str, ...]:
    """What tells the subject's files from those of others."""
    e = subject.entries
    more = (e.benchmark, e.convention, slug(e.obfuscation)[:24], e.trimap_source, e.other_subset)
    return (e.kind, *(() if alone else more), subject.metric)


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]
