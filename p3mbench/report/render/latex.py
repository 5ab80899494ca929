"""Tables as LaTeX (booktabs); compiles with pdflatex whatever the names contain."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from p3mbench.names import plain
from p3mbench.report.render.format import PLAIN, Layout, Look
from p3mbench.report.render.layout import blocks_of, column_width, parts_of, text_width
from p3mbench.report.tables.model import (
    ColumnType,
    Report,
    Table,
    TableCell,
    TableColumn,
    TableRow,
    cell_text,
)

PACKAGES = r"\usepackage{array,booktabs,graphicx}"
LONG_TEXT = 70  # characters of a cell; longer text is wrapped
WIDTH = 120  # characters before a table is split; about 80 % of full size on A4
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "`": r"\`{}",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
    "\N{PLUS-MINUS SIGN}": r"\ensuremath{\pm}",
    "\N{DEGREE SIGN}": r"\ensuremath{^\circ}",
    "\N{MICRO SIGN}": r"\ensuremath{\mu}",
    "\N{LEFT SINGLE QUOTATION MARK}": "`",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{NO-BREAK SPACE}": "~",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "å": r"\aa{}",
    "Å": r"\AA{}", "ł": r"\l{}", "Ł": r"\L{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ı": r"\i{}",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
# Greek capitals that look Latin have no command of their own.
_LATIN_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
    "omega",
)  # fmt: skip
_LIGATURES = re.compile(r"-(?=-)|'(?=')|,(?=,)|([?!])(?=`)")


def escape(text: str) -> str:
    """Write text as ASCII LaTeX source that needs no package and prints the same.

    An accent that the default fonts lack is left out; any other such sign becomes its U+XXXX.
    """
    text = unicodedata.normalize("NFC", plain(text))
    return "".join(_escaped(char) for char in _LIGATURES.sub(r"\g<0>\0", text)).replace("\0", "{}")


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if ord(char) < 128:
        return char
    decomposed = unicodedata.normalize("NFD", char)
    base, marks = decomposed[0], decomposed[1:]
    if base.isascii() and marks:
        accent = next((_ACCENTS[mark] for mark in marks if mark in _ACCENTS), None)
        return rf"\{accent}{{{base}}}" if accent else base
    if char in _LATIN_GREEK:
        return rf"\ensuremath{{\mathrm{{{_LATIN_GREEK[char]}}}}}"
    words = unicodedata.name(char, "").lower().replace("lamda", "lambda").split()
    if words[:1] == ["greek"] and words[2:3] == ["letter"] and words[3] in _GREEK and not words[4:]:
        name = words[3] if words[1] == "small" else words[3].capitalize()
        return rf"\ensuremath{{\{name}}}"
    return f"U+{ord(char):04X}"


def render_latex(report: Report, look: Look = PLAIN) -> str:
    r"""Write the report as LaTeX tables to ``\input``, or as a document if ``look.standalone``."""
    tables = "\n".join(_table(table) for table in report.tables)
    notes = "".join(f"% {plain(note)}\n" for note in report.notes)
    body = f"% Needs {PACKAGES}; without graphicx wide tables are not scaled\n"
    body += f"\\providecommand{{\\resizebox}}[3]{{#3}}\n{notes}{tables}"
    return document(body) if look.standalone else body


def document(body: str) -> str:
    """Put a complete article around the output of `render_latex`, to compile or look at."""
    return (
        "\\documentclass{article}\n"
        "\\usepackage[T1]{fontenc}\n"
        "\\usepackage{textcomp}\n"
        "\\usepackage[a4paper,margin=20mm]{geometry}\n"
        f"{PACKAGES}\n"
        "\\begin{document}\n"
        f"{body}"
        "\\end{document}\n"
    )


def _table(table: Table) -> str:
    caption = escape(f"{table.title}. {table.caption}")
    if table.marked:
        caption += r" Best in \textbf{bold}, second \underline{underlined}."
    label = max(text_width(row.label) for row in table.rows)
    widths = [column_width(table, j) for j in range(len(table.columns))]
    parts = [_tabular(table, part) for part in parts_of(table, label, widths, WIDTH)]
    lines = [
        r"\begin{table*}[tp]",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{table.label}}}",
        r"\smallskip",
        "\n\\par\\medskip\n".join(parts),
        *_notes(table),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def _tabular(table: Table, part: Sequence[int]) -> str:
    columns = [table.columns[j] for j in part]
    aligned = "".join(_alignment(table, j) for j in part)
    lines = [
        # Shrink to the line only if it is wider.
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{@{{}}l{aligned}@{{}}}}",
        r"\toprule",
        *_header(table.head, columns),
        r"\midrule",
        *_body(table, part),
        r"\bottomrule",
        r"\end{tabular}%",
        "}",
    ]
    return "\n".join(lines)


def _alignment(table: Table, j: int) -> str:
    """Align numbers right; set long text in lines of its own width, so that it need not shrink."""
    if table.columns[j].type is not ColumnType.TEXT:
        return "r"
    long = column_width(table, j) > LONG_TEXT
    return r">{\raggedright\arraybackslash}p{0.7\linewidth}" if long else "l"


def _header(head: str, columns: Sequence[TableColumn]) -> list[str]:
    lines = []
    if any(column.group for column in columns):
        heads, rules, start = [], [], 2
        for title, members in groupby(columns, key=lambda column: column.group):
            size = len(list(members))
            heads.append(rf"\multicolumn{{{size}}}{{c}}{{{escape(title)}}}")
            if title:
                rules.append(rf"\cmidrule(lr){{{start}-{start + size - 1}}}")
            start += size
        lines += [" & ".join(["", *heads]) + r" \\", " ".join(rules)]
    return [*lines, " & ".join([escape(head), *(escape(c.title) for c in columns)]) + r" \\"]


def _body(table: Table, part: Sequence[int]) -> list[str]:
    lines = []
    for i, (block, rows) in enumerate(blocks_of(table, part)):
        if block:
            lines += [r"\midrule"] if i else []
            title = rf"\multicolumn{{{len(part) + 1}}}{{@{{}}l}}"
            lines.append(rf"{title}{{\textit{{{escape(block)}}}}} \\")
        lines += [_row(table, row, part) for row in rows]
    return lines


def _row(table: Table, row: TableRow, part: Sequence[int]) -> str:
    cells = [_cell(row.cells[j], table.columns[j]) for j in part]
    # LaTeX would read a label that starts so as an argument of the line break before it.
    guard = "{}" if row.label[:1] in ("[", "*") else ""
    marks = rf"\,\textsuperscript{{{','.join(row.marks)}}}" if row.marks else ""
    return " & ".join([guard + escape(row.label) + marks, *cells]) + r" \\"


def _cell(cell: TableCell, column: TableColumn) -> str:
    whole, value = cell_text(cell, column), cell_text(cell, column, bare=True)
    rest = whole[len(value) :]
    text = {0: "{}", 1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}[cell.rank].format(escape(value))
    return text + (rf"\,{{\scriptsize{escape(rest)}}}" if rest else "")


def _notes(table: Table) -> list[str]:
    if not table.notes:
        return []
    return [
        r"\par\smallskip",
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
