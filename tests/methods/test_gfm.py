"""GFM answers as the published code does: its networks, and the procedure around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from p3mbench_methods.gfm import spec
from p3mbench_methods.gfm import training as gfm_training
from p3mbench_methods.gfm.method import LABELS, STRATEGIES, GFMPredictor
from p3mbench_methods.gfm.network import GFM, Branches, Encoder, GFMOutputs, Rosta, collaborate
from p3mbench_methods.gfm.resampling import resize_pinned
from p3mbench_methods.inference import to_batch
from PIL import Image
from scipy import ndimage
from skimage.transform import resize as skimage_resize

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha
from p3mbench.training.batch import Batch

ENVIRONMENTS = {
    "resize": "modern_RESIZE",
    "hybrid": "modern_HYBRID",
    "resize-2021": "skimage017_RESIZE",
    "hybrid-2021": "skimage017_HYBRID",
}
SPECS = (
    spec.GFMR34,
    spec.GFMD121,
    spec.GFMR34FT,
    spec.GFMR34BT,
    spec.GFMR34TwoBlocks,
    spec.GFMR101,
    spec.GFMD121RIM,
)
REQUIRED = {"gfm_r34_tt": spec.GFMR34, "gfm_d121_tt": spec.GFMD121}
FURTHER = {
    "gfm_r34_ft": spec.GFMR34FT,
    "gfm_r34_bt": spec.GFMR34BT,
    "gfm_d121_rim": spec.GFMD121RIM,
    "gfm_r34_2b_tt": spec.GFMR34TwoBlocks,
    "gfm_r101_tt": spec.GFMR101,
}
UNUSED = {  # parameters that the published networks hold and never use
    Encoder.R34: ("resnet.fc",),
    Encoder.R34_2B: ("resnet.fc", "resnet.conv1", "resnet.bn1", "psp1"),
    Encoder.R101: ("resnet.fc",),
    Encoder.D121: ("densenet.classifier", "densenet.features.norm5"),
}
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def network_of(kind: Any, base: int = 64) -> GFM:
    return GFM(Encoder(kind.encoder), Rosta(kind.rosta), base)


def filled(kind: Any, data: Any) -> GFM:
    return data.network(lambda: network_of(kind))


def thin(kind: Any) -> GFM:
    """A network of the same shape with little to compute; its classes are mixed."""
    torch.manual_seed(3)
    network = network_of(kind, base=2)
    with torch.no_grad():
        for head in (part for name, part in network.named_children() if "decoder0_g" in name):
            head[-2 if len(head) > 1 else -1].weight.mul_(100)
    return network.eval()


def further(golden: Callable[[str], Any], shared: Path, name: str) -> Any:
    """Golden data that is too large to be copied here."""
    data, folder = golden(name), shared / "golden/networks"
    with np.load(folder / f"{name}.golden.npz") as file:
        arrays = dict(file)
    facts = json.loads((folder / f"{name}.state_dict.json").read_text())
    data.__dict__.update(facts=facts, arrays=arrays)
    return data


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    coarse = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    blocks = coarse.repeat(16, axis=0).repeat(16, axis=1)[:height, :width]
    return np.clip(blocks + rng.normal(0, 5, blocks.shape), 0, 255).astype(np.uint8)


def assert_agrees(alpha: np.ndarray, wanted: dict[str, np.ndarray], key: str, step: int) -> None:
    """Equal to a golden matte but for pixels whose class hangs on the last bit."""
    parts = {"": alpha[::step, ::step], "_bottom": alpha[-1], "_right": alpha[:, -1]}
    for part, values in parts.items():
        if key + part in wanted:
            error = np.abs(values - wanted[key + part])
            assert np.quantile(error, 0.99) < 2e-6, (key, part, error.max())
            assert (error > 1e-4).mean() < 1e-3, (key, part, error.max())


def check_network(network: GFM, data: Any, bound: float = 1e-5) -> None:
    state = network.state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    assert list(shapes.items()) == list(data.shapes.items())
    for key, first in data.aliases.items():
        assert state[key].data_ptr() == state[first].data_ptr(), key
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]
    outputs = GFMPredictor(network, "cpu", STRATEGIES["third"]).raw_outputs(data.arrays["image"])
    fusion = outputs["fusion"]
    flipped = np.abs(fusion - data.arrays["out_fusion"]) > bound * np.abs(fusion).max()
    assert flipped.sum() <= 2  # a class may hang on the last bit
    outputs["fusion"] = np.where(flipped, data.arrays["out_fusion"], fusion)
    errors = data.relative_errors(outputs)
    assert max(errors.values()) < bound, errors


@pytest.fixture(scope="module")
def r34(golden: Callable[[str], Any]) -> GFM:
    return filled(spec.GFMR34, golden("gfm_r34_tt"))


@pytest.mark.parametrize("name", REQUIRED)
def test_networks_are_the_published_ones(golden: Callable[[str], Any], name: str) -> None:
    data = golden(name)
    check_network(filled(REQUIRED[name], data), data)


@pytest.mark.slow(4)
@pytest.mark.parametrize("name", FURTHER)
def test_further_networks_are_the_published_ones(
    golden: Callable[[str], Any], shared: Path, name: str
) -> None:
    data = further(golden, shared, name)
    check_network(filled(FURTHER[name], data), data)


def test_input_is_the_published_one(golden: Callable[[str], Any]) -> None:
    data = golden("gfm_r34_tt")
    batch = to_batch(data.arrays["image"], "cpu").double()
    (stats,) = data.facts["cases"]["A"]["input_stats"]
    assert list(batch.shape) == stats["shape"]
    ours = (batch.mean(), batch.std(correction=0), batch.min(), batch.max(), batch.norm())
    for value, name in zip(ours, ("mean", "std", "min", "max", "l2"), strict=True):
        assert float(value) == pytest.approx(stats[name], rel=1e-6)


@pytest.mark.parametrize("strategy", ENVIRONMENTS)
def test_mattes_are_the_published_ones(
    r34: GFM, golden: Callable[[str], Any], strategy: str
) -> None:
    wanted = golden("gfm_r34_tt").read("pipeline_syn.golden")
    alpha = GFMPredictor(r34, "cpu", STRATEGIES[strategy]).predict(wanted["image"])
    assert_agrees(alpha, wanted, ENVIRONMENTS[strategy], step=3)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ENVIRONMENTS)
def test_matte_of_a_photograph(r34: GFM, shared: Path, strategy: str) -> None:
    (photograph,) = (shared / "data" / "p3m-demo").rglob("original_image/p_819ea202.jpg")
    with np.load(shared / "golden/networks/gfm_r34_tt.pipeline.golden.npz") as file:
        wanted = dict(file)
    image = np.asarray(Image.open(photograph).convert("RGB"))
    alpha = GFMPredictor(r34, "cpu", STRATEGIES[strategy]).predict(image)
    assert_agrees(alpha, wanted, ENVIRONMENTS[strategy], step=6)


@pytest.mark.parametrize("kind", [spec.GFMR34FT, spec.GFMR34BT])
def test_hybrid_adds_or_subtracts_the_focus(kind: Any) -> None:
    network, image = thin(kind), noise(250, 310)
    with torch.inference_mode():
        small = skimage_resize(image, (64, 96)) * 255.0
        half = skimage_resize(image, (96, 128)) * 255.0
        scores, opacity = (
            network(torch.from_numpy(part.astype(np.float32)).permute(2, 0, 1)[None]).named()
            for part in (small, half)
        )
    labels = LABELS[network.rosta][scores["glance"].argmax(dim=1)[0].numpy()]
    assert len(np.unique(labels)) == 2
    glance = skimage_resize(labels, (250, 310))
    focus = skimage_resize(opacity["focus"][0, 0].numpy(), (250, 310))
    wanted = np.clip(glance + (focus if network.rosta is Rosta.FT else -focus), 0, 1)
    alpha = GFMPredictor(network, "cpu", STRATEGIES["hybrid"]).predict(image)
    assert np.quantile(np.abs(alpha - wanted), 0.99) < 1e-5


def test_integration_sees_a_third_and_is_cut_off() -> None:
    network, image = thin(spec.GFMD121RIM), noise(250, 310)
    network.rim[-1].bias.data.fill_(-0.2)
    part = skimage_resize(image, (64, 96)) * 255.0
    with torch.inference_mode():
        batch = torch.from_numpy(part.astype(np.float32)).permute(2, 0, 1)[None]
        fusion = network(batch).fusion[0, 0].numpy()
    assert fusion.min() < 0
    wanted = np.clip(skimage_resize(fusion, (250, 310)), 0, 1)
    alpha = GFMPredictor(network, "cpu", STRATEGIES["third"]).predict(image)
    assert np.quantile(np.abs(alpha - wanted), 0.99) < 1e-5


def test_integration_has_no_hybrid() -> None:
    with pytest.raises(ValueError, match="strategy"):
        GFMPredictor(thin(spec.GFMD121RIM), "cpu", STRATEGIES["hybrid"])


@pytest.mark.parametrize(
    ("rosta", "wanted"),
    [(Rosta.TT, [0.0, 0.25, 1.0]), (Rosta.FT, [0.25, 1.0]), (Rosta.BT, [0.0, 0.75])],
)
def test_collaboration_of_each_class(rosta: Rosta, wanted: list[float]) -> None:
    glance = torch.eye(rosta.classes)[None, :, :, None].requires_grad_()
    focus = torch.full((1, 1, rosta.classes, 1), 0.25, requires_grad=True)
    fusion = collaborate(rosta, glance, focus)
    assert fusion.flatten().tolist() == wanted
    fusion.sum().backward()
    assert glance.grad is None
    assert focus.grad is not None
    assert focus.grad.flatten().tolist() == [
        {0.25: 1.0, 0.75: -1.0}.get(value, 0.0) for value in wanted
    ]


def test_of_equal_scores_the_first_class_wins() -> None:
    glance = torch.ones(1, 3, 1, 2)  # saturated sigmoids are equal where their logits are not
    assert (collaborate(Rosta.TT, glance, torch.full((1, 1, 1, 2), 0.5)) == 0).all()


@pytest.mark.parametrize("kind", SPECS)
def test_gradients_reach_all_that_is_used(kind: Any) -> None:
    network = thin(kind).train()
    outputs = network(torch.rand(2, 3, 64, 64) * 255)
    sum(value.mean() for value in outputs.named().values()).backward()
    without = {name for name, part in network.named_parameters() if part.grad is None}
    unused = UNUSED[Encoder(kind.encoder)]
    assert without == {name for name, _ in network.named_parameters() if name.startswith(unused)}


@pytest.mark.parametrize("kind", SPECS[:-1])
def test_partial_passes_are_parts_of_the_whole(kind: Any) -> None:
    network, batch = thin(kind), torch.rand(1, 3, 64, 96) * 255
    with torch.inference_mode():
        whole = network(batch).named()
        assert torch.equal(network.classes(batch), whole["glance"])
        assert torch.equal(network.opacity(batch), whole["focus"])
        assert torch.equal(network.matte(batch), whole["fusion"])


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (101, 277), (128, 96)])
@pytest.mark.slow
def test_any_size_gives_a_matte(kind: Any, shape: tuple[int, int]) -> None:
    network, image = thin(kind), noise(*shape)
    image.setflags(write=False)
    for strategy in kind.info.strategies:
        predictor = GFMPredictor(network, "cpu", STRATEGIES[strategy])
        alpha = predictor.predict(image)
        assert alpha.dtype == np.float32
        assert np.array_equal(checked_alpha(alpha, shape), alpha)
        assert np.array_equal(predictor.predict(image), alpha)


def test_memory_order_does_not_matter() -> None:
    network, image = thin(spec.GFMR34), noise(96, 228)
    strided = np.repeat(np.repeat(image, 2, axis=0), 3, axis=1)[::2, ::3]
    reversed_twice = image[::-1, :, ::-1].copy()[::-1, :, ::-1]
    for strategy in spec.RESIZED:
        predictor = GFMPredictor(network, "cpu", STRATEGIES[strategy])
        wanted = predictor.predict(image)
        assert len(np.unique(wanted)) > 10
        for variant in (strided, reversed_twice, np.asfortranarray(image)):
            assert np.array_equal(predictor.predict(variant), wanted)


@pytest.mark.parametrize("shape", [(96, 100), (33, 64)])
def test_raw_outputs_names_the_multiple(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        GFMPredictor(thin(spec.GFMR34), "cpu", STRATEGIES["resize"]).raw_outputs(noise(*shape))


@pytest.mark.parametrize("base", [0, 3, -2])
def test_base_must_be_even(base: int) -> None:
    with pytest.raises(ValueError, match="base"):
        GFM(base=base)


@pytest.mark.parametrize(
    "name", ["rgb_20x28", "rgb_90x120", "tri_80x100", "tri_20x30", "f32_80x100"]
)
def test_pinned_resize_is_that_of_its_version(shared: Path, name: str) -> None:
    source, _, size = name.partition("_")
    height, width = map(int, size.split("x"))
    with np.load(shared / "golden/networks/resize_flavours.golden.npz") as file:
        image, wanted = file[f"in_{source}"], file[f"sk0172_{name}"]
    out = resize_pinned(image, (height, width))
    assert out.dtype == wanted.dtype
    np.testing.assert_allclose(out, wanted, rtol=0, atol=2e-7 if source == "f32" else 1e-14)
    assert np.array_equal(out * 255 == 255, wanted * 255 == 255)


def test_pinned_resize_smooths_in_whole_numbers() -> None:
    image = noise(90, 123)
    image[20:60, 30:90] = 200
    sigma = [(90 / 31 - 1) / 2, (123 / 77 - 1) / 2, 0]
    smooth = ndimage.gaussian_filter(image, sigma, mode="mirror")  # of type uint8
    wanted = skimage_resize(smooth, (31, 77), order=1, mode="reflect", anti_aliasing=False)
    np.testing.assert_allclose(resize_pinned(image, (31, 77)), wanted, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (np.zeros((4, 4)), (2, 2)),
        (np.zeros((0, 4), np.uint8), (2, 2)),
        (np.zeros(4, np.uint8), (2, 2)),
        (np.zeros((4, 4), np.uint8), (0, 2)),
    ],
)
def test_pinned_resize_refuses(image: Any, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"image must|size must"):
        resize_pinned(image, size)


@cuda
def test_cuda_agrees_and_repeats_itself(r34: GFM, golden: Callable[[str], Any]) -> None:
    data = golden("gfm_r34_tt")
    predictor = GFMPredictor(r34, "cuda", STRATEGIES["resize"])
    try:
        first, second = (predictor.raw_outputs(data.arrays["image"]) for _ in range(2))
    finally:
        r34.cpu()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
    errors = data.relative_errors(first)
    assert max(errors["glance"], errors["focus"]) < 1e-4


@pytest.mark.slow
def test_published_wrapping_loads_through_the_method(
    r34: GFM, golden: Callable[[str], Any], tmp_path: Path
) -> None:
    data, path = golden("gfm_r34_tt"), tmp_path / spec.GFMR34.info.checkpoints[0].file
    torch.save(r34.state_dict(), path)
    loaded: Any = spec.GFMR34("hybrid").load("cpu", path)
    errors = data.relative_errors(loaded.raw_outputs(data.arrays["image"]))
    assert max(errors.values()) < 1e-5
    assert loaded.strategy == STRATEGIES["hybrid"]
    with pytest.raises(WeightsError, match="does not fit GFM"):
        spec.GFMR34FT().load("cpu", path)


@pytest.mark.parametrize("kind", SPECS)
def test_specs_say_what_they_are(kind: Any) -> None:
    info = kind.info
    assert info.name.startswith("gfm-")
    assert kind().strategy == info.strategies[0]
    assert set(info.strategies) <= set(STRATEGIES)
    with pytest.raises(MethodError, match=info.strategies[-1]):
        kind(strategy="crop")
    with pytest.raises(WeightsError) as caught:
        kind().load("cpu", None)
    assert info.checkpoints[0].file in str(caught.value)
    assert f"--weights {info.name}=FILE" in str(caught.value)
    facts = {found: name for name, found in (REQUIRED | FURTHER).items()}
    assert info.checkpoints[0].file == f"{facts[kind]}.pth"


def training_batch(formula: str) -> Batch:
    """Levels of alpha 0, 0.5 and 1 in columns; dilation reaches one further, erosion one less."""
    alpha = torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0]).repeat_interleave(8).expand(1, 1, 40, 40)
    dilation = torch.tensor([0.0, 255, 255, 255, 255]).repeat_interleave(8).expand(1, 1, 40, 40)
    erosion = torch.tensor([0.0, 0, 0, 0, 255]).repeat_interleave(8).expand(1, 1, 40, 40)
    trimap = torch.tensor([0.0, 128, 128, 128, 255]).repeat_interleave(8).expand(1, 1, 40, 40)
    image = alpha.expand(1, 3, 40, 40) * 255
    layers = torch.full_like(image, 255), torch.zeros_like(image)
    return Batch(image, alpha, trimap, *layers, dilation=dilation, erosion=erosion, formula=formula)


@pytest.mark.parametrize(
    ("rosta", "integrating", "formula", "first"),
    [
        (Rosta.FT, False, "code", 1),  # the column from which on the class is 1: the dilation's
        (Rosta.BT, False, "code", 3),  # full opacity's
        (Rosta.FT, True, "code", 4),  # the erosion's
        (Rosta.BT, True, "code", 1),
        (Rosta.FT, False, "text", 4),
        (Rosta.BT, False, "text", 1),
        (Rosta.FT, True, "text", 4),
    ],
)
def test_what_the_glance_learns(rosta: Rosta, integrating: bool, formula: str, first: int) -> None:
    classes = gfm_training.classes_of(rosta, training_batch(formula), integrating)
    assert classes[0, 0, ::8].tolist() == [int(column >= first) for column in range(5)]


def rim_outputs() -> GFMOutputs:
    torch.manual_seed(0)
    branches = {
        rosta: Branches(
            *(
                torch.rand(1, channels, 40, 40).mul(0.8).add(0.1).requires_grad_()
                for channels in (rosta.classes, 1, 1)
            )
        )
        for rosta in Rosta.RIM.heads
    }
    return GFMOutputs(branches, torch.rand(1, 1, 40, 40).requires_grad_())


def test_rims_slip_is_exact_by_the_code_and_mended_by_the_text() -> None:
    training = gfm_training.GFMTraining("d121", "RIM", {})
    for formula in ("code", "text"):
        outputs = rim_outputs()
        parts = training.losses(outputs, training_batch(formula))
        torch.stack(list(parts.values())).sum().backward()
        reached = [t.grad is not None for t in outputs.branches[Rosta.BT]]
        assert reached == [formula == "text"] * 3
        assert all(t.grad is not None for t in outputs.branches[Rosta.FT])


def test_the_glances_cross_entropy_by_code_and_by_text() -> None:
    scores = torch.tensor([0.9, 0.2]).view(1, 2, 1, 1)
    classes = torch.zeros(1, 1, 1, dtype=torch.long)
    by_code = float(gfm_training.glance_loss(scores, classes, "code"))
    assert by_code == pytest.approx(np.log(1 + np.exp(0.2 - 0.9)))
    logits = np.log(0.9 / 0.1), np.log(0.2 / 0.8)
    by_text = float(gfm_training.glance_loss(scores, classes, "text"))
    assert by_text == pytest.approx(np.log(1 + np.exp(logits[1] - logits[0])), rel=1e-5)
