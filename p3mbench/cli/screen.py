"""Plain tables and paragraphs for the terminal, and how often a progress bar moves."""

from __future__ import annotations

import os
import select
import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

from p3mbench.names import printable


def columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align rows in columns under a bold header; numbers align right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    right = [all(row[i][:1].isdigit() or not row[i] for row in rows) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(cells, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([click.style(line(header), bold=True), *(line(row) for row in rows)])


def screen_width() -> int:
    """Return the columns of tables: those of the terminal, from 80 to 120; 100 without one."""
    if not sys.stdout.isatty():
        return 100
    return min(max(shutil.get_terminal_size().columns, 80), 120)


def item(name: str, text: str) -> str:
    """Format a named point, with its text wrapped and indented under the name."""
    text = printable(text)
    width = min(shutil.get_terminal_size().columns, 100)
    lines = textwrap.wrap(
        f"{printable(name)}: {text}",
        width,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def pause() -> float:
    """Return the seconds between two updates of a progress bar; a batch job's log needs few."""
    return 0.1 if sys.stderr.isatty() else 30.0


def reader_left() -> bool:
    """Whether the reader of standard output has gone, as after ``| head``."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no such call here, or no such file
        return False


def quiet_stdout() -> None:
    """Discard all further output, once the reader has left."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
