r"""Tables as LaTeX (booktabs) that fit the text; compiles with pdflatex whatever names contain.

A table is set at the largest size at which its estimated width fits, \small or \footnotesize. A
wider one is split by columns, one that is longer than a page is a longtable.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from p3mbench.names import plain
from p3mbench.report.render.format import PLAIN, Layout, Look
from p3mbench.report.render.layout import blocks_of, parts_of, room
from p3mbench.report.render.typesetting import escape, points
from p3mbench.report.tables.model import (
    ColumnType,
    Report,
    Table,
    TableCell,
    TableColumn,
    TableRow,
    cell_text,
)

PACKAGES = r"\usepackage{array,booktabs,longtable}"
SIUNITX = r"\usepackage{siunitx}\sisetup{detect-weight=true,detect-inline-weight=math}"
SIZES = (("small", 0.93), ("footnotesize", 0.86))  # widths relative to 10 pt, rounded up
SEPARATION = 4  # \tabcolsep, in points
WRAPPED = 0.4  # of the text's width: longer text in a cell is set in lines
PAGE = 560  # points of a page that one float may take
LINE, NOTE = 10, 105  # points of a line at \footnotesize; characters in a line of notes
SIGNS = "+\N{MINUS SIGN}"
TEXTS = {0: "{}", 1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}  # rank -> emphasis
NUMBERS = {0: "{}", 1: r"\bfseries {}", 2: r"{{\underline{{{}}}}}"}  # the same in columns S
ALIGNED = (ColumnType.MEAN, ColumnType.NUMBER, ColumnType.SIGNED)  # by siunitx


def render_latex(report: Report, look: Look = PLAIN) -> str:
    r"""Write the report as LaTeX tables to ``\input``, or as a document if ``look.standalone``."""
    # The tables of the summary are parts of the others: they stand in LaTeX if asked for alone.
    summary = report.answer.tables if report.answer is not None else ()
    tables = "\n".join(_table(table, look) for table in report.tables or summary)
    notes = "".join(f"% {plain(note)}\n" for note in report.notes)
    needs = PACKAGES + (SIUNITX if look.siunitx else "")
    body = f"% Needs {needs}\n% longtable needs one column: \\onecolumn before it\n{notes}{tables}"
    return document(body, needs) if look.standalone else body


def document(body: str, needs: str = PACKAGES) -> str:
    """Put a complete article around the output of `render_latex`, to compile or look at."""
    return (
        "\\documentclass{article}\n"
        "\\usepackage[T1]{fontenc}\n"
        "\\usepackage{textcomp}\n"
        "\\usepackage[a4paper,margin=20mm]{geometry}\n"
        f"{needs}\n"
        "\\begin{document}\n"
        f"{body}"
        "\\end{document}\n"
    )


def widths_of(table: Table) -> tuple[float, list[float]]:
    """Estimate the widths of the column of labels and of the others, at 10 pt, in points.

    A group's title that is wider than its columns widens the first of them.
    """
    label = max(points(t) for t in (table.head, *(_label_text(row) for row in table.rows)))
    widths = [_column_points(table, j) for j in range(len(table.columns))]
    start = 0
    for title, size in table.groups():
        room = sum(widths[start : start + size]) + 2 * SEPARATION * (size - 1)
        widths[start] += max(0.0, points(title) - room)
        start += size
    return label, widths


def fitting(table: Table, text_width: float) -> tuple[str, list[list[int]]]:
    """Choose the size of a table and its parts: the columns that fit one line together.

    Args:
        table: to set.
        text_width: of the document, in points.
    """
    label, widths = widths_of(table)
    most = WRAPPED * text_width
    for size, factor in SIZES:
        scaled = [min(width * factor, most) for width in widths]
        whole = label * factor + room(range(len(widths)), scaled, 2 * SEPARATION)
        if whole <= text_width:
            return size, [list(range(len(widths)))]
    return size, parts_of(table, label * factor, scaled, text_width, 2 * SEPARATION)


def _column_points(table: Table, j: int) -> float:
    column = table.columns[j]
    cells = (row.cells[j] for row in table.rows)
    texts = (points(cell_text(c, column), bold=c.rank == 1) for c in cells)
    return max(points(column.title), *texts)


def _label_text(row: TableRow) -> str:
    return f"{row.label} {','.join(row.marks)}" if row.marks else row.label


def _table(table: Table, look: Look) -> str:
    size, parts = fitting(table, look.text_width)
    long = _height(table, parts) > PAGE
    made = [_Part(table, part, look, size) for part in parts]
    text = _long(table, made) if long else _float(table, made)
    return text + "\n"


def _height(table: Table, parts: Sequence[Sequence[int]]) -> float:
    """Estimate the height of a table with its caption and notes, in points."""
    lines = 0
    for part in parts:
        blocks = blocks_of(table, part)
        lines += 5 + sum(len(rows) + bool(block) for block, rows in blocks)
    notes = sum(1 + len(note) // NOTE for note in (*table.notes, table.title + table.caption))
    return (lines + notes) * LINE


class _Part:
    """Some columns of a table, as source."""

    def __init__(self, table: Table, columns: Sequence[int], look: Look, size: str) -> None:
        self.table, self.part, self.size = table, columns, size
        self.siunitx = look.siunitx
        factor = dict(SIZES)[size]
        self.wrapped = {
            j
            for j in columns
            if table.columns[j].type is ColumnType.TEXT
            and _column_points(table, j) * factor > WRAPPED * look.text_width
        }

    @property
    def columns(self) -> list[TableColumn]:
        return [self.table.columns[j] for j in self.part]

    @property
    def spec(self) -> str:
        return f"@{{}}l{''.join(self._alignment(j) for j in self.part)}@{{}}"

    def _alignment(self, j: int) -> str:
        column = self.table.columns[j]
        if column.type is ColumnType.TEXT:
            wrap = rf">{{\raggedright\arraybackslash}}p{{{WRAPPED}\linewidth}}"
            return wrap if j in self.wrapped else "l"
        return f"S[table-format={self._format(j)}]" if self._decimal(j) else "r"

    def _decimal(self, j: int) -> bool:
        """Whether siunitx aligns the column: single numbers without spread."""
        cells = [row.cells[j] for row in self.table.rows]
        return (
            self.siunitx
            and self.table.columns[j].type in ALIGNED
            and not any(cell.seeds for cell in cells)
        )

    def _format(self, j: int) -> str:
        """Return the digits of the widest number of a column: "+2.3"."""
        column = self.table.columns[j]
        cells = [row.cells[j] for row in self.table.rows]
        texts = [cell_text(cell, column, bare=True) for cell in cells if not cell.missing]
        whole = max(
            (len(text.strip("+\N{MINUS SIGN}").partition(".")[0]) for text in texts), default=1
        )
        sign = "+" if any(text[:1] in ("+", "\N{MINUS SIGN}") for text in texts) else ""
        return f"{sign}{whole}.{column.decimals}"

    def header(self) -> list[str]:
        """Return the lines of titles, with groups above them."""
        columns, lines = self.columns, []
        if any(column.group for column in columns):
            heads, rules, start = [], [], 2
            for title, members in groupby(columns, key=lambda column: column.group):
                size = len(list(members))
                heads.append(rf"\multicolumn{{{size}}}{{c}}{{{escape(title)}}}")
                if title:
                    rules.append(rf"\cmidrule(lr){{{start}-{start + size - 1}}}")
                start += size
            lines += [" & ".join(["", *heads]) + r" \\", " ".join(rules)]
        titles = [
            f"{{{escape(self.table.columns[j].title)}}}"
            if self._decimal(j)
            else escape(self.table.columns[j].title)
            for j in self.part
        ]
        return [*lines, " & ".join([escape(self.table.head), *titles]) + r" \\"]

    def body(self) -> list[str]:
        """Return the lines of the rows, block by block."""
        lines = []
        for i, (block, rows) in enumerate(blocks_of(self.table, self.part)):
            if block:
                lines += [r"\midrule"] if i else []
                title = rf"\multicolumn{{{len(self.part) + 1}}}{{@{{}}l}}"
                lines.append(rf"{title}{{\textit{{{escape(block)}}}}} \\")
            lines += [self._row(row) for row in rows]
        return lines

    def _row(self, row: TableRow) -> str:
        cells = [self._cell(row.cells[j], j) for j in self.part]
        # LaTeX would read a label that starts so as an argument of the line break before it.
        guard = "{}" if row.label[:1] in ("[", "*") else ""
        marks = rf"\,\textsuperscript{{{','.join(row.marks)}}}" if row.marks else ""
        return " & ".join([guard + escape(row.label) + marks, *cells]) + r" \\"

    def _cell(self, cell: TableCell, j: int) -> str:
        column = self.table.columns[j]
        whole, value = cell_text(cell, column), cell_text(cell, column, bare=True)
        rest = whole[len(value) :]
        if self._decimal(j) and not cell.missing and not rest:
            plainly = value.replace("\N{MINUS SIGN}", "-")
            return {0: "{}", 1: r"\bfseries {}", 2: r"{{\underline{{{}}}}}"}[cell.rank].format(
                plainly
            )
        text = {0: "{}", 1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}[cell.rank].format(
            escape(value)
        )
        text += rf"\,{{{escape(rest.strip())}}}" if rest else ""
        return f"{{{text}}}" if self._decimal(j) else text


def _float(table: Table, parts: Sequence[_Part]) -> str:
    """Write a float, its parts one below the other."""
    tabulars = ("\n".join(_tabular(part)) for part in parts)
    lines = [
        r"\begin{table*}[tp]",
        r"\centering",
        rf"\{parts[0].size}\setlength{{\tabcolsep}}{{{SEPARATION}pt}}",
        rf"\caption{{{_caption(table)}}}",
        rf"\label{{{_reference(table)}}}",
        r"\smallskip",
        "\n\\par\\medskip\n".join(tabulars),
        *_notes(table),
        r"\end{table*}",
    ]
    return "\n".join(lines)


def _tabular(part: _Part) -> list[str]:
    return [
        rf"\begin{{tabular}}{{{part.spec}}}",
        r"\toprule",
        *part.header(),
        r"\midrule",
        *part.body(),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _long(table: Table, parts: Sequence[_Part]) -> str:
    """Write a table that breaks over pages; its header is on each."""
    lines = [
        r"\begingroup",
        rf"\{parts[0].size}\setlength{{\tabcolsep}}{{{SEPARATION}pt}}",
        r"\setlength{\LTcapwidth}{\linewidth}",
    ]
    for i, part in enumerate(parts):
        caption = rf"\caption{{{_caption(table)}}}\label{{{_reference(table)}}}\\"
        lines += [
            rf"\begin{{longtable}}{{{part.spec}}}",
            *([] if i else [caption]),
            r"\toprule",
            *part.header(),
            r"\midrule",
            r"\endhead" if i else r"\endfirsthead",
            *([] if i else [r"\toprule", *part.header(), r"\midrule", r"\endhead"]),
            *part.body(),
            r"\bottomrule",
            r"\end{longtable}",
            *([r"\addtocounter{table}{-1}"] if i else []),  # every longtable counts itself
        ]
    return "\n".join([*lines, *_notes(table), r"\endgroup"])


def _caption(table: Table) -> str:
    parts = [f"{table.title}." if table.title else "", table.caption]
    caption = escape(" ".join(filter(None, parts)) or f"{table.head}.")
    if table.marked:
        caption += r" Best in \textbf{bold}, second \underline{underlined}."
    return caption


def _reference(table: Table) -> str:
    return table.label if ":" in table.label else f"tab:{table.label}"


def _notes(table: Table) -> list[str]:
    if not table.notes:
        return []
    return [
        r"\par\smallskip\noindent",
        r"\begin{minipage}{\linewidth}\footnotesize",
        *(rf"{escape(note)}\par" for note in table.notes),
        r"\end{minipage}",
    ]


FORMAT = Layout(
    name="latex",
    purpose="for papers",
    suffixes=(".tex",),
    lay_out=render_latex,
    shows_notes=False,
    order=30,
)
