"""Read the logs of the test code of P3M, P3M-Net and StyleMatte, with the scores of every image.

A section begins with the data set and ends with the means. Its records look like this::

    [0/500]
    Image:p_0123abcd
    sad:3.7
    sad_trimap:3.6
    ...
    -----------

P3M-Net's logger puts time and place before the first line of each record, StyleMatte's puts
``INFO:root:``. -1 means that a value was not computed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from p3mbench.errors import DataError
from p3mbench.ingest.columns import FileColumn, metric_of
from p3mbench.ingest.tables import FileContent, FileLine
from p3mbench.names import printable

FORMATS = ("p3m-log", "p3mnet-log", "stylematte-log")
CONVENTION = "p3m"  # the convention of that code
BENCHMARK = "p3m500"
_STARTS = re.compile(r"\[\d+/(\d+)\]\s*$")
_PAIR = re.compile(r"^([A-Za-z_]+)\s*:\s*(\S+)\s*$")
_SET = re.compile(r"(?:Dataset|Test)\s*:\s*\S*?500_?(N?P)\b", re.IGNORECASE)
_STRATEGY = re.compile(r"Test\s*:\s*(RESIZE|HYBRID)\b", re.IGNORECASE)
_MEAN = re.compile(r"(SAD|MSE|MAD|CONN|GRAD)((?: [A-Z]+)?): ([0-9.eE+-]+)\s*$")
_END = re.compile(r"^-{5,}\s*$")
_TEXTS = ("image", "subset", "strategy", "benchmark", "convention")
_ABSENT = "-1"
_TOLERANCE = 1e-6  # for the means that the log states


@dataclass
class _Section:
    """One test of one data set."""

    subset: str = ""
    strategy: str = ""
    values: dict[str, list[float]] = field(default_factory=dict)

    def describe(self, line: str) -> None:
        """Take the data set and the strategy from a line that names them."""
        if (found := _SET.search(line)) is not None:
            self.subset = found[1].upper()
        if (found := _STRATEGY.search(line)) is not None:
            self.strategy = found[1].lower()

    def add(self, record: dict[str, str]) -> None:
        for name, text in record.items():
            metric = metric_of(name)
            if metric is not None and text != _ABSENT:
                self.values.setdefault(metric[0], []).append(_number(text))


def is_log(text: str) -> bool:
    """Return whether a text is such a log."""
    head = text[: 1 << 16]
    return re.search(r"^Image\s*:\s*\S", head, re.M) is not None and "sad:" in head


def read_log(path: Path, text: str) -> FileContent:
    """Read the records of a log, with the subset of each section.

    Raises:
        DataError: it contains no record.
    """
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), 1):
        reader.take(number, line)
    reader.end()
    if not reader.lines:
        raise DataError(f"{path}: contains no record such as 'Image:...', 'sad:...', '-----------'")
    columns = [FileColumn(name, name, "text") for name in _TEXTS]
    columns += [FileColumn(foreign, own, "metric") for own, foreign in reader.names.items()]
    return FileContent(columns, reader.lines, reader.notes)


class _Reader:
    """Reads a log line by line.

    Attributes:
        lines: the records so far.
        names: our name of a metric -> its name in the log.
        notes: lines for the user.
    """

    def __init__(self) -> None:
        self.lines: list[FileLine] = []
        self.names: dict[str, str] = {}
        self.notes: list[str] = []
        self._left_out: dict[str, None] = {}
        self._section = _Section()
        self._begun = 0  # first line of the current record
        self._record: dict[str, str] = {}

    def take(self, number: int, line: str) -> None:
        """Read a line."""
        if "Start Testing" in line:
            self._section = _Section()
        self._section.describe(line)
        if _STARTS.search(line):
            self._cut_off()
            self._begun = number
        elif _END.match(line) and "image" in self._record:
            self._keep()
        elif self._begun and (pair := _PAIR.match(line)):
            self._record[pair[1].lower()] = pair[2]
        elif mean := _MEAN.search(line):
            self._compare(number, mean)

    def end(self) -> None:
        """Note a record that is cut off, and metrics that were left out."""
        self._cut_off()
        if self._left_out:
            self.notes.append(
                f"{', '.join(self._left_out)} are not known and were left out (their region is "
                "not ours)"
            )

    def _cut_off(self) -> None:
        if self._record:
            self.notes.append(
                f"line {self._begun}: the record that begins here is truncated and was left out"
            )
        self._record = {}

    def _keep(self) -> None:
        record, section = self._record, self._section
        values = {"image": record.pop("image"), "benchmark": BENCHMARK, "convention": CONVENTION}
        values |= {"subset": section.subset, "strategy": section.strategy}
        for foreign, text in record.items():
            metric = metric_of(foreign)
            if metric is not None:
                self.names.setdefault(metric[0], foreign)
                values[metric[0]] = "" if text == _ABSENT else text
            elif text != _ABSENT:
                self._left_out[foreign] = None
        section.add(record)
        self.lines.append(FileLine(self._begun, values))
        self._begun, self._record = 0, {}

    def _compare(self, number: int, mean: re.Match[str]) -> None:
        """Note a mean in the log that differs from the mean of its records."""
        metric = metric_of(mean[1] + mean[2].replace(" ", "_"))
        values = self._section.values.get(metric[0], []) if metric else []
        if not values:
            return
        stated, own = _number(mean[3]), math.fsum(values) / len(values)
        if stated >= 0 and abs(stated - own) > _TOLERANCE * max(abs(own), 1e-12):
            self.notes.append(
                f"line {number}: the log states {printable(mean[0].strip())}, the mean of its "
                f"{len(values)} records is {own:.6g}"
            )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # the row's own check names it
