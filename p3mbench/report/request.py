"""The request for a report, and its making: whole or not at all, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from p3mbench.report.build import build, with_prices
from p3mbench.report.html import Page, render_html
from p3mbench.report.images import per_image
from p3mbench.report.plots import Drawn, draw_all
from p3mbench.report.plots.gap import gap_picture
from p3mbench.report.render import DEFAULT, find, render
from p3mbench.report.stored import StoredRows
from p3mbench.report.tables.model import Report

PAGE = "html"  # the one format that is a page, not tables in text


@dataclass(frozen=True)
class ReportRequest:
    """The options of ``p3mbench report``, without the rows.

    Attributes:
        format: a name in `p3mbench.report.render.formats`, or ``html`` for the page.
        metrics: to show; None for the paper's.
        settings: TRAIN:TEST to show; None for all.
        published: show published figures next to the measured ones.
        precision: decimals of every error; None for each metric's own.
        standalone: LaTeX as a document of its own.
        per_image: a line per image instead of means.
        images: ids of the images in the panels; empty for those with the largest gaps.
        plot: file of the gap plot, whose suffix gives its format; None for no file.
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
        """Whether the page is requested."""
        return self.format == PAGE

    def __post_init__(self) -> None:
        """Check that the options fit together.

        Raises:
            ValueError: a page of single images is requested.
        """
        if self.is_page and self.per_image:
            raise ValueError("the page has its own image viewer; --per-image is for tables")

    @property
    def shows_notes(self) -> bool:
        """Whether the result shows the notes on its rows."""
        return not self.per_image and (self.is_page or find(self.format).shows_notes)


@dataclass(frozen=True, eq=False)
class MadeReport:
    """A report that is made but not written yet.

    Attributes:
        report: its comparisons and tables.
        text: the tables in the requested format, or the page.
        gap: the gap plot as the content of a file, None if it was not requested.
    """

    report: Report
    text: str
    gap: bytes | None

    def plots(
        self, stored: StoredRows, suffix: str, images: tuple[str, ...] = ()
    ) -> Iterator[Drawn]:
        """Draw every plot that its rows can fill, one after the other.

        Args:
            stored: the rows of the report.
            suffix: of the files: ".pdf", ".svg" or ".png".
            images: ids of the images in the panels.
        """
        return draw_all(self.report.comparisons, suffix, pictures=stored.pictures, images=images)


def make_report(stored: StoredRows, request: ReportRequest, *, ansi: bool = False) -> MadeReport:
    """Make the requested report of the rows of a store.

    Args:
        stored: the rows.
        request: the options.
        ansi: whether the text may contain escape sequences for a terminal.

    Raises:
        ValueError: the rows lack a metric or setting, or a file type is unknown.
    """
    built = build(
        stored.frame,
        metrics=request.metrics,
        settings=request.settings,
        expected=stored.expected,
        published=request.published,
    ).noted(stored.notes)
    built = with_prices(built, stored.frame, stored.privacy)
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
