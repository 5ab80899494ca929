"""StyleMatte: names and sizes of the published file, transformers' pixel decoder, the filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from p3mbench_methods.stylematte.spec import StyleMatte

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha

transformers = pytest.importorskip("transformers")

from p3mbench_methods.stylematte.method import (  # noqa: E402 - needs transformers
    THIN,
    StyleMattePredictor,
    padding,
)
from p3mbench_methods.stylematte.names import INDEX, published_name  # noqa: E402
from p3mbench_methods.stylematte.network import StyleMatteNet, guided  # noqa: E402

BLOCK = "pixel_decoder.encoder.encoder.layers.2.blocks.5."


@pytest.fixture(scope="module")
def thin() -> StyleMatteNet:
    torch.manual_seed(1)
    return StyleMatteNet(THIN).eval()


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_names_and_sizes_are_those_of_the_published_file() -> None:
    """Names of transformers 4.26 to 4.57; the README's 133.6 MB are 34.9 M float32 and indices."""
    with torch.device("meta"):
        network = StyleMatteNet()
        state = network.state_dict()
    assert len(state) == 374
    for name, shape in {
        "fpn.smooth_conv.2.weight": (256, 256, 3, 3),
        "fpn.conv_fusion.1.running_var": (256,),
        "pixel_decoder.encoder.embeddings.patch_embeddings.projection.weight": (96, 3, 4, 4),
        f"{BLOCK}attention.self.query.weight": (384, 384),
        f"{BLOCK}attention.self.relative_position_bias_table": (169, 12),
        f"{BLOCK}attention.self.relative_position_index": (49, 49),
        f"{BLOCK}attention.output.dense.bias": (384,),
        f"{BLOCK}intermediate.dense.weight": (1536, 384),
        f"{BLOCK}output.dense.weight": (384, 1536),
        "pixel_decoder.encoder.hidden_states_norms.stage4.weight": (768,),
        "pixel_decoder.decoder.encoder.layers.5.self_attn.sampling_offsets.weight": (192, 256),
        "conv.weight": (1, 256, 3, 3),
    }.items():
        assert tuple(state[name].shape) == shape, name
    assert not [name for name in state if "swin." in name or "layernorm.weight" in name]
    unique = {k: v for k, v in state.items() if "smooth_conv.1" not in k and ".conv.2" not in k}
    unique = {k: v for k, v in unique.items() if "smooth_conv.2" not in k}
    size = sum(v.numel() * v.element_size() for v in unique.values()) / 2**20
    assert 133.3 < size < 133.6
    assert sum(p.numel() for p in network.parameters()) == StyleMatte.info.parameters


def test_published_names_are_kept() -> None:
    for name in (
        "fpn.conv1x1.0.bias",
        f"{BLOCK}attention.self.key.bias",
        f"{BLOCK}output.dense.bias",
    ):
        assert published_name(name) == name


@pytest.mark.parametrize("indexed", [True, False])
def test_files_with_and_without_indices_load(
    thin: StyleMatteNet, tmp_path: Path, indexed: bool
) -> None:
    state = {k: v for k, v in thin.state_dict().items() if indexed or not k.endswith(INDEX)}
    path = StyleMatte().sample_weights(tmp_path)  # for its header, which records the width
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    with safe_open(path, "pt") as file:
        header = file.metadata()
    assert set(load_file(path)) == set(thin.state_dict())
    save_file({k: v.clone() for k, v in state.items()}, path, metadata=header)
    loaded: Any = StyleMatte().load("cpu", path)
    image = noise(40, 48)
    wanted = StyleMattePredictor(thin, "cpu").predict(image)
    np.testing.assert_array_equal(loaded.predict(image), wanted)
    del state["conv.bias"]
    save_file({k: v.clone() for k, v in state.items()}, path, metadata=header)
    with pytest.raises(WeightsError, match="missing: conv.bias"):
        StyleMatte().load("cpu", path)


def test_features_are_those_of_mask2former(thin: StyleMatteNet) -> None:
    """The part of transformers gives the same maps inside its own model, with its own names."""
    model = transformers.Mask2FormerModel(thin.pixel_decoder.decoder.config).eval()
    missing, unexpected = model.pixel_level_module.load_state_dict(
        torch.nn.Module.state_dict(thin.pixel_decoder), strict=False
    )
    assert not unexpected and all("layernorm" in name for name in missing)
    batch = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        wanted = model(batch, output_hidden_states=True)
        found = thin.pixel_decoder(batch)
    torch.testing.assert_close(
        found.decoder_last_hidden_state, wanted.pixel_decoder_last_hidden_state
    )
    sizes = [tuple(x.shape[2:]) for x in found.decoder_hidden_states]
    assert sizes == [(2, 3), (4, 6), (8, 12)]


def test_the_filter_reproduces_a_linear_matte() -> None:
    rng = np.random.default_rng(0)
    small = torch.from_numpy(rng.random((1, 1, 9, 11), dtype=np.float32))
    image = torch.from_numpy(rng.random((1, 1, 36, 44), dtype=np.float32))
    found = guided(small, 0.3 * small + 0.2, image, 1e-8)
    torch.testing.assert_close(found, 0.3 * image + 0.2, atol=1e-4, rtol=0)


def test_the_filter_is_he_and_suns() -> None:
    """Written out for an inner and a corner window, at equal sizes (so nothing is enlarged)."""
    rng = np.random.default_rng(1)
    x, y = rng.random((2, 6, 7))
    found = guided(*(torch.from_numpy(v[None, None].astype(np.float32)) for v in (x, y, x)), 1e-4)
    for row, column, window in ((2, 3, np.s_[1:4, 2:5]), (0, 0, np.s_[0:2, 0:2])):
        guide, target = x[window], y[window]
        slope = ((guide * target).mean() - guide.mean() * target.mean()) / (guide.var() + 1e-4)
        wanted = slope * (x[row, column] - guide.mean()) + target.mean()
        assert float(found[0, 0, row, column]) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "added"),
    [((800, 640), (0, 0)), ((801, 640), (7, 8)), ((640, 803), (8, 5)), ((1, 8), (31, 24))],
)
def test_padding_is_the_published_rule(shape: tuple[int, int], added: tuple[int, int]) -> None:
    assert padding(*shape) == added


def test_padding_reflects_as_opencv(thin: StyleMatteNet) -> None:
    image = noise(45, 50)
    padded = cv2.copyMakeBorder(image, 3, 0, 6, 0, cv2.BORDER_REFLECT)
    batch = torch.from_numpy(padded.transpose(2, 0, 1)[None] / np.float32(255))
    with torch.inference_mode():
        wanted = thin(batch)[0, 0, 3:, 6:].numpy()
    np.testing.assert_array_equal(StyleMattePredictor(thin, "cpu").predict(image), wanted)


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (101, 77)])
def test_any_size_gives_the_same_matte_twice(thin: StyleMatteNet, shape: tuple[int, int]) -> None:
    image, predictor = noise(*shape), StyleMattePredictor(thin, "cpu")
    image.setflags(write=False)
    alpha = predictor.predict(image)
    assert np.array_equal(checked_alpha(alpha, shape), alpha)
    assert np.array_equal(predictor.predict(np.asfortranarray(image)), alpha)


def test_bad_options_and_no_weights_are_refused() -> None:
    with pytest.raises(MethodError, match="epsilon"):
        StyleMatte(epsilon=0.0)
    with pytest.raises(WeightsError, match=r"stylematte_pure\.pth.*--weights stylematte=FILE"):
        StyleMatte().load("cpu", None)
