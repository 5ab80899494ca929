"""Read a text table from a spreadsheet, pandas or a script: cells by line.

The header tells whether commas, semicolons, tabs or bars separate the columns. Decimal commas are
read if the comma does not separate. An index column added by pandas is left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from p3mbench.errors import DataError
from p3mbench.ingest.columns import FileColumn, columns_of, metric_of
from p3mbench.names import plain_cell, printable

MOST_BYTES = 1 << 30
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_POINT_NUMBER = re.compile(r"[+-]?\d+\.\d+(?:[eE][+-]?\d+)?")
_NOTHING = {
    "",
    "nan",
    "na",
    "n/a",
    "none",
    "null",
    "-",
    "–",
    "--",
    "---",
    "—",
    "#n/a",
    "#na",
    "<na>",
}
_RULE = re.compile(r"[|\s:+-]*-[|\s:+-]*")  # Markdown's line below the header


@dataclass(frozen=True)
class FileLine:
    """A line of a file: its number, from 1, and its cells by column name."""

    number: int
    values: dict[str, str]


@dataclass
class FileContent:
    """The content of a file.

    Attributes:
        columns: the identified columns.
        lines: the lines below the header.
        notes: lines for the user about the reading.
    """

    columns: list[FileColumn]
    lines: list[FileLine]
    notes: list[str] = field(default_factory=list)


def read_text(path: Path) -> str:
    """Read a text file in UTF-8, or in UTF-16 with a byte order mark, as Excel writes it.

    Raises:
        DataError: it cannot be read, or is not text; the message names some other kinds.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: is larger than 1 GiB; split it by method")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    if content.startswith(b"PK\x03\x04"):
        raise DataError(f"{path}: is a spreadsheet or zip archive; export it as CSV (UTF-8)")
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not text in UTF-8; export it as CSV (UTF-8)") from None
    if text.lstrip()[:1] == "<":
        raise DataError(f"{path}: is a web page or XML; export it as CSV (UTF-8)")
    return text


def read_table(path: Path, text: str, keep: Sequence[str]) -> FileContent:
    """Read the lines of a table.

    Args:
        path: file, for messages.
        text: text of the file.
        keep: unknown columns to store as the user's own metrics.

    Raises:
        DataError: it is not such a table, or a line cannot be read.
    """
    if "\x00" in text:
        raise DataError(f"{path}: is not a text file")
    if text.lstrip()[:1] in ("{", "["):
        raise DataError(f"{path}: is JSON; write it as CSV (p3mbench evaluate --format csv)")
    text = re.sub(r"\A\ufeff?sep=.\r?\n", "", text)
    delimiter = _delimiter(text)
    rows = _rows(path, _unframed(text) if delimiter == "|" else text, delimiter)
    if not rows:
        raise DataError(f"{path}: has no header and no line below it")
    (number, header), *body = rows
    header = [cell.strip() for cell in header]
    _check_names(path, header)
    notes: list[str] = []
    header = _indexed(header, [cells for _, cells in body], notes)
    columns = columns_of(header, keep, f"{path}, line {number}")
    if not body:
        raise DataError(f"{path}: has a header and no line below it")
    decimal_comma = _decimal_comma(path, body, columns, delimiter)
    lines = []
    for number, cells in body:
        if [cell.strip() for cell in cells] == header:
            notes.append(f"line {number}: repeats the header and was left out")
            continue
        if len(cells) != len(header):
            raise DataError(
                f"{path}, line {number}: has {len(cells)} fields, the header has {len(header)}"
                + _delimiter_hint(delimiter, cells)
            )
        lines.append(FileLine(number, _values(columns, cells, decimal_comma)))
    unknown = [column.title for column in columns if column.kind == "unknown" and column.title]
    if unknown:
        shown = ", ".join(printable(title) for title in unknown)
        notes.append(
            f"{len(unknown)} columns are not known and were left out: {shown} "
            "(--keep-columns stores them as your own metrics)"
        )
    if delimiter != ",":
        comma = ", numbers have decimal commas" if decimal_comma else ""
        notes.append(f"columns are separated by {DELIMITERS[delimiter]}{comma}")
    return FileContent(columns, lines, notes)


def _unframed(text: str) -> str:
    """Remove outer bars, the line below the header and bold type from a Markdown table.

    Lines keep their numbers.
    """
    lines = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("|") and bare.endswith("|") and len(bare) > 1:
            bare = bare[1:-1]
        lines.append("" if _RULE.fullmatch(bare) else bare.replace("**", ""))
    return "\n".join(lines) + "\n"


def _rows(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    found = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                found.append((reader.line_num, cells))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: is not CSV ({error})") from None
    return found


def _delimiter(text: str) -> str:
    """Return the separator that gives the header the most known columns."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    header = next(lines, "")

    def known(delimiter: str) -> tuple[int, int]:
        cells = [cell.strip().strip('"') for cell in header.split(delimiter)]
        return sum(metric_of(cell) is not None for cell in cells), len(cells)

    return max(DELIMITERS, key=known)


def _check_names(path: Path, header: list[str]) -> None:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the header names {', '.join(map(repr, twice))} twice")


def _indexed(header: list[str], body: list[list[str]], notes: list[str]) -> list[str]:
    """Return the header, with another first heading if pandas wrote an index there."""
    first = header[0]
    if first and not first.lower().startswith("unnamed:"):
        return header
    cells = [row[0].strip() for row in body if row]
    if all(cell.isdigit() for cell in cells):
        notes.append("the first column is an index without a heading and was left out")
        return ["", *header[1:]]
    if "image" not in header:
        notes.append("the first column has no heading and is read as the image")
        return ["image", *header[1:]]
    return header


def _decimal_comma(
    path: Path, body: list[tuple[int, list[str]]], columns: list[FileColumn], delimiter: str
) -> bool:
    """Return whether numbers have decimal commas; commas and points must not mix."""
    numeric = [i for i, column in enumerate(columns) if column.kind in ("metric", "own", "number")]
    commas = points = clear = 0
    for number, cells in body:
        for i in numeric:
            cell = cells[i].strip() if i < len(cells) else ""
            commas += _COMMA_NUMBER.fullmatch(cell) is not None
            clear += _COMMA_NUMBER.fullmatch(cell) is not None and not _THOUSANDS.fullmatch(cell)
            points += _POINT_NUMBER.fullmatch(cell) is not None
            if commas and points:
                raise DataError(
                    f"{path}, line {number}: has a decimal comma where others have a decimal "
                    f"point, or the reverse ({printable(cell)!r}); write all numbers alike"
                )
    if commas and not clear and delimiter == ",":
        raise DataError(
            f"{path}: numbers such as 1,234 may mean thousands or decimals; write them with a "
            "decimal point"
        )
    return commas > 0


def _values(columns: list[FileColumn], cells: list[str], decimal_comma: bool) -> dict[str, str]:
    values = {}
    for column, cell in zip(columns, cells, strict=True):
        text = plain_cell(cell.strip())
        if column.kind in ("metric", "own", "number"):
            if text.lower() in _NOTHING:
                text = ""
            if decimal_comma and _COMMA_NUMBER.fullmatch(text):
                text = text.replace(",", ".")
        if column.kind not in ("unknown", "ignored"):
            values[column.name] = text
    return values


def _delimiter_hint(delimiter: str, cells: list[str]) -> str:
    if delimiter == "," and any(_COMMA_NUMBER.fullmatch(",".join(cells[i : i + 2]).strip())
                                for i in range(len(cells) - 1)):  # fmt: skip
        return " (if there are decimal commas, separate the columns by semicolons or tabs)"
    return ""
