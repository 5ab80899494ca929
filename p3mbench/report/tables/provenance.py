"""The appendix: checkpoints, hashes, code and versions behind every line, and harmless flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.analysis.entries import Entry, read_options
from p3mbench.report.analysis.flagging import flag_uses, tallies
from p3mbench.report.tables.assembly import marked, text_column
from p3mbench.report.tables.model import Role, Table, TableCell, TableRow
from p3mbench.report.wording.flagging import harmless_note, origin_sentence, with_notes
from p3mbench.report.wording.titles import main_title, slug
from p3mbench.settings import Setting

DIGITS = 12  # of a SHA-256: enough to find the file


def provenance_table(comparisons: Sequence[Comparison]) -> Table | None:
    """List what made the scores, a line per entry and checkpoint; None without entries."""
    rows = [row for one in comparisons for entry in one.entries for row in _rows(one, entry)]
    if not rows:
        return None
    titles = ("Train", "Seed", "Strategy", "Checkpoint", "SHA-256", "Code")
    columns = tuple(text_column(slug(title), title) for title in titles)
    found = [tally for row in rows for tally in row.tallies]
    uses = flag_uses(found)
    caption = (
        f"SHA-256 of checkpoint files and of the code of methods, the first {DIGITS} and 8 digits. "
        "manifest.json of the results has the whole hashes, the files and the machine."
    )
    return Table(
        role=Role.PROVENANCE,
        label="p3mbench-provenance",
        title="Provenance of the scores",
        caption=" ".join(filter(None, (caption, origin_sentence(found)))),
        columns=columns,
        rows=marked(rows, uses),
        notes=(
            *with_notes((), uses),
            *_libraries(comparisons),
            *_recipes(comparisons),
            *harmless_note(uses),
        ),
        flags=uses,
    )


def _rows(comparison: Comparison, entry: Entry) -> Iterator[TableRow]:
    code = ", ".join(sorted({s.code[:8] for s in entry.scores.values()} - {""}))
    used = [(use.train, use.name or "unnamed", use.sha256) for use in entry.checkpoints]
    for train, name, sha in used or [("", "", "")]:
        title = Setting(train, "").train_title if train else ""
        texts = (title, entry.seed, entry.strategy, name, sha[:DIGITS], code)
        yield TableRow(
            label=entry.label,
            method=entry.method,
            cells=tuple(TableCell(text=text) for text in texts),
            block=main_title(comparison.entries),
            facts=entry.facts,
            tallies=tallies(entry, entry.scores),
        )


def _libraries(comparisons: Sequence[Comparison]) -> list[str]:
    """Name the versions of libraries, each once over all methods."""
    found: dict[str, set[str]] = {}
    for one in comparisons:
        for entry in one.entries:
            for text in {scores.libraries for scores in entry.scores.values()} - {""}:
                for name, version in read_options(text).items():
                    found.setdefault(name, set()).add(str(version))
    listed = [f"{name} {' and '.join(sorted(found[name]))}" for name in sorted(found)]
    return [f"Libraries: {', '.join(listed)}."] if listed else []


def _recipes(comparisons: Sequence[Comparison]) -> list[str]:
    found = {
        f"{variant} = {recipe} ({one.entries.benchmark})": None
        for one in comparisons
        for variant, recipe in one.entries.recipes.items()
    }
    return [f"Recipes of hidden faces: {', '.join(found)}."] if found else []
