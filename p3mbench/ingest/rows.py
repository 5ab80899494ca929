"""Make a row of the store from the cells of a line."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from p3mbench import settings
from p3mbench.errors import DataError
from p3mbench.flags import IMPORTED, joined
from p3mbench.images import IMAGE_SUFFIXES
from p3mbench.ingest.columns import REQUIRED, FileColumn
from p3mbench.ingest.plausible import Value, impossible, value_of
from p3mbench.method import Kind
from p3mbench.metrics import CONVENTIONS
from p3mbench.names import checked_name, printable
from p3mbench.provenance import canonical, hash_of
from p3mbench.published import BENCHMARK
from p3mbench.store import STATUSES, Row

ODD = "odd_scores"  # the flag of rows with suspicious scores
CHOICES = {"kind": tuple(str(kind) for kind in Kind), "status": STATUSES}
# names of summary lines, in the languages of matting papers
_SUMMARIES = re.compile(
    r"(?:the\s+)?(?:(?:overall|grand|p3m\S*|ours|N?P)[\s_-]+|overall|grand)?"
    r"(?:mean|means|average|averages|avg|ave|total|sum|all|std|stdev|std\.?\s*dev|stddev|sd|sem|var"
    r"|variance|median|min|max|minimum|maximum|overall|summary|count|n|gmean"
    r"|25%|50%|75%|percentile|[øØ⌀∑Σσµμ]|x̄|\d+\s+(?:images?|bilder|imgs?|张图?|枚)"
    r"|mittelwerte?|mittel|durchschnitt|gesamt|summe|moyenne|moy|écart-type|médiane|promedio|média"
    r"|media|mediana|desviación|desvio|gemiddelde|medel|medelvärde|ortalama|gjennomsnitt"
    r"|gennemsnit|keskiarvo|średnia|průměr|átlag|средн\w*(?:\s+значение)?|среднее|итого|всего"
    r"|平均|平均值|均值|总计|合计|總計|总和|總和|标准差|標準差|方差|中位数|中位數|平均値|合計"
    r"|中央値|標準偏差|평균|합계|표준편차|متوسط|ממוצע)\.?"
    # the summarised things: one separator, word or number after the other, so that matching is
    # fast for every name. A number after _ or - belongs to an image: max_01
    r"(?:[\s_:=()\[\].,±/&+-]|(?<=[\s_:=()\[\].,±/&+-])"
    r"(?:of|over|on|for|all|images?|imgs?|张图?|枚|n|N?P|p3m[\w-]*+|stdev|std|sd)"
    r"|(?<=[\s:=(\[])\d+(?:\s?(?:images?|imgs?|张图?|枚))?)*[:.]?",
    re.IGNORECASE,
)


def is_summary(name: str) -> bool:
    """Return whether the name of a line means a summary, not an image.

    >>> is_summary("mean of 500"), is_summary("Avg:"), is_summary("meaning"), is_summary("max_1")
    (True, True, False, False)
    """
    plain = unicodedata.normalize("NFC", name).strip().strip("*_").strip()
    return _SUMMARIES.fullmatch(plain) is not None


def image_id(name: str) -> str:
    """Return an image's id from its name in a file: no folders, no suffix, composed letters.

    >>> image_id("blurred_image/p_1.jpg"), image_id("v1.2")
    ('p_1', 'v1.2')
    """
    last = PurePosixPath(name.strip().replace("\\", "/")).name
    stem, dot, suffix = last.rpartition(".")
    if stem and f"{dot}{suffix}".lower() in (*IMAGE_SUFFIXES, ".jfif"):
        last = stem
    return unicodedata.normalize("NFC", last)


_SUBSET = re.compile(r"(?:p3m[\s_-]*)?(?:500[\s_-]*)?(N?P)", re.IGNORECASE)


def spelt(values: dict[str, str]) -> None:
    """Replace settings and subsets of P3M-500 by our words: ``P3M-500-NP`` by ``NP``."""
    for name in ("variant", "train_setting"):
        values[name] = settings.spelt(values.get(name, ""))
    found = _SUBSET.fullmatch(values.get("subset", ""))
    if found is not None and values.get("benchmark") == BENCHMARK:
        values["subset"] = found[1].upper()


class Origin(NamedTuple):
    """The origin of imported rows.

    Attributes:
        run_id: id of the import.
        sha256: hash of the file.
    """

    run_id: str
    sha256: str


@dataclass(frozen=True)
class Made:
    """A row, and the values for later checks.

    Attributes:
        line: its number in the file.
        scores: the metrics with their printed precision.
    """

    line: int
    row: Row
    scores: Mapping[str, Value]


def row_of(
    where: str, number: int, values: Mapping[str, str], columns: list[FileColumn], origin: Origin
) -> Made:
    """Make the row of a line.

    Args:
        where: file and line, for messages.
        values: cells by column name, completed by the user's options.
        origin: origin of the row.

    Raises:
        DataError: something is missing, malformed or impossible.
    """
    chosen = _checked_texts(where, values)
    metrics = [column for column in columns if column.kind in ("metric", "own")]
    ok = chosen["status"] == "ok"
    scale = 1000.0 if CONVENTIONS[chosen["convention"]].thousandfold else 1.0
    scores = {}
    for column in metrics:
        factor = column.factor * (scale if column.factor != 1 else 1.0)
        value = _number(where, column.title, values.get(column.name, ""))
        if not math.isnan(value):
            scores[column.name] = value_of(values[column.name], factor)
    if ok and not scores:
        raise DataError(
            f"{where}: has no score; an image that failed needs the status failed, "
            "and a heading between lines must go"
        )
    height, width = (_whole(where, name, values.get(name, "")) for name in ("height", "width"))
    pixels = height * width if height and width else None
    problem = impossible(scores, chosen["convention"], pixels) if ok else ""
    if problem:
        raise DataError(f"{where} ({printable(chosen['image'])}): {problem}")
    named = {column.name: scores[column.name].value if column.name in scores else math.nan
             for column in metrics}  # fmt: skip
    return Made(number, _row(where, values, chosen, named if ok else {}, origin), scores)


def _row(
    where: str,
    values: Mapping[str, str],
    chosen: Mapping[str, str],
    metrics: Mapping[str, float],
    origin: Origin,
) -> Row:
    columns: dict[str, Any] = {
        "benchmark": chosen["benchmark"],
        "subset": chosen["subset"],
        "variant": chosen["variant"],
        "image": chosen["image"],
        "method": chosen["method"],
        "options": _options(where, values.get("options") or "{}"),
        "strategy": values.get("strategy") or "native",
        "checkpoint_sha256": values.get("checkpoint_sha256", ""),
        "train_setting": chosen["train_setting"],
        "seed": values.get("seed", ""),
        "trimap_source": values.get("trimap_source", ""),
        "convention": chosen["convention"],
        "obfuscation": values.get("obfuscation", ""),
    }
    return Row(
        key=hash_of({**columns, "imported": origin.sha256}),
        title=values.get("title") or chosen["method"],
        kind=chosen["kind"],
        learned=chosen["train_setting"] != settings.UNTRAINED,
        checkpoint=values.get("checkpoint", ""),
        status=chosen["status"],
        reason=values.get("reason", ""),
        flags=joined([*values.get("flags", "").split(","), IMPORTED]),
        metrics=metrics,
        seconds=_known(_number(where, "seconds", values.get("seconds", ""))),
        height=_whole(where, "height", values.get("height", "")),
        width=_whole(where, "width", values.get("width", "")),
        parameters=_whole(where, "parameters", values.get("parameters", "")),
        macs=_whole(where, "macs", values.get("macs", "")),
        peak_mib=_known(_number(where, "peak_mib", values.get("peak_mib", ""))),
        device=values.get("device", ""),
        run_id=origin.run_id,
        **columns,
    )


def _checked_texts(where: str, values: Mapping[str, str]) -> dict[str, str]:
    """Check and return the texts that every row has."""
    chosen = {name: values.get(name, "") for name in (*REQUIRED, "benchmark", "convention")}
    for name in (*REQUIRED, "benchmark"):
        if not chosen[name]:
            raise DataError(f"{where}: {name} is empty (merged cells must be filled in every line)")
    for name in ("image", "method", "subset", "benchmark"):
        checked_name(chosen[name], f"{where}: {name}", DataError)
    convention = chosen["convention"]
    if convention not in CONVENTIONS:
        given = f"not {convention!r}" if convention else "and none is given: use --convention"
        raise DataError(f"{where}: convention must be one of {', '.join(CONVENTIONS)}, {given}")
    chosen |= {
        "kind": values.get("kind") or Kind.TRIMAP_FREE.value,
        "status": values.get("status") or "ok",
    }
    try:
        settings.check_variant(chosen["variant"])
        settings.TrainSetting(chosen["train_setting"])
    except ValueError as error:
        raise DataError(f"{where}: {printable(str(error))}") from None
    for name, choices in CHOICES.items():
        if chosen[name] not in choices:
            shown = printable(chosen[name])
            raise DataError(f"{where}: {name} must be one of {', '.join(choices)}, not {shown!r}")
    return chosen


def _number(where: str, name: str, text: str) -> float:
    """Parse a finite number of zero or more; NaN for an empty cell."""
    if not text or text.lower() == "nan":
        return math.nan
    try:
        value = float(text.replace("_", "?"))  # Python would read 8_7 as 87
    except ValueError:
        shown = printable(text)
        raise DataError(f"{where}: {printable(name)} is not a number: {shown!r}") from None
    if value == -1:
        raise DataError(
            f"{where}: {printable(name)} must be finite and not negative; the code of P3M-Net "
            "writes -1 for a value that it did not compute: leave the cell empty"
        )
    if not math.isfinite(value) or value < 0:
        raise DataError(f"{where}: {printable(name)} must be finite and not negative, not {text}")
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
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        shown = printable(text[:60])
        raise DataError(f"{where}: options must be a JSON object such as {{}}, not {shown!r}")
    return canonical(options)
