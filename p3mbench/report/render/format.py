"""The definition of an output format. Each module of this package with a `FORMAT` is one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from p3mbench.report.tables.model import Report

LAST = 100  # the order of a format that sets none


@dataclass(frozen=True)
class Look:
    """The layout that a person wants. A format uses what applies to it.

    Attributes:
        ansi: bold and underline by escape sequences, for a terminal.
        width: columns of the screen; wider tables are split.
        standalone: a document of its own, for formats that usually write a part of one.
        siunitx: align numbers with the LaTeX package siunitx.
        text_width: of the text of a LaTeX document, in points.
    """

    ansi: bool = False
    width: int = 100
    standalone: bool = False
    siunitx: bool = False
    text_width: float = 480.0


PLAIN = Look()


@dataclass(frozen=True, eq=False)
class Data:
    """Data for programs, in two shapes; a format writes the one that suits it.

    Attributes:
        columns: the header of a flat file.
        lines: its records, column -> text, number or None; a missing column is empty.
        whole: the same as one value of dictionaries, lists, text, numbers and None. No number in
            it is NaN or infinite.
    """

    columns: Sequence[str]
    lines: Iterable[Mapping[str, object]]
    whole: object


@dataclass(frozen=True, kw_only=True)
class Format(ABC):
    """An output format: a `Layout` for people, or an `Export` for programs.

    Attributes:
        name: the value of ``--format``.
        purpose: its use, in a few words that follow its name in the help.
        suffixes: of its files, with the dot, in lower case; p3mbench names files by the first.
        shows_notes: whether the text shows the notes on the whole report.
        opens: roles of the tables that it shows unless told; empty for all.
        order: formats are listed by this, then by name.
    """

    name: str
    purpose: str
    suffixes: tuple[str, ...]
    shows_notes: bool = True
    opens: tuple[str, ...] = ()
    order: int = LAST

    @abstractmethod
    def text(self, tables: Callable[[], Report], data: Callable[[], Data], look: Look) -> str:
        """Write something in this format; call only the function that the format needs.

        Args:
            tables: returns the report for people.
            data: returns the data for programs.
            look: the layout of tables.

        Returns:
            Text that ends with a newline. The same input gives the same bytes.
        """


@dataclass(frozen=True, kw_only=True)
class Layout(Format):
    """A format that lays tables out for people; ``lay_out`` escapes all text."""

    lay_out: Callable[[Report, Look], str]

    def text(self, tables: Callable[[], Report], data: Callable[[], Data], look: Look) -> str:
        """Lay out the tables."""
        return self.lay_out(tables(), look)


@dataclass(frozen=True, kw_only=True)
class Export(Format):
    """A format that writes values for programs, in full precision."""

    write: Callable[[Data], str]

    def text(self, tables: Callable[[], Report], data: Callable[[], Data], look: Look) -> str:
        """Write the data."""
        return self.write(data())
