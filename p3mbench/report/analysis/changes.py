"""The changes between two stores: scores image by image, environment, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from p3mbench.metrics.table import METRICS
from p3mbench.report.analysis.flagging import FlagUse, uses_in_rows
from p3mbench.report.analysis.grouping import as_text, metric_order
from p3mbench.runs import RunRecord, environment_entries
from p3mbench.settings import Setting

if TYPE_CHECKING:
    import pandas as pd

# Rows with equal values here answer the same question; the weights may have changed.
SAME = ("benchmark", "subset", "variant", "image", "method", "options", "strategy",
        "train_setting", "seed", "trimap_source", "convention", "obfuscation")  # fmt: skip
GROUP = tuple(name for name in SAME if name != "image")


@dataclass(frozen=True, eq=False)
class Side:
    """One store: its name, its rows, the records of its runs, notes on its rows."""

    name: str
    frame: pd.DataFrame
    runs: Sequence[RunRecord] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ScoreChange:
    """A metric that changed for one method in one setting, over images with scores in both stores.

    Attributes:
        before, after: means. change: mean of after minus before.
        largest, image: the change of the image that changed most, with its sign.
        images: number with scores in both. changed: number of them whose scores differ.
    """

    metric: str
    benchmark: str
    subset: str
    setting: Setting
    method: str
    title: str
    options: str
    strategy: str
    seed: str
    obfuscation: str
    before: float
    after: float
    change: float
    largest: float
    image: str
    images: int
    changed: int


@dataclass(frozen=True)
class Moved:
    """One thing about a method, or about the environment, that differs between the stores.

    ``rows`` is the number of rows that it concerns; 0 if it is not about rows.
    """

    what: str
    before: str
    after: str
    train: str = ""
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class StoreSide:
    """One of the two stores: rows that only it has, by method, notes on its rows, their flags."""

    name: str
    alone: Mapping[str, int]
    notes: tuple[str, ...]
    flags: tuple[FlagUse, ...]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Everything that differs between two stores, the older one first.

    Attributes:
        common: rows that both have. equal: those with equal scores in the compared metrics.
        scores: by metric, then by method and setting.
        statuses: of the images of a method. weights: SHA-256 of checkpoints, "" for none.
        environment: of the last runs, by the name of the entry. codes: of methods.
    """

    sides: tuple[StoreSide, StoreSide]
    common: int
    equal: int
    scores: tuple[ScoreChange, ...]
    statuses: tuple[Moved, ...]
    weights: tuple[Moved, ...]
    environment: tuple[Moved, ...]
    codes: tuple[Moved, ...]

    @property
    def changed(self) -> bool:
        """Whether any score or status differs, or any row is in one store only."""
        alone = any(side.alone for side in self.sides)
        return self.equal < self.common or alone or bool(self.statuses)


def compare_stores(a: Side, b: Side, metrics: Sequence[str] | None = None) -> Changes:
    """Compare two stores row by row.

    Args:
        a, b: the older and the newer one.
        metrics: columns to compare; by default every metric that both have.

    Raises:
        ValueError: one of them lacks a metric, or only the weights tell some rows apart.
    """
    have = [m for m in a.frame.columns if m in b.frame.columns and m in METRICS]
    chosen = list(metrics) if metrics else sorted(have, key=metric_order)
    for side in (a, b):
        missing = [m for m in chosen if m not in side.frame.columns]
        if missing:
            raise ValueError(f"{side.name} has no metric {', '.join(missing)}")
    columns = [*SAME, "title", "checkpoint_sha256", "status", *chosen]
    before, after = (_unique(side, columns) for side in (a, b))
    both = before.merge(after, on=list(SAME), how="outer", suffixes=("_a", "_b"), indicator=True)
    common = both[both["_merge"] == "both"]
    return Changes(
        sides=(_side(a, both[both["_merge"] == "left_only"]),
               _side(b, both[both["_merge"] == "right_only"])),
        common=len(common),
        equal=len(common) - _differing(common, chosen),
        scores=tuple(change for metric in chosen for change in _scores(common, metric)),
        statuses=tuple(_statuses(common)),
        weights=tuple(_weights(common)),
        environment=tuple(_environment(a, b)),
        codes=tuple(_codes(a, b)),
    )  # fmt: skip


