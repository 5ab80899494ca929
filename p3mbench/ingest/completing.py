"""Complete lines by the user's options and by values that follow from others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from p3mbench import settings
from p3mbench.errors import DataError
from p3mbench.ingest.columns import REQUIRED, SETTING
from p3mbench.ingest.defaults import Defaults
from p3mbench.ingest.rows import image_id, is_summary, spelt
from p3mbench.ingest.tables import FileContent, FileLine
from p3mbench.names import printable
from p3mbench.published import BENCHMARK

TEST_OF = {"P": settings.BLURRED, "NP": settings.NORMAL}  # variants of the released P3M-500
SHOWN = 3
# these options override a column with the same value in every line
_WINS = ("benchmark", "subset", "convention")
_OPTIONS = {
    "method": "--method",
    "subset": "--subset",
    "variant": "--setting TRAIN:TEST",
    "train_setting": "--setting TRAIN:TEST",
}


def completed(
    path: Path, content: FileContent, defaults: Defaults, notes: list[str], log: bool
) -> list[FileLine]:
    """Fill in the user's options, and leave out lines that are not images.

    Args:
        path: file, for messages.
        content: content of the file.
        defaults: the user's options.
        notes: receives lines for the user.
        log: whether the file is a log; its subset tells the variant.

    Raises:
        DataError: a column and its option are missing, or an option contradicts the file.
    """
    given = defaults.cells()
    _check_given(path, content, given, notes)
    _check_complete(path, content, given, log)
    renamed = 0
    lines, summaries = [], []
    for line in content.lines:
        values = _filled(line, given, log)
        image = values.get("image", "")
        if is_summary(image):
            summaries.append(f"{printable(image)!r} (line {line.number})")
            continue
        values["image"] = image_id(image)
        renamed += values["image"] != image
        lines.append(FileLine(line.number, values))
    if summaries:
        more = f" and {len(summaries) - SHOWN} more" if len(summaries) > SHOWN else ""
        notes.append(
            f"{path}: left out lines that are not images: {', '.join(summaries[:SHOWN])}{more}"
        )
    if renamed:
        notes.append(
            f"{path}: folders or a suffix such as .png were removed from {renamed:,} image names, "
            "so that they match ids"
        )
    return lines


def _filled(line: FileLine, given: Mapping[str, str], log: bool) -> dict[str, str]:
    """Combine the cells of a line with the user's options, under our names."""
    values = {**given, **{name: cell for name, cell in line.values.items() if cell}}
    values.update({name: given[name] for name in _WINS if name in given})
    _split_setting(values)
    values.setdefault("benchmark", BENCHMARK)
    spelt(values)
    if log and not values.get("variant"):
        values["variant"] = TEST_OF.get(values.get("subset", ""), "")
    return values


def _check_given(
    path: Path, content: FileContent, given: Mapping[str, str], notes: list[str]
) -> None:
    """Refuse options that contradict a file; note those that replace its only value."""
    for name in _WINS:
        values = {line.values.get(name, "") for line in content.lines} - {""}
        if name not in given or not values or values == {given[name]}:
            continue
        if len(values) > 1:
            shown = ", ".join(sorted(map(printable, values))[:SHOWN])
            raise DataError(f"{path}: has several values of {name} ({shown}); leave --{name}")
        notes.append(f"{path}: --{name} {given[name]} in place of {printable(min(values))}")


def _check_complete(path: Path, content: FileContent, given: Mapping[str, str], log: bool) -> None:
    """Refuse a file that lacks a required column, unless an option gives its value."""
    train, _, test = given.get(SETTING, "").partition(":")
    if SETTING in given:
        _check_setting(path, train, test)
    told = {column.name for column in content.columns}
    told |= set(given)
    if SETTING in {column.kind for column in content.columns} or test or (train and log):
        told |= {"train_setting", "variant"}
    elif train:
        told.add("train_setting")
    missing = [name for name in REQUIRED if name not in told]
    if missing:
        asked = ", ".join(dict.fromkeys(_OPTIONS[name] for name in missing if name in _OPTIONS))
        raise DataError(
            f"{path}: the header lacks {', '.join(missing)}"
            + (f"; add the column, or give {asked}" if asked else "; it is needed")
        )


def _check_setting(path: Path, train: str, test: str) -> None:
    known = train == settings.UNTRAINED or settings.is_train_setting(train)
    if not known or (test and not settings.is_variant(test)):
        trains = ", ".join((*settings.TRAIN_SETTINGS, settings.UNTRAINED))
        raise DataError(
            f"{path}: the setting must be TRAIN:TEST with TRAIN of {trains} and TEST B or N, such "
            f"as B:N, or another obfuscation in the place of B, not {printable(train)}"
            f"{':' if test else ''}{printable(test)}"
        )


def _split_setting(values: dict[str, str]) -> None:
    setting = values.pop(SETTING, "")
    if setting:
        train, _, test = re.sub(r"\s*(?:→|->)\s*", ":", setting).partition(":")
        values.setdefault("train_setting", train.strip())
        if test:
            values.setdefault("variant", test.strip())
