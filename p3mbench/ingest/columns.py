"""Map the columns of foreign tables to our names and units.

docs/import.md has the table. Names are compared without regard to case, spaces, hyphens, dots and
underscores. A unit counts only if the name states it: ``MSE (1e-3)``.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from p3mbench.errors import DataError
from p3mbench.metrics.table import METRICS, REGIONS
from p3mbench.names import printable

REQUIRED = ("method", "image", "variant", "train_setting", "subset")
TEXTS = ("benchmark", "convention", "kind", "title", "checkpoint", "checkpoint_sha256",
         "seed", "strategy", "options", "trimap_source", "obfuscation", "status", "reason", "flags",
         "device")  # fmt: skip
NUMBERS = ("seconds", "height", "width", "parameters", "macs", "peak_mib")
# Columns of an export that follow from others, or that are valid only in the exporting store.
IGNORED = ("learned", "key", "run_id", "log", "code", "libraries", "content", "method_version",
           "metrics_version", "matte", "flag_words")  # fmt: skip
SETTING = "setting"  # TRAIN:TEST in one column

_MEASURES = {
    "sad": "sad", "mse": "mse", "mad": "mad", "mae": "mad", "grad": "grad", "gradient": "grad",
    "gradienterror": "grad", "conn": "conn", "connectivity": "conn", "connectivityerror": "conn",
}  # fmt: skip
_SUFFIXES = {  # name of a region in headings -> suffix of its metrics here
    word: region.suffix
    for region in REGIONS.values()
    for word in (region.suffix.strip("_"), region.name, *region.words)
}
_WORDS = {
    "image": (
        "img",
        "imagename",
        "imgname",
        "imageid",
        "filename",
        "file",
        "name",
        "id",
        "basename",
        "stem",
        "path",
        "filepath",
        "imagepath",
        "imgpath",
        "imagefile",
        "picture",
        "photo",
        "bild",
        "imagen",
        "imagem",
        "immagine",
        "图像",
        "图片",
        "文件名",
        "画像",
        "изображение",
    ),
    "method": ("model", "algorithm", "network"),
    "subset": ("split", "testset"),
    "benchmark": ("dataset",),
    "train_setting": ("train", "trainset", "trained"),
    "variant": ("test", "testvariant"),
    "seconds": ("time", "runtime", "sec"),
}
# "MSE (1e-3)", "MSE x1000", "MAD*10^3", "MSE ×10⁻³", "MSE (%)"
_UNIT = re.compile(
    r"[\s_(\[]*(?:in\s+)?[x×*·]?\s*(?P<unit>1e-?0*[1-6]|10\s*(?:\^|\*\*)?\s*[-−]?[1-6]|10{2,6}|e-[1-6]|1/10{2,6}|[%‰])"
    r"\s*[)\]]*$",
    re.IGNORECASE,
)
_PARTS = {"%": 2, "‰": 3}
_VARIANT = re.compile(r"(.+?)[\s_.()\[\]/-]+N\)?", re.IGNORECASE)  # "SAD-N"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@dataclass(frozen=True)
class FileColumn:
    """A column of a file.

    Attributes:
        title: its heading in the file.
        name: its name here; for an unknown column its heading.
        kind: metric, own (a metric that is not ours), text, number, setting, ignored, unknown.
        factor: converts its values to raw units.
    """

    title: str
    name: str
    kind: str
    factor: float = 1.0


def columns_of(header: Sequence[str], keep: Sequence[str], where: str) -> list[FileColumn]:
    """Identify each column of a header.

    Args:
        header: the headings.
        keep: headings of unknown columns to store as the user's own metrics, or ``all``.
        where: place of the header, for messages.

    Raises:
        DataError: two columns have the same meaning, no column is a metric, or ``keep`` contains a
            name that is not a column or cannot be the name of a metric.
    """
    found = [_column(title, keep) for title in header]
    by_name: dict[str, FileColumn] = {}
    for column in found:
        if column.kind in ("unknown", "ignored"):
            continue
        other = by_name.setdefault(column.name, column)
        if other is not column:
            titles = f"{printable(other.title)!r} and {printable(column.title)!r}"
            raise DataError(f"{where}: two columns are {column.name}: {titles}; keep one")
    for column in found:
        if column.kind == "own" and not column.name.isidentifier():
            raise DataError(
                f"{where}: a metric's name consists of letters, digits and _, not "
                f"{printable(column.title)!r}"
            )
    _check_variants(found, where)
    absent = [name for name in keep if name != "all" and name not in header]
    if absent:
        raise DataError(f"{where}: has no column {printable(absent[0])!r} to keep")
    if not any(column.kind == "metric" for column in found):
        names = ", ".join(list(METRICS)[:6])
        raise DataError(f"{where}: the header names no metric such as {names}{_nearest(found)}")
    return found


def _check_variants(columns: Iterable[FileColumn], where: str) -> None:
    """Refuse scores of B and N in one line: ``SAD-B`` alone is SAD over the boundary."""
    for column in columns:
        stem = _VARIANT.fullmatch(column.title.strip())
        if stem is not None and column.kind in ("unknown", "own") and metric_of(stem[1]):
            raise DataError(
                f"{where}: {printable(column.title)!r} looks like scores of the variant N beside "
                "those of B; write a line per image and variant, with a column 'variant'"
            )


def _nearest(columns: Iterable[FileColumn]) -> str:
    for column in columns:
        near = difflib.get_close_matches(column.title.lower(), METRICS, n=1)
        if near and column.kind == "unknown":
            return f" (did {printable(column.title)!r} mean {near[0]}?)"
    return ""


def _column(title: str, keep: Sequence[str]) -> FileColumn:
    exact = _exact(title)
    if exact is not None:
        return exact
    metric = metric_of(title)
    if metric is not None:
        return FileColumn(title, metric[0], "metric", metric[1])
    plain = _plain(title)
    for name, words in _WORDS.items():
        if plain in (_plain(name), *words):
            return FileColumn(title, name, "number" if name in NUMBERS else "text")
    kept = title in keep or "all" in keep
    return FileColumn(title, title, "own" if kept and title else "unknown")


def _exact(title: str) -> FileColumn | None:
    if title in METRICS:
        return FileColumn(title, title, "metric")
    for kind, names in (("text", (*REQUIRED, *TEXTS)), ("number", NUMBERS), ("ignored", IGNORED)):
        if title in names:
            return FileColumn(title, title, kind)
    return FileColumn(title, SETTING, "setting") if _plain(title) == SETTING else None


def metric_of(title: str) -> tuple[str, float] | None:
    """Return our name of a foreign metric and the factor to raw units; None if unknown.

    >>> metric_of("SAD-T"), metric_of("MSE (1e-3)"), metric_of("sad_trimap"), metric_of("F1")
    (('sad_t', 1.0), ('mse', 0.001), ('sad_t', 1.0), None)
    """
    text = unicodedata.normalize("NFKC", title.translate(_SUPERSCRIPTS)).replace("−", "-")
    text = re.sub(r"\\(?:times|cdot)\s*", "x", re.sub(r"[${}`]", "", text))
    text = text.rstrip("↓↑ ").strip()
    text, factor = _without_unit(text)
    plain = _plain(text)
    for word in sorted(_MEASURES, key=len, reverse=True):
        for region in (plain.removeprefix(word), plain.removesuffix(word)):
            if region != plain and region in _SUFFIXES:
                name = _MEASURES[word] + _SUFFIXES[region]
                scaled = factor == 1 or name.partition("_")[0] in ("mse", "mad")
                return (name, factor) if name in METRICS and scaled else None
    return None


def _without_unit(text: str) -> tuple[str, float]:
    """Split a heading into name and factor of its unit; 1e-3 and x1000 both mean thousandths."""
    if text.replace(" ", "").upper().endswith(("SAD/1000", "CONN/1000", "SAD(/1000)")):
        return text[: text.upper().rindex("/1000")].rstrip("( "), 1.0
    found = _UNIT.search(text)
    if found is None or found.start() == 0:
        return text, 1.0
    unit = re.sub(r"[\s^*]", "", found["unit"].lower()).replace("−", "-")
    if unit in _PARTS:
        power = _PARTS[unit]
    elif unit.startswith(("e-", "1/")):
        power = int(unit[2:]) if unit[0] == "e" else len(unit) - 3
    elif unit.startswith("1e"):
        power = abs(int(unit[2:]))
    elif set(unit[1:]) == {"0"}:
        power = len(unit) - 1
    else:
        power = abs(int(unit[2:]))
    return text[: found.start()].rstrip(), float(f"1e-{power}")


def _plain(title: str) -> str:
    return re.sub(r"[\s_.()\[\]/-]+", "", title.casefold())
