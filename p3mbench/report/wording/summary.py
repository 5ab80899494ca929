"""The summary in words: what was compared, three sentences, and what cannot be said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.analysis.lines import EntryLine, spread
from p3mbench.report.analysis.overview import Overview
from p3mbench.report.analysis.summary import CLEAR, Best, ReportSummary, SummaryLine, SummarySection
from p3mbench.report.wording.gaps import block_decimals
from p3mbench.report.wording.numbers import (
    PLUS_MINUS,
    count,
    fitted_decimals,
    interval_text,
    metric_display,
    number,
)
from p3mbench.report.wording.titles import confounded, listed
from p3mbench.settings import (
    NORMAL,
    PPT_GAP,
    UNTRAINED,
    Setting,
    hidden,
    is_private,
    train_order,
)

MOST_SECTIONS = 3  # that the sentences speak of
INCOMPLETE, DOUBT = "\N{DAGGER}", "?"  # marks of lines
UNSAID = "What cannot be said"
MOST_NAMES = 3  # methods that a sentence lists
MOST_DOUBTS = 3  # in the sentence; all stand in the notes


def about(comparisons: Sequence[Comparison]) -> list[str]:
    """Say what was compared, a line per benchmark: methods, images, train settings, faces."""
    benchmarks: dict[tuple[str, str], list[Comparison]] = {}
    for one in comparisons:
        benchmarks.setdefault((one.entries.benchmark, one.entries.convention), []).append(one)
    return [_compared(*key, members) for key, members in benchmarks.items()]


def section_title(section: SummarySection, shown: int) -> str:
    """Name a section: kind, metric and subset, and how many of its methods it shows."""
    comparison, entries = section.comparison, section.comparison.entries
    text = f"{entries.kind.capitalize()}, {metric_display(comparison.metric).title}"
    if len({at.subset for at in section.places}) == 1:
        text += f" on {comparison.subset}"
    return f"{text}: {shown} of {len(section.lines)}" if shown < len(section.lines) else text


def sentences(summary: ReportSummary) -> tuple[str, ...]:
    """Return the sentences on the losses and on the best methods."""
    told = summary.sections[:MOST_SECTIONS]
    several = any(len(section.whole) > 1 for section in told)
    losses = " ".join(filter(None, (_losses(section, several) for section in told)))
    return tuple(filter(None, (losses, _bests(told))))


def limits(clauses: Sequence[str]) -> str:
    """Return the sentence on what the results do not show; "" for no clause."""
    if not clauses:
        return ""
    more = len(clauses) - MOST_DOUBTS
    rest = f"; {count(more, 'more limit')} with --all" if more > 0 else ""
    return f"{UNSAID}: {'; '.join(clauses[:MOST_DOUBTS])}{rest}."


def doubts(summary: ReportSummary, overview: Overview | None) -> list[str]:
    """Return what the results cannot show and why, the gravest first, as clauses."""
    sections = summary.sections
    return list(
        dict.fromkeys(
            [
                *(_flagged(overview) if overview else ()),
                *(_missing(overview) if overview else ()),
                *(text for section in sections for text in _too_few(section)),
                *_absent(sections),
                *_parts(sections),
                *(text for section in sections for text in _confounded(section)),
                *_apart(sections),
                *_seeds(sections),
            ]
        )
    )


def verdict(line: SummaryLine, doubtful: bool) -> str:
    """Return the marks of a line: significant, not over all images, qualified by a flag."""
    part = INCOMPLETE if line.gaps and not line.complete else ""
    return ("*" if line.significant else "") + part + (DOUBT if doubtful else "")


def legend(summary: ReportSummary, doubtful: bool) -> str:
    """Explain the marks and the interval."""
    doubt = f" {DOUBT}: in doubt." if doubtful else ""
    found = [s for s in summary.sections if s.found is not None]
    if not found:
        return f"Lower is better.{doubt}"
    level = f"{100 * found[0].comparison.how.level:g} %"
    parts = any(line.gaps and not line.complete for section in found for line in section.lines)
    some = f" {INCOMPLETE}: not all images." if parts else ""
    return (
        f"[ ]: {level} interval. *: excludes zero, and p < {CLEAR:g} after Holm's correction. "
        f"+: a loss.{some}{doubt}"
    )


def _compared(benchmark: str, convention: str, members: Sequence[Comparison]) -> str:
    kinds: dict[str, set[str]] = {}
    for one in members:
        kinds.setdefault(one.entries.kind, set()).update(e.method for e in one.entries)
    every = sum(map(len, kinds.values()))
    methods = listed([f"{len(found)} {kind}" for kind, found in sorted(kinds.items())[::-1]])
    recipes = dict.fromkeys(r for one in members for r in one.entries.recipes.values())
    images = [text for text, _ in _images(members).values()]
    parts = [
        f"{benchmark}: {methods} method{'s' * (every != 1)} on {listed(images)}",
        _trained(members),
        f"faces hidden by {listed(list(recipes))}" if recipes else "",
        f"metrics by {convention}" if convention else "",
    ]
    return "; ".join(filter(None, parts)) + "."


def _trained(members: Sequence[Comparison]) -> str:
    trains = {train for one in members for entry in one.entries for train in entry.trains}
    learned = sorted(trains - {UNTRAINED}, key=train_order)
    if not learned:
        return "none is trained"
    return f"trained on {listed(learned)}" + (", some not trained" if UNTRAINED in trains else "")


def _images(members: Sequence[Comparison]) -> dict[str, tuple[str, bool]]:
    """Return subset -> (such as "24 images of P" or "8 of 500 images of NP", whether a part)."""
    found: dict[str, tuple[str, bool]] = {}
    for one in members:
        for subset, setting in {place for entry in one.entries for place in entry.scores}:
            n = len(one.entries.reference(subset, setting.test))
            full = one.entries.expected.get((subset, setting.test), n)
            text = f"{n} of {count(full, 'image')}" if n < full else count(n, "image")
            found[subset] = f"{text} of {subset}", n < full
    return {subset: found[subset] for subset in sorted(found, key=lambda s: (s != "P", s))}


def _losses(section: SummarySection, several: bool) -> str:
    """Name the largest and the smallest gap of a section."""
    if section.found is None:
        return ""
    contrast, whole = section.found.contrast, section.whole
    kind = section.comparison.entries.kind.capitalize()
    name = f"{kind} {contrast.name} ({contrast.formula})"
    if not whole:
        return f"{name}: no method has all images on both sides."
    if len(whole) == 1:
        return "" if several else f"{name}: {_gap(section, whole[0], interval=True)}."
    clear = sum(line.significant for line in whole)
    return (
        f"{name}: largest for {_gap(section, whole[0])}, smallest for {_gap(section, whole[-1])}; "
        f"{clear or 'none'} of {len(whole)} significant."
    )


def _gap(section: SummarySection, line: SummaryLine, *, interval: bool = False) -> str:
    """Write a method with its gap: "MODNet (+0.83*)", or also with the interval."""
    comparison = section.comparison
    decimals = block_decimals(comparison, comparison.metric)
    over = spread([gap.value for gap in line.gaps])
    text = number(line.value, decimals, sign=True)
    if over is not None:
        text += f" {PLUS_MINUS} {number(over.std, decimals)}"
    elif interval:
        gap = line.gaps[0]
        text = interval_text(gap.value, gap.low, gap.high, decimals, sign=True)
    return f"{line.line.label} ({text}{'*' if line.significant else ''})"


def _bests(sections: Sequence[SummarySection]) -> str:
    """Name the best method of each section, with those that cannot be told apart from it."""
    found: dict[tuple[str, str], str] = {}
    for section in sections:
        for best in section.best:
            kind = section.comparison.entries.kind
            key = (section.comparison.entries.benchmark + kind, best.at.setting.title)
            found.setdefault(key, f"{kind} {best.at.setting.title} {_winner(section, best)}")
    if not found:
        return "No method is best: no two complete methods share a setting."
    return f"Best mean: {'; '.join(found.values())}."


def _winner(section: SummarySection, best: Best) -> str:
    comparison = section.comparison
    decimals = fitted_decimals(best.at.metric, comparison.errors(best.at.metric))
    means = [mean.value for mean in best.winner.means(comparison, best.at)]
    text = f"{best.winner.label} ({number(sum(means) / len(means), decimals)})"
    return f"{text}, tied with {_names(best.tied)}" if best.tied else text


def _names(lines: Sequence[EntryLine]) -> str:
    return _some([line.label for line in lines])


def _some(names: Sequence[str]) -> str:
    """List the first names, and count the others."""
    more = len(names) - MOST_NAMES
    return listed(names) if more <= 0 else f"{', '.join(names[:MOST_NAMES])} and {more} more"


def _flagged(overview: Overview) -> Iterator[str]:
    """Say what casts doubt on numbers, in how many rows."""
    for use in overview.flags:
        if use.mark:
            text = use.words if use.words != use.flag else f"flag {use.flag}"
            yield f"{use.rows:,} of {count(use.of, 'row')} ({_some(use.methods)}): {text}"


def _missing(overview: Overview) -> Iterator[str]:
    bad = overview.rows - overview.scored
    if bad:
        of = f"{bad:,} of {count(overview.rows, 'row')}"
        yield f"{of} have no score ({_some(tuple(overview.failed))}), so their means miss images"


def _too_few(section: SummarySection) -> Iterator[str]:
    if section.powerless:
        n = max(gap.n for line in section.lines for gap in line.gaps)
        yield (
            f"no gap of {_whose(section)} can be significant: n = {n} is too small for "
            f"{count(len(section.lines), 'method')}"
        )


def _whose(section: SummarySection) -> str:
    entries = section.comparison.entries
    return f"{entries.kind} methods on {entries.benchmark}"


def _absent(sections: Sequence[SummarySection]) -> Iterator[str]:
    """Name the contrasts that need a training or a variant that nothing has."""
    for section in _one_each(sections):
        comparison = section.comparison
        trains = {setting.train for setting in comparison.settings()}
        variants = comparison.variants()
        if not hidden(variants) or NORMAL not in variants:
            have = listed(variants) if variants else "missing"
            yield f"no gap of {_whose(section)} over the same images: test variants are {have}"
        elif not any(map(is_private, trains)):
            yield f"no {PPT_GAP} of {_whose(section)}: none was trained on hidden faces"
        elif Setting(NORMAL, NORMAL) not in comparison.settings():
            yield f"no privacy cost of {_whose(section)}: none was trained on normal faces"


def _parts(sections: Sequence[SummarySection]) -> Iterator[str]:
    """Say that only a part of a benchmark was run."""
    for section in _one_each(sections):
        comparison = section.comparison
        some = [text for text, part in _images([comparison]).values() if part]
        if some:
            yield f"only a part of {comparison.entries.benchmark} was run: {listed(some)}"


def _confounded(section: SummarySection) -> Iterator[str]:
    if section.found is not None and not section.found.contrast.paired:
        yield confounded(section.found.contrast).rstrip(".")


def _apart(sections: Sequence[SummarySection]) -> Iterator[str]:
    """Say that several sets are not comparable with each other."""
    sets = [section.comparison.entries for section in _one_each(sections)]
    if len({(e.benchmark, e.convention, e.obfuscation) for e in sets}) > 1:
        yield "benchmarks, conventions and recipes do not compare: each has lines of its own"


def _seeds(sections: Sequence[SummarySection]) -> Iterator[str]:
    """Say that one training says nothing about another; nothing for methods without training."""
    seeds: dict[str, set[str]] = {}
    for section in _one_each(sections):
        for entry in section.comparison.entries:
            if entry.trains - {UNTRAINED}:
                seeds.setdefault(entry.method, set()).update(entry.seed.split(", "))
    one = sum(len(found) == 1 for found in seeds.values())
    if one:
        of = "the method has" if len(seeds) == 1 else f"{one} of {len(seeds)} trained methods have"
        yield f"{of} one training seed, so another training may differ more than the intervals say"


def _one_each(sections: Iterable[SummarySection]) -> list[SummarySection]:
    """Return the first section of every comparison."""
    found: dict[Comparison, SummarySection] = {}
    for section in sections:
        found.setdefault(section.comparison, section)
    return list(found.values())
