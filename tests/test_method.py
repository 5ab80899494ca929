from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from p3mbench.cli.methods import _facts
from p3mbench.errors import MethodError, PredictionError
from p3mbench.method import (
    Kind,
    MethodInfo,
    check_strategy,
    checked_alpha,
    missing_extra,
    paste_known,
)

INFO = MethodInfo(name="mine", title="Mine", kind=Kind.TRIMAP_FREE, year=2026, citation="none")


@pytest.mark.parametrize(
    ("alpha", "words"),
    [
        (None, "got NoneType"),
        (np.zeros((4, 5), np.uint8), "an array of uint8"),
        (np.zeros((5, 4), np.float32), r"shape \(5, 4\) for an image of \(4, 5\)"),
        (np.zeros((4, 5, 1), np.float32), r"shape \(4, 5, 1\)"),
        (np.full((4, 5), np.nan), "20 values that are NaN"),
        (np.full((4, 5), np.inf, np.float32), "infinite"),
        (np.full((4, 5), 255.0), r"in \[255, 255\]"),
        (np.full((4, 5), -0.5), r"in \[-0.5, -0.5\]"),
        (np.ma.masked_greater(np.full((4, 5), 2.0), 1), "a masked array; fill it"),
        (np.ma.zeros((4, 5)), "a masked array; fill it"),
    ],
)
def test_what_breaks_the_interface_is_named(alpha, words):
    with pytest.raises(PredictionError, match=words):
        checked_alpha(alpha, (4, 5))


@given(arrays(np.float64, (3, 4), elements=st.floats(-9e-5, 1 + 9e-5)))
def test_rounding_errors_are_clipped(alpha):
    checked = checked_alpha(alpha, (3, 4))
    assert checked.dtype == np.float32
    assert checked.min() >= 0
    assert checked.max() <= 1
    np.testing.assert_allclose(checked, alpha, atol=1e-4)


@given(
    arrays(np.float32, (3, 4), elements=st.floats(0, 1, width=32)),
    arrays(np.uint8, (3, 4), elements=st.sampled_from([0, 128, 255])),
)
def test_known_pixels_are_pasted_and_no_others(alpha, trimap):
    before = alpha.copy()
    pasted = paste_known(alpha, trimap)
    assert (alpha == before).all()
    assert (pasted[trimap == 255] == 1).all()
    assert (pasted[trimap == 0] == 0).all()
    assert (pasted[trimap == 128] == alpha[trimap == 128]).all()


@pytest.mark.parametrize(
    ("extra", "command"),
    [(None, "pip install no_such_module"), ("onnx", "pip install 'p3mbench[onnx]'")],
)
def test_a_missing_package_comes_with_a_command_that_exists(extra, command):
    info = replace(INFO, extra=extra, imports=("no_such_module",))
    assert missing_extra(info).endswith(f"not installed: {command}")
    assert "None" not in missing_extra(info)


def test_the_facts_of_a_learned_plugin_claim_nothing_false():
    @dataclass(frozen=True)
    class Plugin:
        info: ClassVar[MethodInfo] = replace(INFO, learned=True, imports=("numpy",))

    facts = dict(_facts(Plugin()))
    assert facts["parameters"] == "not stated"
    assert facts["needs"] == "numpy: pip install numpy"


def test_a_strategy_that_a_method_lacks_is_refused_with_those_it_has():
    @dataclass(frozen=True)
    class Mine:
        strategy: str = "native"
        info: ClassVar[MethodInfo] = INFO

    check_strategy(Mine())
    with pytest.raises(MethodError, match=r"mine has no strategy 'crop' \(it has: native\)"):
        check_strategy(Mine("crop"))
