"""ViTMatte answers as the published code does, from either layout of its checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from p3mbench_methods.vitmatte.spec import ViTMatteB, ViTMatteS
from safetensors.torch import save_file

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha
from p3mbench.weights import load_into


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def code() -> Any:
    """The method's modules that need transformers; what asks for them skips without it."""
    pytest.importorskip("transformers")
    from p3mbench_methods.vitmatte import method, network

    class Code:
        ViTMatte = network.ViTMatte
        Predictor = method.ViTMattePredictor
        padding = staticmethod(network.padding)
        hub_name = staticmethod(network.hub_name)
        published_name = staticmethod(network.published_name)

    return Code


@pytest.fixture(scope="module")
def data(golden: Callable[[str], Any]) -> Any:
    return golden("vitmatte_s")


@pytest.fixture(scope="module")
def network(code: Any, data: Any) -> Any:
    filled = code.ViTMatte()
    filled.load_state_dict(data.state(filled), strict=True)
    return filled.eval()


@pytest.fixture(scope="module")
def thin(code: Any) -> Any:
    """A network of the same shape with little to compute."""
    torch.manual_seed(1)
    return code.ViTMatte(head=4).eval()


def scene(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """An image of noise, and a trimap with all three levels where there is room."""
    rng = np.random.default_rng(height * 1000 + width)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[: height // 3] = 0
    trimap[height - height // 3 :, : width // 2] = 255
    return image, trimap


def test_state_dict_is_the_published_one(network: Any, data: Any) -> None:
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    assert list(shapes.items()) == list(data.shapes.items())
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]


def test_names_map_one_to_one(code: Any, thin: Any, data: Any) -> None:
    hub = [code.hub_name(key) for key in data.shapes]
    assert sorted(hub) == sorted(thin.model.state_dict())
    assert [code.published_name(key) for key in hub] == list(data.shapes)
    assert [code.hub_name(key) for key in hub] == hub
    assert "backbone.encoder.layer.2.attention.rel_pos_h" in hub
    assert "decoder.fusion_blocks.0.conv.batch_norm.running_var" in hub


def test_inputs_are_the_published_ones(code: Any, thin: Any, data: Any) -> None:
    inputs = code.Predictor(thin, "cpu").inputs(data.arrays["image"], data.arrays["trimap"])
    for tensor, facts in zip(inputs, data.facts["cases"]["A"]["input_stats"], strict=True):
        values = tensor.double().numpy()
        assert list(values.shape) == facts["shape"]
        found = [values.mean(), values.std(), values.min(), values.max(), np.linalg.norm(values)]
        expected = [facts[key] for key in ("mean", "std", "min", "max", "l2")]
        assert found == pytest.approx(expected, rel=1e-6)


def test_outputs_are_the_published_ones(code: Any, network: Any, data: Any) -> None:
    predictor = code.Predictor(network, "cpu")
    raw = predictor.raw_outputs(data.arrays["image"], data.arrays["trimap"])
    errors = data.relative_errors(raw)
    assert max(errors.values()) < 1e-5, errors


@pytest.mark.parametrize("layout", ["published", "hub"])
def test_both_layouts_load_through_the_method(
    network: Any, data: Any, tmp_path: Path, layout: str
) -> None:
    path = tmp_path / "weights"
    if layout == "published":
        torch.save({"model": network.state_dict()}, path)
    else:
        save_file(network.model.state_dict(), path)
    loaded: Any = ViTMatteS().load("cpu", path)
    path.unlink()
    raw = loaded.raw_outputs(data.arrays["image"], data.arrays["trimap"])
    assert max(data.relative_errors(raw).values()) < 1e-5


def test_strict_loading_takes_either_layout(code: Any, thin: Any) -> None:
    for state in (thin.state_dict(), thin.model.state_dict()):
        other = code.ViTMatte(head=4)
        other.load_state_dict(state, strict=True)
        assert all(
            torch.equal(a, b) for a, b in zip(other.parameters(), thin.parameters(), strict=True)
        )


def test_strict_loading_refuses_anything_else(code: Any, thin: Any) -> None:
    other, good = code.ViTMatte(head=4), thin.state_dict()
    twice = {**good, "backbone.embeddings.position_embeddings": good["backbone.pos_embed"]}
    lacking = {key: value for key, value in good.items() if key != "backbone.pos_embed"}
    stranger = {**good, "decoder.extra.weight": torch.zeros(1)}
    for state in (twice, lacking, stranger):
        with pytest.raises(RuntimeError, match="Missing|Unexpected"):
            other.load_state_dict(state, strict=True)


def test_names_survive_an_outer_module(code: Any, thin: Any) -> None:
    outer = torch.nn.ModuleDict({"net": thin})
    state = outer.state_dict()
    assert "net.backbone.blocks.0.attn.qkv.weight" in state
    torch.nn.ModuleDict({"net": code.ViTMatte(head=4)}).load_state_dict(state, strict=True)


@pytest.mark.parametrize("layout", ["published", "hub"])
def test_damaged_checkpoints_are_refused(thin: Any, tmp_path: Path, layout: str) -> None:
    target = thin if layout == "published" else thin.model
    state = dict(target.state_dict())
    del state["decoder.matting_head.matting_convs.3.bias"]
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="missing: decoder.matting_head.matting_convs.3.bias"):
        load_into(target, tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("shape", "added"),
    [
        ((128, 160), (0, 0)),
        ((150, 160), (10, 32)),
        ((160, 150), (32, 10)),
        ((1080, 1620), (8, 12)),
        ((1, 33), (31, 31)),
    ],
)
def test_padding_is_the_published_rule(
    code: Any, shape: tuple[int, int], added: tuple[int, int]
) -> None:
    assert code.padding(*shape) == added


def test_padding_is_zero_after_normalisation(code: Any, thin: Any) -> None:
    """The published steps, spelled out."""
    image, trimap = scene(50, 64)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    joined = np.concatenate([(image / 255 - mean) / std, trimap[..., None] / 255], axis=2)
    padded = np.zeros((64, 96, 4), np.float32)
    padded[:50, :64] = joined
    with torch.inference_mode():
        batch = torch.from_numpy(padded.transpose(2, 0, 1)[None].copy())
        wanted = thin.model(pixel_values=batch).alphas[0, 0, :50, :64].numpy()
    found = code.Predictor(thin, "cpu").predict(image, trimap)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (31, 64), (101, 77), (128, 96)])
