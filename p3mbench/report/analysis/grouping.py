"""From stored rows to entry sets: which rows make one row of a table, and its label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from p3mbench.metrics.table import METRICS
from p3mbench.report.analysis.entries import (
    PAPER_SUBSETS,
    RUN_OPTIONS,
    CheckpointUse,
    Entry,
    EntryScores,
    EntrySet,
    read_options,
)
from p3mbench.settings import NORMAL, PAPER_VARIANTS, Setting, ordered

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = (
    "method", "title", "kind", "checkpoint", "checkpoint_sha256", "train_setting", "seed",
    "strategy", "options", "trimap_source", "benchmark", "subset", "variant", "image",
    "convention", "obfuscation", "status", "reason", "flags",
)  # fmt: skip
OTHER_COLUMNS = (
    "learned", "seconds", "height", "width", "device", "parameters", "macs", "peak_mib",
)  # fmt: skip
# The code and the data that made a row; rows from elsewhere may lack them.
ORIGIN_COLUMNS = ("code", "libraries", "content", "method_version", "metrics_version", "matte")
# These columns identify a result; with the image they occur only once.
IDENTITY = (
    "benchmark", "convention", "obfuscation", "method", "strategy", "options", "trimap_source",
    "checkpoint", "checkpoint_sha256", "train_setting", "seed", "subset", "variant",
)  # fmt: skip
MEASURED = ("seconds", "parameters")  # shown where known
OK = "ok"


def entry_sets(
    rows: pd.DataFrame,
    metrics: Iterable[str],
    expected: Mapping[tuple[str, ...], int] | None = None,
) -> list[EntrySet]:
    """Split rows into sets that may be compared, and each set into paper rows.

    Sets differ in benchmark, convention, kind and trimap source, and in the recipe if a variant
    was made in two ways. P and NP are one set, as in the paper; a subset of another name is a set
    of its own.

    Raises:
        ValueError: a column is missing, or one image occurs twice in one place.
    """
    frame = _clean(rows, metrics)
    metrics = list(metrics)
    found = []
    for (benchmark, convention), part in frame.groupby(["benchmark", "convention"], sort=True):
        variants = _variants(part, str(benchmark), expected or {})
        wanted = {
            (key[1], variant): n
            for key, n in (expected or {}).items()
            for variant in key[2:] or variants
            if key[0] == benchmark
        }
        for recipes, mine in _recipes(part):
            alone = mine["subset"].where(~mine["subset"].isin(PAPER_SUBSETS), "")
            keys = ["kind", "trimap_source", alone]
            for (kind, source, _), members in mine.groupby(keys, sort=True):
                found.append(
                    EntrySet(
                        benchmark=str(benchmark),
                        convention=str(convention),
                        recipes=recipes,
                        kind=str(kind),
                        trimap_source=str(source),
                        members=_entries(members, metrics),
                        expected=wanted,
                        variants=variants,
                    )
                )
    return found


def _variants(
    part: pd.DataFrame, benchmark: str, expected: Mapping[tuple[str, ...], int]
) -> tuple[str, ...]:
    """Return the variants of a benchmark: the known ones, or the paper's if those are all."""
    known = {variant for key in expected if key[0] == benchmark for variant in key[2:]}
    known |= set(part["variant"])
    return ordered(known if known - set(PAPER_VARIANTS) else PAPER_VARIANTS)


def _clean(rows: pd.DataFrame, metrics: Iterable[str]) -> pd.DataFrame:
    import pandas as pd

    needed = (*TEXT_COLUMNS, "learned", *metrics)
    missing = [column for column in needed if column not in rows.columns]
    if missing:
        raise ValueError(f"rows lack the columns {', '.join(missing)}")
    frame = rows.loc[:, list(needed)].copy()
    for column in MEASURED:
        given = rows[column] if column in rows.columns else np.nan
        frame[column] = pd.to_numeric(pd.Series(given, index=rows.index), errors="coerce")
    frame["device"] = [as_text(v) for v in rows["device"]] if "device" in rows.columns else ""
    for column in ORIGIN_COLUMNS:
        frame[column] = rows[column] if column in rows.columns else ""
    for column in (*TEXT_COLUMNS, *ORIGIN_COLUMNS):
        codes, values = pd.factorize(frame[column], use_na_sentinel=False)
        texts = np.array([as_text(value) for value in values], dtype=object)
        frame[column] = texts[codes] if len(texts) else ""
    for column in metrics:
        frame[column] = frame[column].astype("float64")
    frame = frame.sort_values([*IDENTITY, "image"], kind="stable")
    twice = frame.duplicated([*IDENTITY, "image"])
    if twice.any():
        first = frame[twice].iloc[0]
        raise ValueError(
            f"{int(twice.sum())} rows occur twice, such as {first['method']} on image "
            f"{first['image']} ({first['subset']}, test {first['variant']}): "
            "keep one row per method, checkpoint, options, setting and image"
        )
    return frame


def as_text(value: Any) -> str:
    """Return a stored value as text: "" for None and NaN, no ".0" after whole numbers."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _recipes(part: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield (variant -> recipe, rows) for each set of recipes that do not contradict each other.

    A variant with one recipe belongs to every set, and so do rows without one (normal images). If
    a variant has several recipes, each makes a set of its own.
    """
    found: dict[str, set[str]] = {}
    for variant, recipe in (
        part[["variant", "obfuscation"]].drop_duplicates().itertuples(index=False, name=None)
    ):
        found.setdefault(variant, set()).update({recipe} - {""})
    contested = {r for recipes in found.values() if len(recipes) > 1 for r in recipes}
    for mine in sorted(contested) or [""]:
        shown = part[~part["obfuscation"].isin(contested - {mine})]
        ways = {v: recipes - (contested - {mine}) for v, recipes in found.items()}
        known = {variant: min(ways[variant]) for variant in ordered(ways) if ways[variant]}
        if len(known) > 1:  # normal images hide nothing, whatever their rows say
            known.pop(NORMAL, None)
        yield known, shown


