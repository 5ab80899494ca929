"""What an output format is. Each module of this package that holds a `FORMAT` is one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from p3mbench.report.tables.model import Report

LAST = 100  # the order of a format that does not say where it stands


@dataclass(frozen=True)
class Look:
    """How a person wants text to be laid out. A format takes what applies to it.

    Attributes:
        ansi: bold and underline by escape sequences, for a terminal.
        width: columns of the screen; wider tables are split.
        standalone: a document of its own, where the format usually writes a part of one.
    """

    ansi: bool = False
    width: int = 100
    standalone: bool = False


PLAIN = Look()


@dataclass(frozen=True, eq=False)
class Data:
    """What programs are told, in two shapes: a format writes the one that it can hold.

    Attributes:
        columns: the header of a flat file.
        lines: its records, column -> text, number or None; one without a column is empty there.
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
        name: what ``--format`` takes.
        purpose: what it is for, in a few words that follow its name in the help.
        suffixes: of its files, with the dot, in small letters; p3mbench names files by the first.
        shows_notes: whether a reader of the text sees the notes on the whole report.
        order: formats are listed in this order, those of one order by name.
    """

    name: str
    purpose: str
    suffixes: tuple[str, ...]
    shows_notes: bool = True
    order: int = LAST

    @abstractmethod
    def text(self, tables: Callable[[], Report], data: Callable[[], Data], look: Look) -> str:
        """What the format makes of something; it calls the one of the two that it needs.

        Args:
            tables: gives what a person reads.
            data: gives what a program reads.
            look: how tables are laid out.

        Returns:
            Text that ends with a newline. The same input gives the same bytes.
        """


@dataclass(frozen=True, kw_only=True)
class Layout(Format):
    """A format that lays tables out for people; ``lay_out`` escapes all text."""

    lay_out: Callable[[Report, Look], str]

    def text(self, tables: Callable[[], Report], data: Callable[[], Data], look: Look) -> str:
        """The tables, laid out."""
        return self.lay_out(tables(), look)


@dataclass(frozen=True, kw_only=True)
class Export(Format):
    """A format that writes values for programs, in full precision."""

    write: Callable[[Data], str]

    def text(self, tables: Callable[[], Report], data: Callable[[], Data], look: Look) -> str:
        """The data, written."""
        return self.write(data())