def _unique(side: Side, columns: Sequence[str]) -> pd.DataFrame:
    frame = side.frame.loc[:, list(columns)].copy()
    for name in (*SAME, "checkpoint_sha256"):
        frame[name] = [as_text(value) for value in frame[name]]
    twice = frame.duplicated(list(SAME))
    if twice.any():
        first = frame[twice].iloc[0]
        raise ValueError(
            f"{side.name}: {first['method']} has rows of image {first['image']} from several "
            "checkpoints of one train setting; compare stores with one each"
        )
    return frame


def _side(side: Side, alone: pd.DataFrame) -> StoreSide:
    by_method = alone.groupby("method", sort=True).size()
    return StoreSide(
        name=side.name,
        alone={str(method): int(n) for method, n in by_method.items()},
        notes=tuple(side.notes),
        flags=uses_in_rows(side.frame),
    )


def _differing(common: pd.DataFrame, metrics: Sequence[str]) -> int:
    different = np.zeros(len(common), dtype=bool)
    for metric in metrics:
        one, two = common[f"{metric}_a"].to_numpy(float), common[f"{metric}_b"].to_numpy(float)
        different |= ~((one == two) | (np.isnan(one) & np.isnan(two)))
    return int(different.sum())


def _scores(common: pd.DataFrame, metric: str) -> Iterator[ScoreChange]:
    """Yield each method and setting whose metric changed."""
    for key, part in common.groupby(list(GROUP), sort=True):
        of = dict(zip(GROUP, key, strict=True))
        scored = part[part[f"{metric}_a"].notna() & part[f"{metric}_b"].notna()]
        change = (scored[f"{metric}_b"] - scored[f"{metric}_a"]).to_numpy(float)
        if not change.any():
            continue
        worst = int(np.argmax(np.abs(change)))
        yield ScoreChange(
            metric=metric,
            benchmark=of["benchmark"],
            subset=of["subset"],
            setting=Setting(of["train_setting"], of["variant"]),
            method=of["method"],
            title=as_text(part["title_b"].iloc[0]) or of["method"],
            options=of["options"],
            strategy=of["strategy"],
            seed=of["seed"],
            obfuscation=of["obfuscation"],
            before=float(scored[f"{metric}_a"].mean()),
            after=float(scored[f"{metric}_b"].mean()),
            change=float(change.mean()),
            largest=float(change[worst]),
            image=str(scored["image"].iloc[worst]),
            images=len(change),
            changed=int((change != 0).sum()),
        )


def _statuses(common: pd.DataFrame) -> Iterator[Moved]:
    moved = common[common["status_a"] != common["status_b"]]
    pairs = moved.groupby(["method", "status_a", "status_b"], sort=True).size()
    for (method, before, after), n in pairs.items():
        yield Moved(str(method), str(before), str(after), rows=int(n))


def _weights(common: pd.DataFrame) -> Iterator[Moved]:
    moved = common[common["checkpoint_sha256_a"] != common["checkpoint_sha256_b"]]
    keys = ["method", "train_setting", "checkpoint_sha256_a", "checkpoint_sha256_b"]
    found = moved[keys].drop_duplicates().itertuples(index=False)
    for method, train, before, after in found:
        yield Moved(str(method), before, after, train=str(train))


def _codes(a: Side, b: Side) -> Iterator[Moved]:
    """Yield the methods whose code or libraries differ between the stores."""
    made: list[dict[str, set[str]]] = [{}, {}]
    for found, side in zip(made, (a, b), strict=True):
        if "code" in side.frame.columns:
            pairs = side.frame[["method", "code", "libraries"]].drop_duplicates()
            for method, code, libraries in pairs.itertuples(index=False, name=None):
                found.setdefault(str(method), set()).add(f"{code[:8] or 'not known'} {libraries}")
    for method in sorted(made[0].keys() & made[1].keys()):
        before, after = (", ".join(sorted(side[method])) for side in made)
        if made[0][method] != made[1][method]:
            yield Moved(method, before, after)


def _environment(a: Side, b: Side) -> Iterator[Moved]:
    """Yield the differences between the environments of the last runs, one per entry."""
    before, after = (environment_entries(s.runs[-1].environment) if s.runs else {}
                     for s in (a, b))  # fmt: skip
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Moved(name, before.get(name, "not there"), after.get(name, "not there"))