def test_any_size_gives_a_matte(code: Any, thin: Any, shape: tuple[int, int]) -> None:
    image, trimap = scene(*shape)
    image.setflags(write=False)
    trimap.setflags(write=False)
    predictor = code.Predictor(thin, "cpu")
    alpha = predictor.predict(image, trimap)
    assert alpha.dtype == np.float32
    assert np.array_equal(checked_alpha(alpha, shape), alpha)
    assert np.array_equal(predictor.raw_outputs(image, trimap)["alpha"][0, 0], alpha)
    assert all(np.array_equal(predictor.predict(image, trimap), alpha) for _ in range(2))


def test_memory_order_does_not_matter(code: Any, thin: Any) -> None:
    image, trimap = scene(64, 96)
    predictor = code.Predictor(thin, "cpu")
    wanted = predictor.predict(image, trimap)
    found = predictor.predict(np.asfortranarray(image), np.asfortranarray(trimap))
    assert np.array_equal(found, wanted)


def test_gradients_reach_every_weight(code: Any) -> None:
    torch.manual_seed(4)
    network = code.ViTMatte(head=4).train()
    image, trimap = scene(64, 96)
    inputs = code.Predictor(network, "cpu").inputs(image, trimap)
    (network.train()(*inputs) - 0.3).abs().mean().backward()
    assert [k for k, p in network.named_parameters() if p.grad is None] == []
    zero = {k for k, p in network.named_parameters() if not p.grad.any()}
    # a residual block begins as the identity: the scale of its last norm, 0, holds the rest back
    assert all(".residual." in key and ".norm3." not in key for key in zero)


@pytest.mark.parametrize("head", [0, 3, -4])
def test_head_must_be_a_multiple_of_four(code: Any, head: int) -> None:
    with pytest.raises(ValueError, match="head"):
        code.ViTMatte(head=head)


def test_trimap_is_needed(code: Any, thin: Any) -> None:
    image, trimap = scene(32, 32)
    predictor = code.Predictor(thin, "cpu")
    with pytest.raises(ValueError, match="trimap is missing"):
        predictor.predict(image)
    with pytest.raises(ValueError, match="trimap is \\(8, 32\\)"):
        predictor.raw_outputs(image, trimap[:8])


def test_missing_weights_name_file_and_command(code: Any) -> None:
    with pytest.raises(WeightsError, match="ViTMatte_S_Com.pth.*--weights vitmatte-s=FILE"):
        ViTMatteS().load("cpu", None)


def test_the_base_network_has_the_published_sizes(code: Any, data: Any) -> None:
    """768 channels in 12 heads (configs/ViTMatte_B_100ep.py); all names are those of ViTMatte-S."""
    with torch.device("meta"):
        network = code.ViTMatte(heads=12)
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    assert list(shapes) == list(data.shapes)
    assert shapes["backbone.pos_embed"] == (1, 197, 768)
    assert shapes["backbone.blocks.11.attn.qkv.weight"] == (3 * 768, 768)
    assert shapes["backbone.blocks.0.attn.rel_pos_h"][1] == 64
    detail = "decoder.convstream.convs.0.conv.weight"
    assert shapes[detail] == data.shapes[detail]
    assert sum(p.numel() for p in network.parameters()) == ViTMatteB.info.parameters


def test_the_base_network_is_transformers(code: Any, tmp_path: Path) -> None:
    """Equal to transformers' own network of these sizes, on sides that are multiples of 32."""
    from transformers import VitMatteForImageMatting

    path = ViTMatteB().sample_weights(tmp_path)
    predictor: Any = ViTMatteB().load("cpu", path)
    other = VitMatteForImageMatting(predictor.network.model.config).eval()
    other.load_state_dict(predictor.network.model.state_dict(), strict=True)
    image, trimap = scene(64, 96)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    joined = np.concatenate([(image / 255 - mean) / std, trimap[..., None] / 255], axis=2)
    with torch.inference_mode():
        batch = torch.from_numpy(joined.transpose(2, 0, 1)[None].astype(np.float32))
        wanted = other(pixel_values=batch).alphas[0, 0].numpy()
    np.testing.assert_allclose(predictor.predict(image, trimap), wanted, atol=1e-5)
    with pytest.raises(WeightsError, match="does not fit ViTMatte"):
        ViTMatteS().load("cpu", path)


def test_without_transformers_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MethodError, match="transformers.*pip install 'p3mbench\\[vitmatte\\]'"):
        ViTMatteS().load("cpu", Path("any.pth"))


def test_unknown_strategy_is_refused() -> None:
    with pytest.raises(MethodError, match="native"):
        ViTMatteS(strategy="crop")
