"""Every built-in trimap-free method conforms."""

from __future__ import annotations

import pytest

from p3mbench.method import Kind
from p3mbench.registry import find

METHODS = [
    e.method
    for e in find()
    if e.method is not None
    and e.origin == "p3mbench"
    and e.method.info.kind is Kind.TRIMAP_FREE
    and not e.method.info.model_file  # their weights are not shipped; tests/filemodels has some
]


@pytest.mark.slow(2)
@pytest.mark.parametrize("method", METHODS, ids=[m.info.name for m in METHODS])
def test_a_built_in_method_conforms(method, assert_conforms):
    assert_conforms(method)


def test_there_are_such_methods():
    assert len(METHODS) >= 14
