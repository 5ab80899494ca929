"""CSV and JSON hold what the tables hold."""

from __future__ import annotations

import csv
import io
import json
import math

from p3mbench.report import Report, render


def test_csv_json_and_the_model_agree(report: Report) -> None:
    lines = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    read = json.loads(render(report, "json"))
    at = iter(lines)
    for table, shown in zip(report.tables, read["tables"], strict=True):
        for row, shown_row in zip(table.rows, shown["rows"], strict=True):
            for column, cell, value in zip(
                table.columns, row.cells, shown_row["cells"], strict=True
            ):
                if not cell.attempted:
                    assert value is None
                    continue
                line = next(at)
                assert (line["table"], line["label"]) == (table.label, row.label)
                assert line["column"] == column.key and int(line["n"]) == cell.n
                if column.type == "text":
                    assert line["text"] == value["text"] == cell.text
                elif math.isnan(cell.value):
                    assert line["value"] == "" and value["value"] is None
                else:
                    assert float(line["value"]) == value["value"] == cell.value
                    assert value["rank"] == cell.rank == int(line["rank"])
    assert next(at, None) is None
