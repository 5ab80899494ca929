"""GCA answers as the published code and mmagic's do, and its attention does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from p3mbench_methods.gca.method import GCAPredictor, load
from p3mbench_methods.gca.network import GCA, GuidedAttention, published_name
from p3mbench_methods.inference import image_and_classes
from p3mbench_methods.spectral import NormalisedWeight

NAMES = ("gca", "gca_mmagic")


class Renamed:
    """The network's state dict under the names of one layout."""

    def __init__(self, network: GCA, names: list[str]) -> None:
        self.state = network.state_dict()
        self.names = names

    def state_dict(self) -> dict[str, Any]:
        return {name: self.state[published_name(name)] for name in self.names}


@pytest.fixture(scope="module", params=NAMES)
def data(request: pytest.FixtureRequest, golden: Any) -> Any:
    return golden(request.param)


@pytest.fixture(scope="module")
def checkpoint(data: Any, spectral: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gca") / f"{data.name}.pth"
    state = data.state(Renamed(GCA(), list(data.shapes)))
    state = spectral(state, transposed_rows=int(data.name == "gca_mmagic"))
    prefix = "module." if data.name == "gca" else ""
    torch.save({"state_dict": {prefix + key: value for key, value in state.items()}}, path)
    return path


def test_keys_are_the_published_ones(data: Any) -> None:
    ours = {key: tuple(value.shape) for key, value in GCA().state_dict().items()}
    theirs = {published_name(key): shape for key, shape in data.shapes.items()}
    assert ours == theirs
    if data.name == "gca":
        assert list(ours) == list(theirs)
        assert sum(p.numel() for p in GCA().parameters()) == data.facts["params"]


def test_inputs_and_outputs_are_the_published_ones(data: Any, checkpoint: Path) -> None:
    predictor = load("cpu", checkpoint, "native")
    image, trimap = data.arrays["image"], data.arrays["trimap"]
    x = image_and_classes(image, trimap, "cpu")
    parts = [x] if data.name == "gca_mmagic" else [x[:, :3], x[:, 3:]]
    for part, wanted in zip(parts, data.facts["cases"]["A"]["input_stats"], strict=True):
        assert float(part.double().mean()) == pytest.approx(wanted["mean"], abs=1e-6)
        assert float(part.double().norm()) == pytest.approx(wanted["l2"], rel=1e-6)
    assert max(data.relative_errors(predictor.raw_outputs(image, trimap)).values()) < 1e-4


def test_a_margin_is_cut_off_again() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (70, 45, 3), dtype=np.uint8)
    trimap = np.full((70, 45), 128, np.uint8)
    trimap[:20] = 0
    network = GCA(4)
    plain, wide = (GCAPredictor(network, "cpu", s) for s in ("native", "margin"))
    first, second = plain.predict(image, trimap), wide.predict(image, trimap)
    assert first.shape == second.shape == (70, 45)
    assert (second[:20] == 0).all() and not np.array_equal(first, second)


def test_attention_leaves_the_size_and_starts_near_the_identity() -> None:
    torch.manual_seed(0)
    attention = GuidedAttention(8, 4).eval()
    x, guidance = torch.rand(2, 8, 12, 16), torch.rand(2, 4, 12, 16)
    for unknown in (torch.zeros(2, 1, 12, 16), torch.ones(2, 1, 12, 16)):
        y = attention(guidance, x, unknown)
        assert y.shape == x.shape and torch.isfinite(y).all()
        assert (y - x).abs().max() < 0.05


def test_alike_places_share_their_features() -> None:
    """Where two halves look alike, what is known in one flows into the other."""
    torch.manual_seed(0)
    attention = GuidedAttention(1, 2).eval()
    torch.nn.init.constant_(attention.W[0].weight, 1.0)
    torch.nn.init.constant_(attention.W[1].weight, 1.0)
    torch.nn.init.eye_(attention.guidance_conv.weight.data[:, :, 0, 0])
    guidance = torch.zeros(1, 2, 8, 16)
    guidance[..., :8] = 1
    guidance[0, 1] = 5 * (1 - guidance[0, 0])
    x = torch.zeros(1, 1, 8, 16)
    x[..., :4, :8] = 1
    added = attention(guidance, x, torch.zeros(1, 1, 8, 16)) - x
    assert added[..., 6, 3] > 3 * added[..., 6, 12].clamp(min=1e-6)


def test_the_power_iteration_finds_the_singular_value() -> None:
    torch.manual_seed(0)
    weight = NormalisedWeight((6, 5, 3, 3)).train()
    for _ in range(300):
        normalised = weight()
    largest = torch.linalg.matrix_norm(normalised.reshape(6, -1).detach(), 2)
    assert float(largest) == pytest.approx(1, rel=1e-4)
    before = weight.weight_u.clone()
    weight.eval()()
    assert torch.equal(before, weight.weight_u)
