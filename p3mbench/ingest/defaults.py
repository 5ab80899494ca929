"""What a user says of a file that is imported."""

from __future__ import annotations

from dataclasses import dataclass

from p3mbench.ingest import logs
from p3mbench.ingest.columns import SETTING

FORMATS = ("auto", "csv", *logs.FORMATS)


@dataclass(frozen=True)
class Defaults:
    """What a user says of a file.

    Attributes:
        benchmark: what was tested; "" is the file's, or `BENCHMARK` where it says nothing.
        convention: whose metrics, likewise.
        method: whose scores, likewise.
        setting: ``TRAIN:TEST``, or ``TRAIN`` where the file or the subset tells the other.
        subset, strategy, kind, title, checkpoint: likewise; "" says nothing.
        keep: unknown columns that are metrics of the user's own; ``("all",)`` for all of them.
        format: one of `FORMATS`.
        strict: whether what would be noted is an error.
    """

    benchmark: str = ""
    convention: str = ""
    method: str = ""
    setting: str = ""
    subset: str = ""
    strategy: str = ""
    kind: str = ""
    title: str = ""
    checkpoint: str = ""
    keep: tuple[str, ...] = ()
    format: str = "auto"
    strict: bool = False

    def cells(self) -> dict[str, str]:
        """What fills a line's cells, by column; without what nothing is said of."""
        said = {
            "convention": self.convention,
            "method": self.method,
            "subset": self.subset,
            "strategy": self.strategy,
            "kind": self.kind,
            "title": self.title,
            "checkpoint": self.checkpoint,
            SETTING: self.setting,
            "benchmark": self.benchmark,
        }
        return {name: value for name, value in said.items() if value}
