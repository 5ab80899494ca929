"""SHM: the network against both public re-implementations, the procedure, and that it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from p3mbench_methods.shm.method import SHMPredictor
from p3mbench_methods.shm.network import FOREGROUND, SHM, UNKNOWN
from p3mbench_methods.shm.spec import SHMMethod

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha
from p3mbench.resampling import Flavour, resize


@pytest.fixture(scope="module")
def data(golden: Any) -> Any:
    return golden("shm_nikhilweee")


@pytest.fixture(scope="module")
def network(data: Any) -> SHM:
    return data.network(lambda: SHM(guide="logits")).eval()


@pytest.fixture(scope="module")
def thin() -> SHM:
    torch.manual_seed(1)
    return SHM(base=4).eval()


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_key_list_is_that_of_the_re_implementation(data: Any, network: SHM) -> None:
    state = network.state_dict()
    assert list(state) == list(data.shapes)
    assert {key: tuple(value.shape) for key, value in state.items()} == data.shapes
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]


@pytest.mark.slow
def test_outputs_equal_the_re_implementation_that_feeds_logits(data: Any, network: SHM) -> None:
    """Pooling ties make the published code itself vary: 95 % of the pixels within 1e-3."""
    outputs = SHMPredictor(network, "cpu").raw_outputs(data.arrays["image"])
    wanted = {name: outputs[name] for name in ("trimap_logits", "alpha")}
    errors = data.relative_errors(wanted)
    assert errors["trimap_logits"] < 1e-4
    difference = np.abs(wanted["alpha"] - data.arrays["out_alpha"])
    assert np.quantile(difference, 0.95) < 1e-3


@pytest.mark.slow
def test_fed_by_softmax_the_matting_network_equals_the_other_one(
    data: Any, golden: Any, network: SHM
) -> None:
    """moiling/PortraitMatting has the same two networks under the same names.

    Its own replay with another number of threads moves 1.3 % of the pixels by more than 1e-3, and
    another processor up to 4.5 %.
    """
    other = golden("shm_moiling")
    paper = SHM()
    paper.load_state_dict(network.state_dict())
    outputs = SHMPredictor(paper, "cpu").raw_outputs(other.arrays["image"])
    for name in ("trimap_logits", "matte_u"):
        difference = np.abs(outputs[name] - other.arrays[f"out_{name}"])
        assert np.quantile(difference, 0.93) < 1e-3, name


def test_the_fusion_is_the_papers(thin: SHM) -> None:
    with torch.no_grad():
        outputs = thin(torch.rand(2, 3, 64, 32))
    shares = outputs.trimap_logits.softmax(dim=1)
    fused = shares[:, [FOREGROUND]] + shares[:, [UNKNOWN]] * outputs.raw
    torch.testing.assert_close(outputs.alpha, fused)
    assert outputs.alpha.min() >= 0
    assert outputs.alpha.max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (63, 40), (64, 64), (97, 131), (256, 192)])
def test_any_size_gives_a_valid_matte_twice_the_same(thin: SHM, size: tuple[int, int]) -> None:
    predictor = SHMPredictor(thin, "cpu")
    image = noise(*size)
    image.setflags(write=False)
    alpha = predictor.predict(image)
    checked_alpha(alpha, size)
    assert (alpha == predictor.predict(image)).all()


def test_the_procedure_is_the_papers_resize(thin: SHM) -> None:
    image = noise(150, 210)
    small = resize(image, (64, 96), Flavour.CURRENT)
    with torch.no_grad():
        batch = torch.from_numpy(small.astype(np.float32)).permute(2, 0, 1)[None]
        matte = thin(batch).alpha[0, 0].numpy()
    expected = resize(matte, (150, 210), Flavour.CURRENT)
    np.testing.assert_allclose(SHMPredictor(thin, "cpu").predict(image), expected, atol=1e-6)


def test_sides_that_do_not_divide_are_refused(thin: SHM) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        SHMPredictor(thin, "cpu").raw_outputs(noise(33, 64))


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    network = SHM(base=4).train()
    outputs = network(torch.rand(2, 3, 64, 64))
    target = torch.randint(0, 3, (2, 64, 64))
    loss = outputs.alpha.mean() + F.cross_entropy(outputs.trimap_logits, target)
    (loss + F.cross_entropy(outputs.auxiliary, target)).backward()
    without = [name for name, p in network.named_parameters() if p.grad is None]
    assert without == []


@pytest.mark.slow
def test_it_learns_one_image() -> None:
    torch.manual_seed(0)
    network = SHM(base=8).train()
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    alpha = ((32 - torch.hypot(y - 32.0, x - 32.0)) / 6).clamp(0, 1)[None, None]
    image = alpha * torch.tensor([0.9, 0.2, 0.1])[None, :, None, None] + (1 - alpha) * 0.3
    image = torch.cat([image, image.flip(3)])
    alpha = torch.cat([alpha, alpha.flip(3)])
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)
    losses = []
    for _ in range(30):
        loss = (network(image).alpha - alpha).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.35 * losses[0]


def test_wrong_options_and_missing_weights_are_named() -> None:
    with pytest.raises(MethodError, match="guide of shm must be softmax or logits"):
        SHMMethod(guide="argmax")
    with pytest.raises(MethodError, match="no strategy 'hybrid'"):
        SHMMethod(strategy="hybrid")
    with pytest.raises(WeightsError, match="none are published: train some and give --weights shm"):
        SHMMethod().load("cpu", None)


@pytest.mark.slow
def test_a_checkpoint_in_the_published_wrapping_loads(tmp_path, network: SHM) -> None:
    torch.save({"model_state_dict": network.state_dict()}, tmp_path / "shm.pth")
    loaded = SHMMethod(guide="logits").load("cpu", tmp_path / "shm.pth")
    image = noise(64, 64)
    expected = SHMPredictor(network, "cpu").predict(image)
    assert (loaded.predict(image) == expected).all()
