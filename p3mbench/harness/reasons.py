"""From an error to the status of an image, and to its reason in one line."""

from __future__ import annotations

import traceback
from pathlib import Path

from p3mbench.errors import ChangedError, P3MBenchError
from p3mbench.names import printable

MAX_REASON = 500
NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


def status_of(error: BaseException) -> str:
    """Return the status for an error; PyTorch has several errors for a lack of memory."""
    if isinstance(error, ChangedError):
        return "skipped"
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "oom"
    text = _message(error).lower()
    return "oom" if any(words in text for words in NO_MEMORY) else "failed"


def reason_of(error: BaseException) -> str:
    """Say in one printable line what went wrong, and for a foreign error also where."""
    text = printable(" ".join(_message(error).split())) or "no message"
    if not isinstance(error, P3MBenchError):
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
        text = printable(f"{type(error).__name__}: {text}{where}")
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 3] + "..."


def _message(error: BaseException) -> str:
    """Return the message of an exception; even reading it may fail."""
    try:
        return str(error)
    except BaseException as problem:
        return f"its message cannot be read ({type(problem).__name__})"
