"""MatteFormer answers as the published code does: keys, inputs, outputs, refinement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from p3mbench_methods.inference import image_and_classes
from p3mbench_methods.matteformer.method import load, refined, uncertain
from p3mbench_methods.matteformer.network import MatteFormer, Outputs, shift_mask
from p3mbench_methods.windows import merged, partitioned


@pytest.fixture(scope="module")
def data(golden: Any) -> Any:
    return golden("matteformer")


def test_keys_inputs_and_outputs_are_the_published_ones(
    data: Any, spectral: Any, tmp_path: Path
) -> None:
    network = MatteFormer()
    ours = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert list(ours.items()) == list(data.shapes.items())
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]
    state = spectral(data.state(network))
    path = tmp_path / "best_model.pth"
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, path)
    image, trimap = data.arrays["image"], data.arrays["trimap"]
    x = image_and_classes(image, trimap, "cpu")
    wanted = data.facts["cases"]["A"]["input_stats"]
    for part, facts in zip((x[:, :3], x[:, 3:]), wanted, strict=True):
        assert float(part.double().norm()) == pytest.approx(facts["l2"], rel=1e-6)
    errors = data.relative_errors(load("cpu", path).raw_outputs(image, trimap))
    assert max(errors.values()) < 1e-4


def test_windows_come_back() -> None:
    x = torch.arange(2 * 14 * 21 * 3).view(2, 14, 21, 3)
    assert partitioned(x).shape == (2 * 2 * 3, 49, 3)
    assert torch.equal(merged(partitioned(x), 14, 21), x)


def test_only_the_last_windows_hold_strangers() -> None:
    mask = shift_mask(21, 14).view(3, 2, 49, 49)
    assert (mask[:2, :1] == 0).all()
    assert (mask[2] < 0).any() and (mask[:, 1] < 0).any()
    assert (mask.diagonal(dim1=2, dim2=3) == 0).all()


def test_certain_pixels_keep_the_coarse_matte() -> None:
    coarse = torch.zeros(1, 1, 64, 64)
    coarse[..., 32:] = 1
    coarse[..., 30:34] = 0.5
    finer, finest = torch.full_like(coarse, 0.25), torch.full_like(coarse, 0.75)
    alpha = refined(Outputs(finest, finer, coarse))
    assert (alpha[:, :16] == 0).all() and (alpha[:, 48:] == 1).all()
    assert (alpha[:, 30:34] == 0.75).all()


def test_uncertainty_is_widened() -> None:
    alpha = np.zeros((640, 640), np.float32)
    alpha[300, 300] = 0.5
    wide = uncertain(alpha, 7)
    assert wide[300, 297:304].all() and not wide[300, 296] and not wide[300, 304]
    assert 20 < wide.sum() <= 49
