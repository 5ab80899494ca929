"""The comparison of a training with the published one, for ``p3mbench methods``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from p3mbench.method import Method, MethodInfo
    from p3mbench.training.fidelity import Fidelity

Table = tuple[str, list[str], list[list[str]]]
OUTDATED = (
    "trained before version 0.2's losses and crops; retraining comes with the new mini"  # the mark
)


def _fidelity(method: Method) -> Fidelity | None:
    from p3mbench.training.recipe import Trainable, fidelity_of, training_of

    return fidelity_of(training_of(method)) if isinstance(method, Trainable) else None


def checks(method: Method) -> Iterator[tuple[str, str]]:
    """Yield how the training of a method was checked, as facts for its page."""
    if fidelity := _fidelity(method):
        yield "training losses", fidelity.losses
        yield "other training settings", fidelity.rest


def training_tables(method: Method) -> list[Table]:
    """Return title, header and rows: departures from the source; differences of text and code."""
    fidelity, tables = _fidelity(method), list[Table]()
    if fidelity and fidelity.departures:
        rows = [[d.what, d.published, d.here, d.why] for d in fidelity.departures]
        header = ["topic", "published", "here", "reason"]
        tables.append(("How the training differs from the published one", header, rows))
    if fidelity and fidelity.disagreements:
        rows = [[d.what, d.code, d.text, d.option] for d in fidelity.disagreements]
        header = ["topic", "code", "text", "option for the text"]
        tables.append(("Where the paper and its code differ", header, rows))
    return tables


def thin_weights(info: MethodInfo) -> str:
    """Name the thin checkpoints of ``mini``, and say if they are outdated; "" for none."""
    from p3mbench.benchmark import get
    from p3mbench.checkpoints import shipped

    paths = [found.path for found in shipped(info, get("mini").checkpoints)]
    if not paths:
        return ""
    names = ", ".join(path.stem for path in paths)
    return f"{names}; {OUTDATED}" if any(_before_02(path) for path in paths) else names


def _before_02(path: Path) -> bool:
    """Whether a checkpoint was made before recipes had a formula, which came with version 0.2."""
    from p3mbench.weights import recorded

    return "formula" not in recorded(path).get("recipe", {})
