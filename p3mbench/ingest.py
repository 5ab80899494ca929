"""Per-image scores from elsewhere: a CSV file becomes rows of a store, marked as imported.

The header names the columns, in any order. What ``p3mbench report --per-image --format csv`` writes
can be read back.

===================  ==============================================================================
column               holds
===================  ==============================================================================
method               required: a name; rows of one name, strategy and options are one method
image                required: the image's id
variant              required: B (faces blurred) or N (faces visible), of the test image
train_setting        required: B, N, B+CP, other, or - where nothing was trained
a metric             at least one column with a metric's name (sad, mse, mad, grad, conn, ...);
                     every column that is not named here is a metric of your own
benchmark, subset    "p3m500" and "P" unless given (or by --benchmark)
convention           whose definition of the metrics; required here or by --convention
kind                 trimap-free (the default) or trimap-based
title                for tables; the method's name unless given
checkpoint, checkpoint_sha256, seed, strategy, options, trimap_source, obfuscation, reason, device
                     text, empty unless given; ``options`` is JSON
status               ok (the default), failed, timeout, oom or skipped
seconds, height, width, parameters
                     numbers, unknown unless given
===================  ==============================================================================

An empty metric is an undefined one. Values are in the raw units of docs/metrics.md.
"""

from __future__ import annotations

import csv
import io
import json
import math
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from p3mbench.errors import DataError, StoreError
from p3mbench.method import Kind, TrainSetting
from p3mbench.metrics import CONVENTIONS
from p3mbench.metrics.table import METRICS
from p3mbench.provenance import canonical, environment, hash_of, sha256_of
from p3mbench.store import QUESTION, STATUSES, Row, Store

IMPORTED = "imported"  # the flag of such rows
REQUIRED = ("method", "image", "variant", "train_setting")
TEXTS = ("benchmark", "subset", "convention", "kind", "title", "checkpoint", "checkpoint_sha256",
         "seed", "strategy", "options", "trimap_source", "obfuscation", "status", "reason", "flags",
         "device")  # fmt: skip
NUMBERS = ("seconds", "height", "width", "parameters", "macs", "peak_mib")
# Columns of an export that follow from others, or that hold for the store they come from only.
IGNORED = ("learned", "key", "run_id", "log", "code", "libraries", "content", "method_version",
           "metrics_version", "matte", "flag_words")  # fmt: skip
CHOICES = {
    "variant": ("B", "N"),
    "train_setting": tuple(str(setting) for setting in TrainSetting),
    "kind": tuple(str(kind) for kind in Kind),
    "status": STATUSES,
}
MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Defaults:
    """What stands for a column that the file lacks or leaves empty."""

    benchmark: str = "p3m500"
    convention: str = ""


def import_file(path: Path, store: Store, defaults: Defaults) -> int:
    """Read a file and store its rows, all or none.

    Returns:
        How many rows were stored.

    Raises:
        DataError: the file cannot be read, or a line of it says something impossible.
        StoreError: a row would take the place of one that was measured.
    """
    text = _read(path)
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    digest = sha256_of(path)
    rows = list(_rows(path, text, defaults, (run_id, digest)))
    if not rows:
        raise DataError(f"{path}: has a header and no line below it")
    _check(path, rows, store)
    manifest = {
        "run_id": run_id,
        "started_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "imported": {"file": path.name, "sha256": digest, "rows": len(rows)},
        "environment": environment(),
    }
    store.begin_run(run_id, manifest, {})
    store.add_all(rows)
    return len(rows)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: is larger than 1 GiB; split it by method")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not text in UTF-8; export it as CSV (UTF-8)") from None


def _rows(path: Path, text: str, defaults: Defaults, made: tuple[str, str]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    metrics: list[str] = []
    try:
        for cells in reader:
            where = f"{path}, line {reader.line_num}"
            if not header:
                header = [cell.strip() for cell in cells]
                metrics = _metrics(path, header)
            elif cells:
                if len(cells) != len(header):
                    raise DataError(
                        f"{where}: has {len(cells)} fields, the header has {len(header)}"
                    )
                values = {k: v.strip() for k, v in zip(header, cells, strict=True)}
                yield _row(where, values, metrics, defaults, made)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: is not CSV ({error})") from None


def _metrics(path: Path, header: list[str]) -> list[str]:
    """The metric columns; raises if the header cannot be one."""
    if "\x00" in "".join(header):
        raise DataError(f"{path}: is not a text file")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the header names {', '.join(map(repr, twice))} twice")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise DataError(
            f"{path}: the header lacks {', '.join(missing)}; it needs {', '.join(REQUIRED)} and "
            "a column per metric (p3mbench import --help)"
        )
    known = {*REQUIRED, *TEXTS, *NUMBERS, *IGNORED}
    metrics = [name for name in header if name not in known]
    if not any(name in METRICS for name in metrics):
        names = ", ".join(list(METRICS)[:6])
        raise DataError(f"{path}: the header names no metric such as {names}")
    odd = [name for name in metrics if not name.isidentifier()]
    if odd:
        raise DataError(
            f"{path}: a metric's name consists of letters, digits and _, not {odd[0]!r}"
        )
    return metrics


