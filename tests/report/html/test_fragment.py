"""Tables for notebooks: escaped, without scripts and style sheets."""

from __future__ import annotations

from p3mbench.report.html.fragment import fragment
from p3mbench.report.tables.model import ColumnType, Role, Table, TableCell, TableColumn, TableRow


def table(**changes) -> Table:
    column = TableColumn(key="sad", title="SAD", type=ColumnType.MEAN, group="B:B", ranked=True)
    rows = tuple(
        TableRow(label=name, method=name, cells=(TableCell(value=value, n=1, total=2, rank=rank),))
        for name, value, rank in (("<script>", 1.0, 1), ("b & c", 2.0, 2))
    )
    fields = {"role": Role.SETTINGS, "label": "x", "title": "A <b>title</b>", "caption": "c"}
    return Table(**{**fields, "columns": (column,), "rows": rows, **changes})


def test_text_is_escaped_and_best_is_bold() -> None:
    html = fragment([table()], ["a <note>"])
    assert "<script" not in html and "&lt;script&gt;" in html and "b &amp; c" in html
    assert "A &lt;b&gt;title" in html and "<li>a &lt;note&gt;</li>" in html
    assert html.count("font-weight: bold") == 1 and html.count("text-decoration: underline") == 1
    assert 'title="1 of 2 images"' in html and 'colspan="1"' in html
    assert "<style" not in html and "id=" not in html


def test_nothing_is_nothing() -> None:
    assert fragment([]) == ""
