"""`ReportRequest`: what a report shows and how, the same from the command line and from Python.

It is data. `p3mbench.report.build` takes what decides the numbers and tables, a renderer the look,
and `p3mbench.report.making` all of it. `p3mbench.report.config` reads requests from a TOML file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

PAGE = "html"  # the one format that is a page, not tables in text
SCREEN = "table"  # the format of a terminal
SUMMARY, COMPARED = "summary", "published"  # roles of tables that options ask for
MOST_DECIMALS = 10
KINDS = ("trimap-free", "trimap-based")
NAME, GIVEN = "name", "given"  # orders of rows that are no column


@dataclass(frozen=True)
class Decimals:
    """Decimals of errors instead of each metric's own.

    Attributes:
        every: of metrics without a number of their own; None leaves them as they are. It never
            takes decimals from MSE and MAD, whose values are below 1.
        of: (metric, decimals) for single metrics.

    Raises:
        ValueError: a number is negative or above 10.
    """

    every: int | None = None
    of: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Check the numbers."""
        numbers = [n for _, n in self.of] + ([] if self.every is None else [self.every])
        bad = next((n for n in numbers if not 0 <= n <= MOST_DECIMALS), None)
        if bad is not None:
            raise ValueError(f"precision is a number from 0 to {MOST_DECIMALS}, not {bad}")

    @classmethod
    def parse(cls, text: str) -> Decimals:
        """Read ``3``, ``sad=2,mse=5`` or both, joined by commas.

        Raises:
            ValueError: a part is neither a number nor METRIC=NUMBER.
        """
        every, of = None, []
        for part in filter(None, (part.strip() for part in text.split(","))):
            metric, equals, number = part.rpartition("=")
            if not number.strip().isdecimal() or (equals and not metric.strip()):
                raise ValueError(f"precision takes N or METRIC=N, such as 3 or sad=2, not {part!r}")
            if equals:
                of.append((folded(metric), int(number)))
            else:
                every = int(number)
        return cls(every, tuple(of))


@dataclass(frozen=True)
class ReportRequest:
    """What a report shows, and how.

    Attributes:
        format: a name in `p3mbench.report.render.formats`, or ``html`` for the page.
        metrics: to show; None for the paper's. The first one is the metric of gaps and plots.
        settings: TRAIN:TEST to show, such as ``B:N`` or ``-:N``; None for all.
        published: show published figures next to the measured ones, in tables of their own.
        precision: decimals of errors; None for each metric's own.
        standalone: LaTeX as a document of its own.
        per_image: a line per image instead of means.
        images: ids of the images in the panels; empty for those with the largest gaps.
        plot: file of a plot, whose suffix gives its format; None for no file.
        drawn: name of that plot, such as ``gap``.
        kind: ``trimap-free`` or ``trimap-based``; None for both.
        methods: patterns of names, titles or checkpoints, such as ``p3mnet-*``; empty for all.
        tables: roles of the tables to show; empty for those that the format shows by itself.
        every: show every table.
        columns: patterns of the columns to show; empty for all.
        order: ``name``, ``given`` (the order of ``methods``), or a column, smallest value first;
            a hyphen before it turns it round.
        caption, label: of the table, instead of its own; only for a single table.
        one_table: trimap-free and trimap-based methods as blocks of one table.
        published_rows: patterns of published methods whose figures stand below the measured rows.
        siunitx: align the numbers of LaTeX tables with the package siunitx.
        text_width: width of the text of a LaTeX document, in points; tables are made to fit it.
        notes: whether tables have their notes.

    Raises:
        ValueError: options contradict each other.
    """

    format: str = SCREEN
    metrics: tuple[str, ...] | None = None
    settings: tuple[str, ...] | None = None
    published: bool = False
    precision: Decimals | None = None
    standalone: bool = False
    per_image: bool = False
    images: tuple[str, ...] = ()
    plot: Path | None = None
    drawn: str = "gap"
    kind: str | None = None
    methods: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    every: bool = False
    columns: tuple[str, ...] = ()
    order: str = NAME
    caption: str = ""
    label: str = ""
    one_table: bool = False
    published_rows: tuple[str, ...] = ()
    siunitx: bool = False
    text_width: float = 480.0
    notes: bool = True

    def __post_init__(self) -> None:
        """Check that the options fit together."""
        if self.is_page and self.per_image:
            raise ValueError("the page has its own image viewer; --per-image is for tables")
        if self.kind not in (None, *KINDS):
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.order == GIVEN and not self.methods:
            raise ValueError("order 'given' is the order of the methods: name them")
        if self.label and not re.fullmatch(r"[A-Za-z0-9:._-]+", self.label):
            raise ValueError("a label has letters, digits and :._- only")
        if not 100 <= self.text_width <= 2000:
            raise ValueError(f"a text width is 100 to 2000 points, not {self.text_width:g}")

    @property
    def is_page(self) -> bool:
        """Whether the page is requested."""
        return self.format == PAGE


WHOLE = ReportRequest()
"""Everything, in the usual way."""


def folded(name: str) -> str:
    """Return a name in the spelling that names are compared in: case and hyphens do not count."""
    return name.strip().casefold().replace("-", "_").replace("\N{EN DASH}", "_")


def matches(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern with ``*`` and ``?`` is one of some names, in any case."""
    wanted = folded(pattern)
    return any(wanted == folded(name) or fnmatchcase(folded(name), wanted) for name in names)


def check_matched(
    what: str, patterns: Iterable[str], candidates: Mapping[str, Iterable[str]]
) -> None:
    """Check that every pattern names something.

    Args:
        what: the patterns are of, for the message: "method".
        patterns: as a person wrote them.
        candidates: the name to suggest -> every name that it may be called by.

    Raises:
        ValueError: a pattern names nothing; the message has the nearest names.
    """
    known = {folded(name): best for best, names in candidates.items() for name in (best, *names)}
    for pattern in patterns:
        if not any(matches(pattern, (best, *names)) for best, names in candidates.items()):
            near = difflib.get_close_matches(folded(pattern), known, 3, 0.5)
            found = list(dict.fromkeys(known[name] for name in near))
            hint = f"did you mean {' or '.join(found)}?" if found else (
                f"there are {', '.join(candidates)}" if candidates else "there are none"
            )  # fmt: skip
            raise ValueError(f"no {what} {pattern}: {hint}")
