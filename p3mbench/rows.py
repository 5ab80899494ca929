"""A row: the result of one method on one image, and what a store tells of rows it has."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# ok: scored. failed: raised, or returned something other than a matte. timeout, oom: stopped by
# the limits, or by the system for want of memory. skipped: not tried, because the method could not
# be loaded or the data changed meanwhile.
STATUSES = ("ok", "failed", "timeout", "oom", "skipped")


@dataclass(frozen=True, kw_only=True)
class Row:
    """The result of one method on one image.

    Attributes:
        key: hash of all that the numbers depend on.
        train_setting: B, N, B+CP, other, or ``-`` where nothing was trained.
        seed: of the training, as text, "" if there is none.
        options: the method's parameters as canonical JSON.
        status: one of `STATUSES`.
        reason: why it failed, or what was odd about an image that was scored, in one line.
        flags: names of degenerate cases the metrics met, joined by commas.
        metrics: raw values, neither scaled nor rounded; NaN where a metric is not defined.
        seconds: of ``predict`` alone.
        parameters: of the network, None if there is none.
        macs: multiply-adds of ``predict``, counted for the first image of each cell only.
        peak_mib: highest memory during ``predict``, see `p3mbench.harness.engine.Call`.
        log: the end of what the method's process printed, where the image has no score.
        code: hash of the source files that made it, see `p3mbench.fingerprint`; "" if not known.
        libraries: what these import, JSON of distribution -> version; "" if not known.
        content: hash of all that the pixels depend on: files and recipes; "" if not known.
        method_version, metrics_version: as the method and the metrics name theirs.
        matte: path of the matte that was kept, below ``alphas``; "" if none was.
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
    """What a merge took: rows, and mattes of theirs."""

    rows: int
    mattes: int


@dataclass(frozen=True)
class Earlier:
    """A score that is stored for a question, and what it was made from."""

    image: str
    key: str
    flags: str
    code: str
    libraries: str
    content: str
    method_version: str
    metrics_version: str


def values_of(row: Row) -> dict[str, Any]:
    """The columns of a row as SQLite takes them."""
    values = asdict(row)
    values["metrics"] = json.dumps(
        {k: None if math.isnan(v) else v for k, v in row.metrics.items()}
    )
    return values
