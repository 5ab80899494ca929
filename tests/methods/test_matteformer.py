"""MatteFormer answers as the published code does: keys, inputs, outputs, refinement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from p3mbench_methods.inference import image_and_classes
from p3mbench_methods.matteformer import training
from p3mbench_methods.matteformer.method import load, refined, uncertain
from p3mbench_methods.matteformer.network import MatteFormer, MatteFormerOutputs, shift_mask
from p3mbench_methods.windows import merged, partitioned

from p3mbench.training.batch import Batch


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
    alpha = refined(MatteFormerOutputs(finest, finer, coarse))
    assert (alpha[:, :16] == 0).all() and (alpha[:, 48:] == 1).all()
    assert (alpha[:, 30:34] == 0.75).all()


def test_uncertainty_is_widened() -> None:
    alpha = np.zeros((640, 640), np.float32)
    alpha[300, 300] = 0.5
    wide = uncertain(alpha, 7)
    assert wide[300, 297:304].all() and not wide[300, 296] and not wide[300, 304]
    assert 20 < wide.sum() <= 49


SIDE = 256


def slow_uncertain(alpha: np.ndarray, side: int) -> np.ndarray:
    """The published steps of one square matte with OpenCV; there its side is 512, enlarged 640."""
    size = alpha.shape[0]
    places = np.arange(size * 5 // 4) * 4 // 5
    wide = alpha[places][:, places]
    unsure = ((wide >= 1 / 255) & (wide <= 1 - 1 / 255)).astype(np.uint8)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    back = np.arange(size) * 5 // 4
    return cv2.dilate(unsure, ellipse)[back][:, back]


@pytest.mark.parametrize("widest", [15, pytest.param(30, marks=pytest.mark.slow)])
def test_the_uncertain_region_is_widened_as_published(
    widest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    smooth = cv2.GaussianBlur(rng.random((SIDE, SIDE)), (0, 0), 12)
    alpha = np.clip((smooth - smooth.mean()) / smooth.std() * 2 + 0.5, 0, 1)
    sides = [1, 2, widest // 2, widest - 1]
    chosen = torch.tensor([side - 1 for side in sides])
    monkeypatch.setattr(torch, "randint", lambda *_, **__: chosen)
    planes = torch.from_numpy(alpha).float().expand(len(sides), 1, SIDE, SIDE)
    found = training.uncertain(planes, widest)[:, 0].numpy()
    for side, plane in zip(sides, found, strict=True):
        assert np.array_equal(plane, slow_uncertain(alpha.astype(np.float32), side)), side


def test_widths_are_drawn_for_each_matte() -> None:
    alpha = torch.zeros(40, 1, 64, 64)
    alpha[:, :, 32, 32] = 0.5
    torch.manual_seed(0)
    sizes = training.uncertain(alpha, 15).sum(dim=(1, 2, 3))
    assert len(set(sizes.tolist())) > 8 and float(sizes.min()) >= 1


def outputs_and_batch(stage: str) -> tuple[MatteFormerOutputs, Batch]:
    torch.manual_seed(1)
    os1, os4 = torch.rand(2, 1, 64, 64), torch.rand(2, 1, 64, 64)
    os8 = torch.zeros(2, 1, 64, 64)
    os8[..., 10:12, 10:12] = 0.5
    trimap = torch.zeros(2, 1, 64, 64)
    trimap[..., 40:50, 40:50] = 128
    zeros = torch.zeros(2, 3, 64, 64)
    return MatteFormerOutputs(os1, os4, os8), Batch(zeros, os8, trimap, zeros, zeros, stage=stage)


def test_where_the_finer_mattes_count_in_each_stage() -> None:
    outputs, batch = outputs_and_batch(training.WARM)
    counted = training.counted(outputs, batch)
    assert torch.equal(counted["os4"][1], batch.unknown) and counted["os4"][0] is outputs.os4
    assert bool((counted["os8"][1] == 1).all())
    outputs, batch = outputs_and_batch(training.REFINED)
    matte, region = training.counted(outputs, batch)["os4"]
    assert float(region[..., 40:, 40:].sum()) == 0 < float(region.sum())
    assert torch.equal(matte, torch.where(region > 0, outputs.os4, outputs.os8))


def test_a_toss_for_each_step_decides_in_the_middle_stage() -> None:
    outputs, batch = outputs_and_batch(training.MIXED)
    tosses = []
    for seed in range(30):
        torch.manual_seed(seed)
        found = training.counted(outputs, batch)
        plain = torch.equal(found["os4"][1], batch.unknown)
        assert torch.equal(found["os1"][1], batch.unknown) == plain
        assert (found["os4"][0] == outputs.os4).all() == plain
        tosses.append(plain)
    assert 8 < sum(tosses) < 22
