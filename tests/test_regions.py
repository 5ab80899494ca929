from __future__ import annotations

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from p3mbench.regions import envelope_of, trimap_from_alpha


def test_the_recipe_on_a_case_made_by_hand():
    """A 3x3 ellipse is a cross: one step up, down, left and right."""
    alpha = np.zeros((5, 7), np.uint8)
    alpha[:, 3:] = 255
    alpha[2, 2] = 1
    expected = np.array(
        [
            [0, 0, 128, 128, 255, 255, 255],
            [0, 0, 128, 128, 255, 255, 255],
            [0, 128, 128, 128, 255, 255, 255],
            [0, 0, 128, 128, 255, 255, 255],
            [0, 0, 128, 128, 255, 255, 255],
        ]
    )
    assert (trimap_from_alpha(alpha, 3) == expected).all()


def test_the_envelope_on_a_case_made_by_hand():
    alpha = np.array([[0, 0, 1, 255, 255, 255, 255]], np.uint8)
    dilation, erosion = envelope_of(alpha, 3)
    assert dilation.tolist() == [[0, 255, 255, 255, 255, 255, 255]]
    assert erosion.tolist() == [[0, 0, 0, 0, 255, 255, 255]]


@settings(max_examples=examples(50))
@given(
    arrays(np.uint8, (9, 11), elements=st.sampled_from([0, 1, 128, 254, 255])), st.integers(1, 7)
)
def test_known_pixels_are_known_and_wider_kernels_know_less(alpha, kernel):
    trimap = trimap_from_alpha(alpha, kernel)
    assert set(np.unique(trimap)) <= {0, 128, 255}
    assert (alpha[trimap == 255] == 255).all()
    assert (alpha[trimap == 0] == 0).all()
    assert (trimap[(alpha > 0) & (alpha < 255)] == 128).all()
    wider = trimap_from_alpha(alpha, kernel + 2)
    assert (wider[trimap == 128] == 128).all()


@pytest.mark.parametrize("stem", ["p_09ba26b4", "p_22fc0130", "p_514ca06a", "p_d684dae3"])
def test_it_equals_the_trimaps_made_elsewhere(shared, stem):
    from p3mbench.images import read_alpha, read_trimap

    folder = shared / "data" / "p3m-demo" / "validation" / "P3M-500-P"
    alpha = read_alpha(folder / "mask" / f"{stem}.png")
    made = trimap_from_alpha(np.asarray(alpha, np.uint8), 25)
    assert (made == read_trimap(folder / "trimap" / f"{stem}.png")).all()
