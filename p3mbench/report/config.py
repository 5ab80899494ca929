"""Read a TOML file of report options: every table and figure of a paper, made by one command.

Keys at the top are the options of every output; each ``[[output]]`` has its own besides, and the
file to write. Keys are the names of the command's options. Paths are relative to the TOML file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p3mbench.report.request import (
    PAGE,
    SCREEN,
    Decimals,
    ReportRequest,
    check_matched,
)
from p3mbench.runs import RESULTS

LISTS = ("methods", "tables", "metrics", "settings", "columns", "published", "images")
FLAGS = ("all", "one-table", "standalone", "siunitx", "notes", "per-image")
TEXTS = ("order", "caption", "label", "kind", "compare", "format", "plot")
OWN = ("file",)  # keys of an output only
COMMON = ("results", "output")  # keys of the whole file only
DRAWINGS = (".pdf", ".svg", ".png")  # suffixes of plots
OPTIONS = (*LISTS, *FLAGS, *TEXTS, "precision", "text-width")


@dataclass(frozen=True)
class PlannedOutput:
    """A file to write, the results that it shows, and the request for its contents."""

    file: Path
    results: Path
    request: ReportRequest


def read_config(path: Path, results: Path | None = None) -> tuple[PlannedOutput, ...]:
    """Read the outputs of a file.

    Args:
        path: of the TOML file.
        results: folder of the results, instead of the file's.

    Raises:
        ValueError: the file is missing or no TOML, or a key or value is wrong; one line that names
            the file and the key.
    """
    data = _parsed(path)
    _check_keys(path, data, (*COMMON, *OPTIONS))
    outputs = data.get("output", [])
    if (
        not isinstance(outputs, list)
        or not outputs
        or not all(isinstance(o, dict) for o in outputs)
    ):
        raise ValueError(f'{path}: has no output; add [[output]] with file = "table.tex"')
    named = data.get("results")
    if named is not None and not isinstance(named, str):
        raise ValueError(f"{path}: results must be the text of a path")
    folder = results or (path.parent / named if named else RESULTS)
    common = {key: value for key, value in data.items() if key not in COMMON}
    return tuple(_planned(path, folder, common, output) for output in outputs)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: is no TOML: {error}") from None


def _check_keys(path: Path, data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    try:
        check_matched("key", data, {key: () for key in known})
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _planned(
    path: Path, results: Path, common: Mapping[str, Any], output: Mapping[str, Any]
) -> PlannedOutput:
    file = output.get("file")
    if not isinstance(file, str) or not file:
        raise ValueError(f'{path}: each [[output]] needs file = "NAME"')
    _check_keys(path, output, (*OWN, *OPTIONS))
    given = {**common, **{key: value for key, value in output.items() if key != "file"}}
    try:
        return PlannedOutput(path.parent / file, results, request_of(given, path.parent / file))
    except ValueError as error:
        raise ValueError(f"{path}, {file}: {error}") from None


def request_of(given: Mapping[str, Any], file: Path) -> ReportRequest:
    """Make the request of some options.

    Args:
        given: option of the command line, without its hyphens -> value.
        file: to write; its suffix decides the format unless ``format`` does.

    Raises:
        ValueError: a value has the wrong type, or options contradict each other.
    """
    lists = {key: _list(key, given[key]) for key in LISTS if key in given}
    flags = {key: _flag(key, given[key]) for key in FLAGS if key in given}
    texts = {key: _text(key, given[key]) for key in TEXTS if key in given}
    drawing = file.suffix.lower() in DRAWINGS
    request = ReportRequest(
        format=SCREEN if drawing else texts.get("format") or _format(file),
        metrics=lists.get("metrics"),
        settings=lists.get("settings"),
        published=texts.get("compare") == "published",
        precision=_precision(given.get("precision")),
        standalone=flags.get("standalone", False),
        per_image=flags.get("per-image", False),
        images=lists.get("images", ()),
        plot=file if drawing else None,
        drawn=texts.get("plot", "gap"),
        kind=texts.get("kind"),
    )
    return replace(
        request,
        methods=lists.get("methods", ()),
        tables=lists.get("tables", ()),
        every=flags.get("all", False),
        columns=lists.get("columns", ()),
        order=texts.get("order", request.order),
        caption=texts.get("caption", ""),
        label=texts.get("label", ""),
        one_table=flags.get("one-table", False),
        published_rows=lists.get("published", ()),
        siunitx=flags.get("siunitx", False),
        text_width=_points(given.get("text-width", request.text_width)),
        notes=flags.get("notes", True),
    )


def _list(key: str, value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError(f'{key} must be a list of texts, such as ["a", "b"]')
    return tuple(part.strip() for one in values for part in one.split(",") if part.strip())


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false")
    return value


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text")
    return value


def _precision(value: object) -> Decimals | None:
    if value is None:
        return None
    if isinstance(value, dict):
        value = ",".join(f"{metric}={decimals}" for metric, decimals in value.items())
    return Decimals.parse(str(value))


def _points(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("text-width must be a number of points")
    return float(value)


def _format(file: Path) -> str:
    """Return the format that the suffix of a file names.

    Raises:
        ValueError: it names none.
    """
    from p3mbench.report.render import suffixes

    known = suffixes() | {".html": PAGE, ".htm": PAGE}
    suffix = file.suffix.lower()
    if suffix not in known:
        have = ", ".join((*known, *DRAWINGS))
        raise ValueError(f"the suffix {suffix or 'of the file is missing; it'} is none of {have}")
    return known[suffix]
