"""Every built-in method conforms; learned ones with the thin networks that ship, or random ones."""

from __future__ import annotations

import pytest

from p3mbench.method import missing_extra
from p3mbench.registry import find
from p3mbench.testing import check_method

BUILT_IN = [e.method for e in find() if e.method is not None and e.origin == "p3mbench"]


@pytest.mark.slow
@pytest.mark.parametrize("method", BUILT_IN, ids=[m.info.name for m in BUILT_IN])
def test_a_built_in_method_conforms(method):
    missing = missing_extra(method.info)
    if missing:
        pytest.skip(missing)
    findings = check_method(method)
    assert [str(f) for f in findings if f.status in ("failed", "warning")] == []
    assert sum(f.status == "ok" for f in findings) >= 17  # memory is not told on every system


def test_there_are_built_in_methods():
    assert len(BUILT_IN) >= 29