def _row(
    where: str,
    values: Mapping[str, str],
    metrics: list[str],
    defaults: Defaults,
    made: tuple[str, str],
) -> Row:
    def text(name: str, default: str = "") -> str:
        return values.get(name) or default

    for name in REQUIRED:
        if not values[name]:
            raise DataError(f"{where}: {name} is empty")
    convention = text("convention", defaults.convention)
    if convention not in CONVENTIONS:
        given = f"not {convention!r}" if convention else "and none is given: use --convention"
        raise DataError(f"{where}: convention must be one of {', '.join(CONVENTIONS)}, {given}")
    filled = {**values, "kind": text("kind", "trimap-free"), "status": text("status", "ok")}
    for name, choices in CHOICES.items():
        if filled[name] not in choices:
            raise DataError(
                f"{where}: {name} must be one of {', '.join(choices)}, not {filled[name]!r}"
            )
    scores = {name: _number(where, name, values[name]) for name in metrics}
    ok = filled["status"] == "ok"
    if ok and all(math.isnan(value) for value in scores.values()):
        raise DataError(f"{where}: has no score; an image that failed needs the status failed")
    run_id, digest = made
    columns: dict[str, Any] = {
        "benchmark": text("benchmark", defaults.benchmark),
        "subset": text("subset", "P"),
        "variant": values["variant"],
        "image": values["image"],
        "method": values["method"],
        "options": _options(where, text("options", "{}")),
        "strategy": text("strategy", "native"),
        "checkpoint_sha256": text("checkpoint_sha256"),
        "train_setting": values["train_setting"],
        "seed": text("seed"),
        "trimap_source": text("trimap_source"),
        "convention": convention,
        "obfuscation": text("obfuscation"),
    }
    return Row(
        key=hash_of({**columns, "imported": digest}),
        title=text("title", values["method"]),
        kind=filled["kind"],
        learned=values["train_setting"] != "-",
        checkpoint=text("checkpoint"),
        status=filled["status"],
        reason=text("reason"),
        flags=",".join(dict.fromkeys([*filter(None, text("flags").split(",")), IMPORTED])),
        metrics=scores if ok else {},
        seconds=_known(_number(where, "seconds", text("seconds"))),
        height=_whole(where, "height", text("height")),
        width=_whole(where, "width", text("width")),
        parameters=_whole(where, "parameters", text("parameters")),
        macs=_whole(where, "macs", text("macs")),
        peak_mib=_known(_number(where, "peak_mib", text("peak_mib"))),
        device=text("device"),
        run_id=run_id,
        **columns,
    )


def _number(where: str, name: str, text: str) -> float:
    """A finite number of zero or more, NaN where there is none."""
    if not text or text.lower() == "nan":
        return math.nan
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{where}: {name} is not a number: {text!r}") from None
    if not math.isfinite(value) or value < 0:
        raise DataError(f"{where}: {name} must be finite and not negative, not {text}")
    return value


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _whole(where: str, name: str, text: str) -> int | None:
    value = _number(where, name, text)
    if math.isnan(value):
        return None
    if value != int(value) or value > 2**53:
        raise DataError(f"{where}: {name} must be a whole number, not {text}")
    return int(value)


def _options(where: str, text: str) -> str:
    try:
        options = json.loads(text)
    except json.JSONDecodeError:
        options = None
    if not isinstance(options, dict):
        raise DataError(f"{where}: options must be a JSON object such as {{}}, not {text!r}")
    return canonical(options)


def _check(path: Path, rows: list[Row], store: Store) -> None:
    """No image twice, and nothing measured is replaced by what somebody wrote in a file."""
    questions = [tuple(str(getattr(row, name)) for name in QUESTION) for row in rows]
    seen: dict[tuple[str, ...], int] = {}
    for i, question in enumerate(questions):
        if question in seen:
            row = rows[i]
            raise DataError(
                f"{path}: {row.method} on image {row.image} (test {row.variant}, trained on "
                f"{row.train_setting}) stands there twice; tell them apart by seed, strategy, "
                "options or checkpoint_sha256"
            )
        seen[question] = i
    for i, flags in store.answered(questions):
        if IMPORTED not in flags.split(","):
            row = rows[i]
            raise StoreError(
                f"{store.path}: has a measured row of {row.method} on image {row.image}; imported "
                "scores do not replace measured ones: give another --out"
            )
