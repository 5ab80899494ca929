"""The transformer P3M-Nets answer as the published code does; BASIC is as the paper has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from p3mbench_methods.p3mnet.architectures import network_of
from p3mbench_methods.p3mnet.basic import Basic
from p3mbench_methods.p3mnet.method import STRATEGIES, P3MNetPredictor
from p3mbench_methods.p3mnet.network import P3MNet
from p3mbench_methods.p3mnet.spec import P3MNetSwinT, P3MNetViTAES
from p3mbench_methods.p3mnet.swin import zones
from p3mbench_methods.p3mnet.vitae import random_features

from p3mbench.errors import MethodError

GOLDEN = {"swin-t": "p3mnet_swin_t", "vitae-s": "p3mnet_vitae_s"}
FAMILY = ("r34", "basic", "swin-t", "vitae-s")


@pytest.mark.parametrize("encoder", ["swin-t", pytest.param("vitae-s", marks=pytest.mark.slow)])
def test_keys_and_outputs_are_the_published_ones(encoder: str, golden: Any) -> None:
    data = golden(GOLDEN[encoder])
    network = network_of(encoder, 1)
    state = network.state_dict()
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    assert list(shapes.items()) == list(data.shapes.items())
    network.load_state_dict(data.state(network), strict=True)
    predictor = P3MNetPredictor(network, "cpu", STRATEGIES["resize"])
    errors = data.relative_errors(predictor.raw_outputs(data.arrays["image"]))
    assert max(errors.values()) < 1e-4, errors


def test_random_features_are_the_golden_ones(golden: Any) -> None:
    wanted = golden("p3mnet_vitae_s").read("performer_w")
    assert len(wanted) == 2
    for name, values in wanted.items():
        _, count, width = values.shape
        np.testing.assert_allclose(random_features(name, count, width), values, atol=1e-6)


def test_random_features_are_orthogonal_and_drawn_by_number() -> None:
    first, second = (random_features("x", 8, 16, draw)[0] for draw in (0, 1))
    np.testing.assert_allclose(first @ first.T, 8 * np.eye(8), atol=1e-5)
    assert not torch.allclose(first, second)
    assert torch.equal(first, random_features("x", 8, 16)[0])


def test_another_draw_changes_the_matte_a_little(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = network_of("vitae-s", 1 / 8)
    path = tmp_path / "w.pth"
    torch.save(network.state_dict(), path)
    states = [network_of("vitae-s", 1 / 8, draw).state_dict() for draw in (0, 1)]
    assert states[0].keys() == states[1].keys()  # the draw is no part of a checkpoint
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    found = []
    for draw in (0, 1):
        other = network_of("vitae-s", 1 / 8, draw)
        other.load_state_dict(torch.load(path, weights_only=True))
        raw = P3MNetPredictor(other, "cpu", STRATEGIES["resize"]).raw_outputs(image)
        found.append(raw["local"])
    assert 0 < np.abs(found[0] - found[1]).max() < 0.2


@pytest.mark.parametrize("features", [-1, 1000, "a"])
def test_features_is_a_small_number(features: Any) -> None:
    with pytest.raises(MethodError, match="0 to 999"):
        P3MNetViTAES(features=features)


def test_strategies_are_shared() -> None:
    with pytest.raises(MethodError, match=r"p3mnet-swin-t has no strategy"):
        P3MNetSwinT(strategy="crop")
    assert P3MNetSwinT("hybrid").strategy == "hybrid"


def test_zones_keep_the_padding_apart() -> None:
    """A side of 9 is padded to 14; after a shift by 3 the padding lies at 6 to 10."""
    assert zones(14, 0).tolist() == [0] * 14
    assert zones(9, 0).tolist() == [0] * 9 + [1] * 5
    assert zones(9, 3).tolist() == [0, 0, 0, 0, 0, 0, 1, 3, 3, 3, 3, 6, 6, 6]


@pytest.mark.parametrize("encoder", FAMILY)
def test_partial_passes_are_parts_of_the_whole(encoder: str) -> None:
    torch.manual_seed(0)
    network: Any = network_of(encoder, 1 / 8).eval()
    batch = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        whole = network(batch).named()
        assert torch.equal(network.classes(batch), whole["global"])
        assert torch.equal(network.opacity(batch), whole["local"])
        assert torch.equal(network.matte(batch), whole["fusion"])


def test_basic_is_p3mnet_without_its_modules() -> None:
    full, basic = P3MNet(4).state_dict(), Basic(4).state_dict()
    left_out = {key.split(".")[0] for key in full.keys() - basic.keys()}
    assert left_out == {f"{kind}_{k}" for kind in ("tfi", "sbfi", "dbfi") for k in range(4)} - {
        "sbfi_3",
        "dbfi_3",
    }
    assert basic.keys() < full.keys()


def test_in_basic_the_decoders_do_not_speak_to_each_other() -> None:
    """A gradient of one branch's output never reaches the other's decoder."""
    network = Basic(4)
    outputs = network(torch.rand(1, 3, 64, 64))
    outputs.global_.sum().backward(retain_graph=True)
    assert network.decoder4_g[0].weight.grad is not None
    assert network.decoder4_l[0].weight.grad is None
    network.zero_grad()
    outputs.local.sum().backward()
    assert network.decoder4_g[0].weight.grad is None
    assert network.decoder4_l[0].weight.grad is not None
