"""What a report is asked for, and its making: whole or not at all, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from p3mbench.report.build import build
from p3mbench.report.html import Page, render_html
from p3mbench.report.images import per_image
from p3mbench.report.plots import Drawn, draw_all
from p3mbench.report.plots.gap import gap_picture
from p3mbench.report.render import DEFAULT, find, render
from p3mbench.report.stored import StoredRows
from p3mbench.report.tables.model import Report

PAGE = "html"  # the only format that is not a table in text


@dataclass(frozen=True)
class ReportRequest:
    """What ``p3mbench report`` is asked for, beside the rows.

    Attributes:
        format: a name in `p3mbench.report.render.formats`, or ``html`` for the page.
        metrics: to show; None for the paper's.
        settings: TRAIN:TEST to show; None for all.
        published: put published figures beside the measured ones.
        precision: decimals of every error; None for each metric's own.
        standalone: LaTeX as a document of its own.
        per_image: a line per image instead of means.
        images: that the panels show; empty for those of the largest gaps.
        plot: file of the gap plot, whose suffix says its format; None for none.
    """

    format: str = DEFAULT
    metrics: tuple[str, ...] | None = None
    settings: tuple[str, ...] | None = None
    published: bool = False
    precision: int | None = None
    standalone: bool = False
    per_image: bool = False
    images: tuple[str, ...] = ()
    plot: Path | None = None

    @property
    def is_page(self) -> bool:
        """Whether the page is wanted."""
        return self.format == PAGE

    def __post_init__(self) -> None:
        """Check what goes together.

        Raises:
            ValueError: the page cannot be of images alone.
        """
        if self.is_page and self.per_image:
            raise ValueError("the page has its own image viewer; --per-image is for tables")

    @property
    def shows_notes(self) -> bool:
        """Whether what is made shows the notes on its rows."""
        return not self.per_image and (self.is_page or find(self.format).shows_notes)


@dataclass(frozen=True, eq=False)
class MadeReport:
    """A report that is made and not written yet.

    Attributes:
        report: its comparisons and tables.
        text: the tables in the format that was asked for, or the page.
        gap: the gap plot as the content of a file, None if it was not asked for.
    """

    report: Report
    text: str
    gap: bytes | None

    def plots(
        self, stored: StoredRows, suffix: str, images: tuple[str, ...] = ()
    ) -> Iterator[Drawn]:
        """Every plot that its rows can fill, drawn one after the other.

        Args:
            stored: the rows that it was made of.
            suffix: of the files: ".pdf", ".svg" or ".png".
            images: that the panels show.
        """
        return draw_all(self.report.comparisons, suffix, pictures=stored.pictures, images=images)


def make_report(stored: StoredRows, request: ReportRequest, *, ansi: bool = False) -> MadeReport:
    """Make what is asked for of the rows of a store.

    Args:
        stored: the rows.
        request: what is asked for.
        ansi: whether the text may hold escape sequences of a terminal.

    Raises:
        ValueError: a metric, setting or file type that the rows do not have.
    """
    built = build(
        stored.frame,
        metrics=request.metrics,
        settings=request.settings,
        expected=stored.expected,
        published=request.published,
    ).noted(stored.notes)
    gap = None if request.plot is None else gap_picture(built.comparisons, request.plot)
    return MadeReport(built, _text(built, stored, request, ansi), gap)


def _text(built: Report, stored: StoredRows, request: ReportRequest, ansi: bool) -> str:
    if request.is_page:
        return render_html(Page(built, stored.runs, stored.pictures))
    if request.per_image:
        return per_image(
            stored.frame,
            request.format,
            metrics=request.metrics,
            ansi=ansi,
            precision=request.precision,
            standalone=request.standalone,
        )
    return render(
        built,
        request.format,
        ansi=ansi,
        precision=request.precision,
        standalone=request.standalone,
    )
