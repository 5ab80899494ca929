"""The user's options for an imported file."""

from __future__ import annotations

from dataclasses import dataclass

from p3mbench.ingest import logs
from p3mbench.ingest.columns import SETTING

FORMATS = ("auto", "csv", *logs.FORMATS)


@dataclass(frozen=True)
class Defaults:
    """The user's options for a file. "" leaves a value to the file.

    Attributes:
        benchmark: benchmark of the scores; "" for the file's, or `BENCHMARK` if it has none.
        convention: metric convention of the scores.
        method: method of the scores.
        setting: ``TRAIN:TEST``, or ``TRAIN`` if the file or the subset gives the test variant.
        subset, strategy, kind, title, checkpoint: values of these columns.
        keep: unknown columns to store as the user's own metrics; ``("all",)`` for all of them.
        format: one of `FORMATS`.
        strict: whether notes are errors.
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
        """Return the values for a line's cells by column, without those left to the file."""
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
