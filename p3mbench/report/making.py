"""The making of a report: whole or not at all, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from p3mbench.report.build import build
from p3mbench.report.config import PlannedOutput
from p3mbench.report.html import Page, render_html
from p3mbench.report.images import per_image
from p3mbench.report.plots import Drawn, draw_all, plots
from p3mbench.report.plots.gap import gap_picture
from p3mbench.report.render import Look, find, render
from p3mbench.report.request import (
    COMPARED,
    ReportRequest,
    check_matched,
    folded,
    matches,
)
from p3mbench.report.stored import StoredRows, read_stored
from p3mbench.report.tables.model import Report
from p3mbench.runs import RESULTS
from p3mbench.writing import write_bytes, write_text


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


def make_report(
    stored: StoredRows, request: ReportRequest, *, ansi: bool = False, width: int = 100
) -> MadeReport:
    """Make the requested report of the rows of a store.

    Args:
        stored: the rows.
        request: the options.
        ansi: whether the text may contain escape sequences for a terminal.
        width: columns of the terminal.

    Raises:
        ValueError: the rows lack a metric, setting or method, or a file type is unknown.
    """
    request = with_metrics(request, stored)
    built = build(stored.frame, request, expected=stored.expected, privacy=stored.privacy)
    built = built.noted(stored.notes)
    plot = None if request.plot is None else _plot(built, stored, request)
    look = Look(
        ansi=ansi,
        width=width,
        standalone=request.standalone,
        siunitx=request.siunitx,
        text_width=request.text_width,
    )
    return MadeReport(built, _text(built, stored, request, look), plot)


def write_outputs(planned: Iterable[PlannedOutput]) -> Iterator[Path]:
    """Write the outputs of a configuration, and yield each file after it is written.

    All are made before the first is written, so that a wrong name leaves no half of them.

    Raises:
        ValueError: the rows lack something that an output asks for; the message names the file.
        StoreError: there are no results.
    """
    read: dict[Path, StoredRows] = {}
    made = []
    for one in planned:
        if one.results not in read:
            read[one.results] = read_stored(one.results)
        stored = read[one.results]
        try:
            found = make_report(stored, one.request)
        except ValueError as error:
            raise ValueError(f"{one.file}: {error}") from None
        made.append((one.file, found))
    for file, found in made:
        if found.gap is not None:
            write_bytes(file, found.gap)
        else:
            write_text(file, found.text)
        yield file


def with_metrics(request: ReportRequest, stored: StoredRows) -> ReportRequest:
    """Return the request with the metrics as the rows spell them.

    Raises:
        ValueError: the rows lack a metric; the message has the nearest ones.
    """
    if request.metrics is None or not stored.metrics:
        return replace(request, metrics=None)
    check_matched("metric", request.metrics, {name: () for name in stored.metrics})
    known = {folded(name): name for name in stored.metrics}
    named = [known[n] for p in request.metrics for n in known if matches(p, (n,))]
    return replace(request, metrics=tuple(dict.fromkeys(named)))


def answer(stored: StoredRows, *, ansi: bool = False, width: int = 100) -> str:
    """Return what a terminal shows after a run: the summary, as text."""
    return make_report(stored, ReportRequest(), ansi=ansi, width=width).text


def shows_notes(request: ReportRequest) -> bool:
    """Whether the result shows the notes on its rows."""
    return not request.per_image and (request.is_page or find(request.format).shows_notes)


def _shown(built: Report, stored: StoredRows, request: ReportRequest) -> Report:
    """Return the tables that the format shows unless told, and where the others are."""
    if request.tables or request.every:
        return built
    roles = find(request.format).opens
    if request.published:
        roles = (*roles, COMPARED) if roles else ()
    if not roles or built.answer is None:
        return built
    command = "p3mbench report"
    if stored.folder != RESULTS:
        command += f" --results {stored.folder}"
    names = ",".join(role for role in built.roles if role not in roles)
    rest = f"The rest: {command} --all, or --tables {names}; --format html is a page with plots."
    return replace(built.select(*roles), rest=rest)


def _plot(built: Report, stored: StoredRows, request: ReportRequest) -> bytes:
    """Draw the requested plot as the content of a file.

    Raises:
        ValueError: there is no such plot, or nothing to draw.
    """
    path = request.plot or Path()
    check_matched("plot", [request.drawn], {name: () for name in plots()})
    if request.drawn == "gap":
        return gap_picture(built.comparisons, path)
    drawn = draw_all(
        built.comparisons, path.suffix.lower(), pictures=stored.pictures, images=request.images
    )
    found = next((one for one in drawn if one.name.startswith(request.drawn)), None)
    if found is None:
        raise ValueError(f"nothing to draw: these rows have no {request.drawn} plot")
    return found.content


def _text(built: Report, stored: StoredRows, request: ReportRequest, look: Look) -> str:
    if request.is_page:
        return render_html(
            Page(built.with_precision(request.precision), stored.runs, stored.pictures)
        )
    if request.per_image:
        return per_image(
            stored.frame,
            request.format,
            metrics=request.metrics,
            ansi=look.ansi,
            precision=request.precision,
            standalone=request.standalone,
        )
    shown = _shown(built, stored, request)
    return render(shown, request.format, precision=request.precision, look=look)
