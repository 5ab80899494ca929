"""Models of transformers through a TOML file, with a tiny random model saved by transformers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from p3mbench.errors import MethodError, WeightsError
from p3mbench.filemodels.adding import add
from p3mbench.fingerprint import Fingerprints
from p3mbench.registry import get
from p3mbench.weights import find_checkpoint

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

TOML = """[method]
name = "tiny-vitmatte"
year = 2023
[weights]
file = "model"
class = "VitMatteForImageMatting"
[input]
multiple = 32
pad = "zero"
mean = 0.5
std = 0.5
trimap = "channel"
[output]
index = "alphas"
"""


@pytest.fixture
def model(tmp_path: Path):
    import torch

    backbone = transformers.VitDetConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=64, num_channels=4,
        pretrain_image_size=64, window_size=2, out_features=["stage2"],
    )  # fmt: skip
    config = transformers.VitMatteConfig(
        backbone_config=backbone, hidden_size=16, convstream_hidden_sizes=[8, 8, 8],
        fusion_hidden_sizes=[8, 8, 8, 8],
    )  # fmt: skip
    torch.manual_seed(0)
    made = transformers.VitMatteForImageMatting(config).eval()
    made.save_pretrained(tmp_path / "model")
    (tmp_path / "tiny.toml").write_text(TOML)
    return made


def test_a_saved_model_equals_the_model(model, tmp_path, portrait_arrays):
    import torch

    method = get("tiny-vitmatte", [tmp_path / "tiny.toml"])
    path = find_checkpoint(method.info)
    image, trimap = portrait_arrays["image"][:60], portrait_arrays["trimap"][:60]
    alpha = method.load("cpu", path).predict(image, trimap)
    padded = np.pad(image, [(0, 4), (0, 0), (0, 0)]).astype(np.float32) / 255
    levels = np.pad(trimap, [(0, 4), (0, 0)]).astype(np.float32)[..., None] / 255
    x = np.concatenate([(padded - 0.5) / 0.5, levels], axis=2).transpose(2, 0, 1)[None]
    with torch.inference_mode():
        expected = model(pixel_values=torch.from_numpy(x)).alphas[0, 0, :60].numpy()
    assert np.abs(alpha - expected).max() < 1e-5
    assert "config.json" in dict(Fingerprints().of(method).files)


def test_a_folder_is_registered_by_an_absolute_path(model, tmp_path, monkeypatch):
    monkeypatch.setenv("P3MBENCH_HOME", str(tmp_path / "home"))
    toml = tmp_path / "tiny.toml"
    with pytest.raises(MethodError, match="must be an absolute path"):
        add(toml)
    toml.write_text(TOML.replace('"model"', f'"{tmp_path / "model"}"'))
    info, copied = add(toml)
    assert copied is None
    assert find_checkpoint(get(info.name).info) == tmp_path / "model" / "model.safetensors"


def test_wrong_folders_and_classes_are_one_line(model, tmp_path):
    toml = tmp_path / "tiny.toml"
    toml.write_text(TOML.replace("VitMatteForImageMatting", "NoSuchModel"))
    method = get("tiny-vitmatte", [toml])
    path = find_checkpoint(method.info)
    with pytest.raises(MethodError, match="has no model 'NoSuchModel'"):
        method.load("cpu", path)
    toml.write_text(TOML)
    method = get("tiny-vitmatte", [toml])
    config = json.loads(path.with_name("config.json").read_text())
    config["fusion_hidden_sizes"] = [8, 8, 8, 4]
    path.with_name("config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="model.safetensors"):
        method.load("cpu", path)
    path.with_name("config.json").unlink()
    with pytest.raises(WeightsError, match=r"has no config.json beside it"):
        method.load("cpu", path)
