"""CSV: a line per record, in full precision, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io

from p3mbench.names import printable, spreadsheet_cell
from p3mbench.report.render.format import Data, Export


def write_csv(data: Data) -> str:
    """Write the records under a header; "" for missing values.

    Text that a spreadsheet would read as a formula begins with a quote.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([csv_cell(column) for column in data.columns])
    writer.writerows([csv_cell(line.get(name)) for name in data.columns] for line in data.lines)
    return out.getvalue()


def csv_cell(value: object) -> object:
    """Return a value for a CSV file: text that neither a screen nor a spreadsheet obeys."""
    if value is None:
        return ""
    return spreadsheet_cell(printable(value)) if isinstance(value, str) else value


FORMAT = Export(
    name="csv",
    purpose="for spreadsheets, a line per value",
    suffixes=(".csv",),
    write=write_csv,
    shows_notes=False,
    order=40,
)
