"""A row: the result of one method on one image. Also the answers of a store about its rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# ok: scored. failed: raised, or returned something other than a matte. timeout, oom: stopped by
# a limit, or by the system when memory ran out. skipped: not tried, because the method could not
# be loaded or the data changed during the run.
STATUSES = ("ok", "failed", "timeout", "oom", "skipped")


@dataclass(frozen=True, kw_only=True)
class Row:
    """The result of one method on one image.

    Attributes:
        key: hash of everything that the numbers depend on.
        train_setting: B, N, B+CP, other, or ``-`` if nothing was trained.
        seed: seed of the training as text; "" if there is none.
        options: the method's parameters as canonical JSON.
        status: one of `STATUSES`.
        reason: one line: why it failed, or what was odd about an image that was scored.
        flags: names of flags (`p3mbench.flags`), joined by commas.
        metrics: raw values, neither scaled nor rounded; NaN if a metric is undefined.
        seconds: duration of ``predict`` alone.
        parameters: number of parameters of the network; None if there is none.
        macs: multiply-adds of ``predict``, counted for the first image of each cell only.
        peak_mib: highest memory during ``predict``, see `p3mbench.harness.engine.Call`.
        log: the end of what the method's process printed, if the image has no score.
        code: hash of the source files that made it, see `p3mbench.fingerprint`; "" if unknown.
        libraries: what these import, JSON of distribution -> version; "" if unknown.
        content: hash of the files and recipes that the pixels depend on; "" if unknown.
        method_version, metrics_version: versions that the method and the metrics declare.
        matte: path of the stored matte, below ``alphas``; "" if there is none.
    """

    key: str
    benchmark: str
    subset: str
    variant: str
    image: str
    method: str
    title: str
    kind: str
    learned: bool
    options: str
    strategy: str
    checkpoint: str
    checkpoint_sha256: str
    train_setting: str
    seed: str
    trimap_source: str
    convention: str
    obfuscation: str
    status: str
    reason: str
    flags: str
    metrics: Mapping[str, float]
    seconds: float | None
    height: int | None
    width: int | None
    device: str
    run_id: str
    parameters: int | None = None
    macs: int | None = None
    peak_mib: float | None = None
    log: str = ""
    code: str = ""
    libraries: str = ""
    content: str = ""
    method_version: str = ""
    metrics_version: str = ""
    matte: str = ""


@dataclass(frozen=True)
class Merged:
    """How many rows and mattes a merge copied."""

    rows: int
    mattes: int


@dataclass(frozen=True)
class Earlier:
    """A stored score for a question, and what it was made from."""

    image: str
    key: str
    flags: str
    code: str
    libraries: str
    content: str
    method_version: str
    metrics_version: str


def values_of(row: Row) -> dict[str, Any]:
    """Return the columns of a row as SQLite stores them."""
    values = asdict(row)
    values["metrics"] = json.dumps(
        {k: None if math.isnan(v) else v for k, v in row.metrics.items()}
    )
    return values
