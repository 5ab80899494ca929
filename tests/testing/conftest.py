"""What the two halves of the conformance test of built-in methods share; each is a worker's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from p3mbench.method import Method, missing_extra
from p3mbench.testing import check_method


@pytest.fixture
def assert_conforms() -> Callable[[Method], None]:
    """A function that checks a method with the thin network that ships, or a random one."""

    def check(method: Method) -> None:
        missing = missing_extra(method.info)
        if missing:
            pytest.skip(missing)
        findings = check_method(method)
        assert [str(f) for f in findings if f.status != "ok"] == []
        assert len(findings) >= 18

    return check