def metric_order(metric: str) -> tuple[int, str]:
    """Sort key: known metrics in column order, then the others by name."""
    known = list(METRICS)
    return (known.index(metric) if metric in METRICS else len(known), metric)


def _entries(members: pd.DataFrame, metrics: list[str]) -> tuple[Entry, ...]:
    entries = []
    for _, group in members.groupby(["method", "strategy", "options"], sort=True):
        for part in _one_checkpoint_per_train(group):
            entries.append(_entry(part, metrics))
    entries = _labelled(entries)
    return tuple(sorted(entries, key=lambda e: (e.label.casefold(), e.label)))


def _one_checkpoint_per_train(group: pd.DataFrame) -> list[pd.DataFrame]:
    """Split rows into parts with one checkpoint per train setting, so that a row spans settings.

    Checkpoints trained under B and under N belong together if there is one of each, or one of each
    per training seed. Otherwise nothing says which belong together, and each is its own part.
    """
    if _unambiguous(group):
        return [group]
    parts = []
    for _, seeded in group.groupby("seed", sort=True):
        if _unambiguous(seeded):
            parts.append(seeded)
        else:
            keys = ["checkpoint", "checkpoint_sha256", "train_setting"]
            parts.extend(part for _, part in seeded.groupby(keys, sort=True))
    return parts


def _unambiguous(group: pd.DataFrame) -> bool:
    checkpoints = group[["train_setting", "checkpoint", "checkpoint_sha256", "seed"]]
    return not checkpoints.drop_duplicates()["train_setting"].duplicated().any()


def _entry(part: pd.DataFrame, metrics: list[str]) -> Entry:
    first = part.iloc[0]
    uses = {
        CheckpointUse(train, name, sha)
        for train, name, sha in zip(
            part["train_setting"], part["checkpoint"], part["checkpoint_sha256"], strict=True
        )
        if name or sha
    }
    keys = ["subset", "train_setting", "variant"]
    return Entry(
        method=first["method"],
        title=first["title"] or first["method"],
        strategy=first["strategy"],
        options=first["options"],
        seed=", ".join(sorted(set(part["seed"]) - {""})),
        checkpoints=tuple(sorted(uses, key=lambda use: Setting(use.train, "").order)),
        scores={
            (subset, Setting(train, variant)): _scores(rows, metrics)
            for (subset, train, variant), rows in part.groupby(keys, sort=True)
        },
    )


def _scores(rows: pd.DataFrame, metrics: list[str]) -> EntryScores:
    ok = (rows["status"] == OK).to_numpy(dtype=bool)
    values = {}
    for metric in metrics:
        value = rows[metric].to_numpy(dtype=np.float64).copy()
        value[~ok | ~np.isfinite(value)] = np.nan
        values[metric] = value
    flags = Counter(
        flag.strip() for text in rows["flags"] for flag in text.split(",") if flag.strip()
    )
    reasons = Counter(rows["reason"][~ok])
    counts = rows["parameters"].dropna()
    devices = sorted(set(rows["device"]) - {""})
    return EntryScores(
        images=tuple(rows["image"]),
        ok=ok,
        values=values,
        flags=dict(flags),
        reasons=dict(reasons),
        seconds=rows["seconds"].to_numpy(dtype=np.float64),
        parameters=int(counts.max()) if len(counts) else 0,
        device=devices[0] if len(devices) == 1 else "",
        mattes={i: m for i, m in zip(rows["image"], rows["matte"], strict=True) if m},
        code=";".join(sorted(set(rows["code"]) - {""})),
        libraries=";".join(sorted(set(rows["libraries"]) - {""})),
    )


def _labelled(entries: list[Entry]) -> list[Entry]:
    """Label the entries: the name, followed only by what tells equal names apart."""
    facets: tuple[Callable[[Entry, list[Entry]], str], ...] = (
        lambda e, _: e.method,
        lambda e, _: e.strategy,
        _options_that_differ,
        lambda e, _: f"seed {e.seed}" if e.seed else "",
        lambda e, _: " + ".join(c.name for c in e.checkpoints),
        lambda e, _: " + ".join(c.sha256[:8] for c in e.checkpoints),
    )
    extra: list[list[str]] = [[] for _ in entries]
    for facet in facets:
        same: dict[tuple[str, ...], list[int]] = {}
        for i, entry in enumerate(entries):
            same.setdefault((entry.name, *extra[i]), []).append(i)
        for members in same.values():
            texts = [facet(entries[i], [entries[j] for j in members]) for i in members]
            if len(set(texts)) > 1:
                for i, text in zip(members, texts, strict=True):
                    extra[i].append(text)
    return [
        replace(entry, label=", ".join([entry.name, *filter(None, parts)]))
        for entry, parts in zip(entries, extra, strict=True)
    ]


def _options_that_differ(entry: Entry, others: list[Entry]) -> str:
    read = [read_options(other.options) for other in others]
    mine = read_options(entry.options)
    return ", ".join(
        f"{key}={value}"
        for key, value in sorted(mine.items())
        if key not in RUN_OPTIONS and any(other.get(key) != value for other in read)
    )
