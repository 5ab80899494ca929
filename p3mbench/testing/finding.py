"""The result of a check, and the exceptions that checks raise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"  # suspicious; the method still conforms
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class CheckFinding:
    """The outcome of one check.

    Attributes:
        check: its name, such as "determinism".
        status: how it ended.
        detail: one line with the measured figure, the broken rule or the reason for skipping.
        mend: one line that says what to change, for failures and warnings; "" otherwise.
    """

    check: str
    status: Status
    detail: str
    mend: str = ""

    def __str__(self) -> str:
        """One line without colours, as pytest shows it."""
        mend = f"; mend: {self.mend}" if self.mend else ""
        return f"{self.status}: {self.check}: {self.detail}{mend}"


class Broken(Exception):
    """Raised by a check: the method breaks a rule."""

    status = Status.FAILED

    def __init__(self, detail: str, mend: str = "") -> None:
        super().__init__(detail)
        self.detail, self.mend = detail, mend


class Odd(Broken):
    """Raised by a check: the behaviour is allowed but probably unintended."""

    status = Status.WARNING


class NotApplicable(Broken):
    """Raised by a check: it does not apply to this method, or cannot run here."""

    status = Status.SKIPPED


def passed(findings: list[CheckFinding]) -> bool:
    """Whether a method conforms: nothing failed, and something was checked."""
    statuses = {finding.status for finding in findings}
    return Status.FAILED not in statuses and Status.OK in statuses


def one_line(text: object, most: int = 200) -> str:
    """``text`` on one line of at most ``most`` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
