"""Entries (rows of a paper's table) with their scores, in sets that may be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from p3mbench.settings import PAPER_VARIANTS, Setting

FloatArray = npt.NDArray[np.float64]


PAPER_SUBSETS = ("P", "NP")
PLAIN_PRECISIONS = ("", "fp32", "float32", "32")
RUN_OPTIONS = ("precision", "compiled", "threads")  # settings of a run, not of a method


@dataclass(frozen=True, eq=False)
class EntryScores:
    """One method in one setting of one subset: the images it was run on, and their scores.

    Attributes:
        images: ids, sorted. ok: (n,) bool, False where the method failed.
        values: metric -> (n,) float64, NaN where it failed or the metric is undefined.
        flags, reasons: how often each flag and each reason of failure occurs.
        seconds: (n,) float64 of ``predict``, NaN where unknown.
        parameters: of the network, 0 if there is no network or the number is unknown.
        device: where it ran, "" if it ran on several devices or that is unknown.
        mattes: image -> path of its matte below ``alphas``, for those that were kept.
        code: hash of the code behind the scores, "" if unknown; libraries: its libraries, as JSON.
    """

    images: tuple[str, ...]
    ok: npt.NDArray[np.bool_]
    values: Mapping[str, FloatArray]
    flags: Mapping[str, int]
    reasons: Mapping[str, int]
    seconds: FloatArray
    parameters: int = 0
    device: str = ""
    mattes: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    libraries: str = ""

    def scored(self, metric: str) -> dict[str, float]:
        """Return image -> score, for the images that have one, in order of image id."""
        return {
            image: float(value)
            for image, value in zip(self.images, self.values[metric], strict=True)
            if np.isfinite(value)
        }

    @cached_property
    def failed(self) -> int:
        """The number of images without an ok row."""
        return int((~self.ok).sum())


@dataclass(frozen=True)
class CheckpointUse:
    """The weights behind one train setting."""

    train: str
    name: str
    sha256: str


def read_options(text: str) -> dict[str, Any]:
    """Read the options of a row as a dictionary; keep text that is not a JSON object."""
    try:
        options = json.loads(text or "{}")
    except json.JSONDecodeError:
        options = {"options": text}
    return options if isinstance(options, dict) else {"options": options}


def departures(text: str) -> str:
    """Say how a method ran if not in plain float32 on one thread: "bf16, compiled"; else "".

    Args:
        text: the options of a row, as JSON.
    """
    options = read_options(text)
    precision = str(options.get("precision") or "")
    threads = str(options.get("threads") or "1")
    found = (
        "" if precision in PLAIN_PRECISIONS else precision,
        "compiled" if options.get("compiled") else "",
        "" if threads == "1" else f"{threads} threads",
    )
    return ", ".join(filter(None, found))


@dataclass(frozen=True, eq=False)
class Entry:
    """A paper row: one method with fixed options; its checkpoints span the train settings."""

    method: str
    title: str
    strategy: str
    options: str
    seed: str
    checkpoints: tuple[CheckpointUse, ...]
    scores: Mapping[tuple[str, Setting], EntryScores]
    label: str = ""

    @property
    def name(self) -> str:
        """The title, followed by how it ran if that is not plain float32."""
        return ", ".join(filter(None, (self.title, departures(self.options))))

    @property
    def trains(self) -> set[str]:
        """Train settings with rows."""
        return {setting.train for _, setting in self.scores}

    def values(self, subset: str, setting: Setting, metric: str) -> dict[str, float]:
        """Return image -> score in one place, by image id; empty if the entry was not run there."""
        scores = self.scores.get((subset, setting))
        return scores.scored(metric) if scores else {}

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The facts that identify the entry, for machine-readable formats."""
        weights = ";".join(f"{c.train}={c.name}@{c.sha256}" for c in self.checkpoints)
        return (
            ("strategy", self.strategy),
            ("options", self.options),
            ("seed", self.seed),
            ("checkpoints", weights),
            ("code", ";".join(sorted({s.code for s in self.scores.values()} - {""}))),
            ("libraries", ";".join(sorted({s.libraries for s in self.scores.values()} - {""}))),
        )


@dataclass(frozen=True, eq=False)
class EntrySet:
    """Entries that may share a table: same benchmark, convention, obfuscation and input.

    Iterate over it for the entries, in order of their labels.

    Attributes:
        recipes: variant -> how it was made, for variants whose rows say so, in the usual order.
        kind: "trimap-free" or "trimap-based".
        expected: (subset, variant) -> number of images in the full benchmark.
        variants: the known variants of the benchmark; at least the paper's two, unless it has
            another obfuscation.
    """

    benchmark: str
    convention: str
    recipes: Mapping[str, str]
    kind: str
    trimap_source: str
    members: tuple[Entry, ...]
    expected: Mapping[tuple[str, str], int]
    variants: tuple[str, ...] = PAPER_VARIANTS
    _images: dict[tuple[str, ...], frozenset[str]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    @cached_property
    def obfuscation(self) -> str:
        """The recipe of all variants, or each after its variant if they differ; "" for none."""
        if len(set(self.recipes.values())) < 2:
            return next(iter(self.recipes.values()), "")
        return "; ".join(f"{variant}: {recipe}" for variant, recipe in self.recipes.items())

    @cached_property
    def subset(self) -> str:
        """The subset on which settings are compared: P, or the only one."""
        found = {subset for entry in self for subset, _ in entry.scores}
        return "P" if "P" in found else min(found, default="P")

    @property
    def other_subset(self) -> str:
        """The main subset if it is not one of the paper's, else ""; it has a set of its own."""
        return "" if self.subset in PAPER_SUBSETS else self.subset

    def reference(self, subset: str, variant: str) -> frozenset[str]:
        """Return the images that any entry was run on: a complete entry has a score for each."""
        return self._once(
            (subset, variant),
            lambda: frozenset().union(*(s.images for s in self._scores(subset, variant))),
        )

    def undefined(self, subset: str, variant: str, metric: str) -> frozenset[str]:
        """Return the images that were scored, but for which no entry has this metric."""

        def find() -> frozenset[str]:
            scores = self._scores(subset, variant)
            images = [(np.asarray(s.images, dtype=object), s) for s in scores]
            done = (found[s.ok].tolist() for found, s in images)
            known = (found[np.isfinite(s.values[metric])].tolist() for found, s in images)
            return frozenset().union(*done) - set().union(*known)

        return self._once((subset, variant, metric), find)

    def images(self, subset: str, variant: str, metric: str) -> frozenset[str]:
        """Return the images for which a complete entry has this metric."""
        return self.reference(subset, variant) - self.undefined(subset, variant, metric)

    def has(self, metric: str) -> bool:
        """Whether any row has a score in this metric."""
        return any(
            np.isfinite(scores.values[metric]).any()
            for entry in self
            for scores in entry.scores.values()
        )

    def settings(self, subset: str) -> list[Setting]:
        """Return the settings with rows, in the paper's order."""
        found = {setting for e in self for s, setting in e.scores if s == subset}
        return sorted(found, key=lambda setting: setting.order)

    def _scores(self, subset: str, variant: str) -> list[EntryScores]:
        return [
            scores
            for entry in self
            for (of, setting), scores in entry.scores.items()
            if of == subset and setting.test == variant
        ]

    def _once(self, key: tuple[str, ...], find: Callable[[], frozenset[str]]) -> frozenset[str]:
        """Return the result of ``find``, remembered: many means are over the same images."""
        if key not in self._images:
            self._images[key] = find()
        return self._images[key]
