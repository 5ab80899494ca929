"""AlphaGAN: the network against the public re-implementation, the procedure, that it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from p3mbench_methods.alphagan.method import AlphaGANPredictor
from p3mbench_methods.alphagan.network import AlphaGANGenerator
from p3mbench_methods.alphagan.spec import AlphaGAN
from torch import nn

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha


@pytest.fixture(scope="module")
def data(golden: Any) -> Any:
    return golden("alphagan_cdotad")


@pytest.fixture(scope="module")
def network(data: Any) -> AlphaGANGenerator:
    return data.network(AlphaGANGenerator)


@pytest.fixture(scope="module")
def thin() -> AlphaGANPredictor:
    torch.manual_seed(1)
    return AlphaGANPredictor(AlphaGANGenerator(4), "cpu")


def scene(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """An image of noise, and a trimap with all three levels where there is room."""
    rng = np.random.default_rng(height * 1000 + width)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[: height // 3] = 0
    trimap[height - height // 3 :, : width // 2] = 255
    image.setflags(write=False)
    trimap.setflags(write=False)
    return image, trimap


def test_the_key_list_is_that_of_the_re_implementation(
    data: Any, network: AlphaGANGenerator
) -> None:
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert list(shapes.items()) == list(data.shapes.items())
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]


def test_inputs_and_output_are_those_of_the_re_implementation(
    data: Any, network: AlphaGANGenerator
) -> None:
    predictor = AlphaGANPredictor(network, "cpu")
    image, trimap = data.arrays["image"], data.arrays["trimap"]
    given = predictor.input(image, trimap).double().numpy()
    (facts,) = data.facts["cases"]["A"]["input_stats"]
    found = [given.mean(), given.std(), given.min(), given.max(), np.linalg.norm(given)]
    wanted = [facts[key] for key in ("mean", "std", "min", "max", "l2")]
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    errors = data.relative_errors(predictor.raw_outputs(image, trimap))
    assert errors["alpha"] < 2e-5


@pytest.mark.parametrize("base", [2, 6, 8, 64])
def test_groups_have_the_published_number_of_channels_at_every_width(base: int) -> None:
    with torch.device("meta"):
        mine, published = AlphaGANGenerator(base), AlphaGANGenerator()
    for thin, full in zip(mine.modules(), published.modules(), strict=True):
        if isinstance(full, nn.GroupNorm):
            assert full.num_groups == 32
            assert thin.num_channels // thin.num_groups == full.num_channels // 32


@pytest.mark.parametrize("base", [0, 3, -2])
def test_base_must_be_even(base: int) -> None:
    with pytest.raises(ValueError, match="base"):
        AlphaGANGenerator(base)


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (33, 64), (101, 77), (128, 96)])
def test_any_size_gives_a_matte(thin: AlphaGANPredictor, shape: tuple[int, int]) -> None:
    image, trimap = scene(*shape)
    alpha = thin.predict(image, trimap)
    assert np.array_equal(checked_alpha(alpha, shape), alpha)
    assert (alpha[trimap == 255] == 1).all()
    assert (alpha[trimap == 0] == 0).all()
    strided = thin.predict(np.asfortranarray(image), np.asfortranarray(trimap))
    assert np.array_equal(strided, alpha)


def test_at_a_multiple_of_32_nothing_is_resized(thin: AlphaGANPredictor) -> None:
    image, trimap = scene(64, 96)
    raw = thin.raw_outputs(image, trimap)["alpha"][0, 0]
    unknown = trimap == 128
    np.testing.assert_array_equal(thin.predict(image, trimap)[unknown], raw[unknown])


def test_known_pixels_are_set_before_the_matte_is_enlarged(thin: AlphaGANPredictor) -> None:
    image, trimap = scene(50, 70)
    small = [cv2.resize(a, (64, 32), interpolation=cv2.INTER_LINEAR) for a in (image, trimap)]
    matte = thin.raw_outputs(*small)["alpha"][0, 0]
    matte[small[1] == 0], matte[small[1] == 255] = 0, 1
    wanted = cv2.resize(matte, (70, 50), interpolation=cv2.INTER_LINEAR)
    unknown = trimap == 128
    found = thin.predict(image, trimap)
    np.testing.assert_allclose(found[unknown], wanted[unknown], atol=2e-2)  # one level of input


@pytest.mark.parametrize("size", [(128, 128), (160, 192)])
def test_gradients_reach_every_weight(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = AlphaGANGenerator(8).train()
    alpha = network(torch.rand(2, 4, *size))
    assert alpha.shape == (2, 1, *size)
    (alpha - 0.3).abs().mean().backward()
    assert [k for k, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_it_learns_one_image() -> None:
    torch.manual_seed(0)
    network = AlphaGANGenerator(8).train()
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    alpha = ((24 - torch.hypot(y - 32.0, x - 32.0)) / 8).clamp(0, 1)[None, None]
    trimap = torch.where((alpha > 0) & (alpha < 1), 0.5, alpha)
    given = torch.cat([alpha.expand(-1, 3, -1, -1) * 2 - 1, trimap], dim=1)
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    losses = []
    for _ in range(20):
        loss = (network(given) - alpha).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.slow
def test_a_bare_checkpoint_loads(tmp_path: Path, data: Any, network: AlphaGANGenerator) -> None:
    torch.save(network.state_dict(), tmp_path / "w.pth")
    loaded = AlphaGAN().load("cpu", tmp_path / "w.pth")
    image, trimap = scene(64, 64)
    wanted = AlphaGANPredictor(network, "cpu").predict(image, trimap)
    np.testing.assert_array_equal(loaded.predict(image, trimap), wanted)


def test_what_is_refused(thin: AlphaGANPredictor) -> None:
    image, trimap = scene(32, 64)
    with pytest.raises(ValueError, match="trimap is missing"):
        thin.predict(image)
    with pytest.raises(ValueError, match="trimap is \\(16, 64\\)"):
        thin.raw_outputs(image, trimap[:16])
    with pytest.raises(ValueError, match="multiples of 32"):
        thin.raw_outputs(image[:20], trimap[:20])
    with pytest.raises(MethodError, match="alphagan has no strategy 'crop'"):
        AlphaGAN(strategy="crop")
    with pytest.raises(WeightsError, match="--weights alphagan=FILE"):
        AlphaGAN().load("cpu", None)
