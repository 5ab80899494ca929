"""The status and the reason that an error gives an image."""

from __future__ import annotations

import pytest

from p3mbench.errors import ChangedError, DataError
from p3mbench.harness.reasons import reason_of, status_of


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


class Wrong(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("two\nlines\tand\rmore"), "ValueError: two lines and more"),
        (ValueError("\x1b[31mred\x1b]0;t\x07"), "ValueError: \\x1b[31mred\\x1b]0;t\\x07"),
        (ValueError("caf\udce9"), "ValueError: caf\\udce9"),
        (ValueError("\u202eleft"), "ValueError: \\u202eleft"),
        (ValueError(), "ValueError: no message"),
        (Mute(), "Mute: its message cannot be read (RuntimeError)"),
        (Wrong(), "Wrong: its message cannot be read (TypeError)"),
        (SystemExit(3), "SystemExit: 3"),
        (DataError("x.png: bad\x07"), "x.png: bad\\x07"),
    ],
)
def test_a_reason_is_one_printable_line(error: BaseException, words: str) -> None:
    assert reason_of(error) == words


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ChangedError("changed"), "skipped"),
        (MemoryError(), "oom"),
        (RuntimeError("CUDA out of memory"), "oom"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "oom"),
        (ValueError("no"), "failed"),
    ],
)
def test_the_status_says_what_kind_of_failure_it_is(error: BaseException, status: str) -> None:
    assert status_of(error) == status
