"""LF and HATT, built from papers alone: what the papers say of them can be shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from p3mbench_methods.half_size import HalfSizePredictor
from p3mbench_methods.hatt.network import HATT
from p3mbench_methods.lf.network import LateFusion
from p3mbench_methods.lf.training import classification
from torch import Tensor


def image_batch() -> Tensor:
    return torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def test_late_fusion_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        out = LateFusion(4).eval()(image_batch())
    mixed = out.weight * out.foreground + (1 - out.weight) * (1 - out.background)
    assert torch.equal(out.alpha, mixed)
    for plane in out:
        assert plane.shape == (1, 1, 64, 96)
        assert plane.min() >= 0 and plane.max() <= 1


def test_late_fusion_has_the_encoder_of_densenet_201() -> None:
    """Its published count of parameters without the classifier: 18,092,928 (torchvision)."""
    with torch.device("meta"):
        encoder = LateFusion(64).encoder
    assert sum(p.numel() for p in encoder.parameters()) == 18_092_928


def test_hatt_has_the_encoder_of_resnext_101() -> None:
    """32 groups of 4: 44,177,704 parameters with the classifier's 2,049,000 (timm)."""
    with torch.device("meta"):
        encoder = HATT(64).encoder
    assert sum(p.numel() for p in encoder.parameters()) == 44_177_704 - 2_049_000


def test_hatt_attends_at_a_quarter_of_the_size() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        out = HATT(4).eval()(image_batch())
    assert out.alpha.shape == (1, 1, 64, 96)
    assert out.attention.shape == (1, 1, 16, 24)
    assert out.attention.min() >= 0 and out.attention.max() <= 1


@pytest.mark.parametrize("network", [LateFusion, HATT])
def test_sides_and_widths_are_checked(network: type) -> None:
    with pytest.raises(ValueError, match="base"):
        network(3)
    predictor = HalfSizePredictor(network(4), "cpu")
    raw = predictor.raw_outputs(np.zeros((32, 64, 3), np.uint8))
    assert raw["alpha"].shape == (1, 1, 32, 64)
    with pytest.raises(ValueError, match="multiples of 32"):
        predictor.raw_outputs(np.zeros((33, 64, 3), np.uint8))


def test_classification_is_by_hand() -> None:
    """Half the pixels known and guessed at 0.5: 0.5 off everywhere, log 2 where known."""
    seen = torch.full((1, 1, 4, 4), 0.5)
    truth = torch.ones(1, 1, 4, 4)
    known = torch.zeros(1, 1, 4, 4)
    known[..., :2] = 1
    loss = float(classification(seen, truth, known))
    assert loss == pytest.approx(0.5 + 8 * np.log(2) / 9, rel=1e-5)
