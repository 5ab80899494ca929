"""DIM answers as both public re-implementations do: inputs, networks, and the procedures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from p3mbench_methods.dim.method import PlainPredictor, SkipPredictor
from p3mbench_methods.dim.network import DIM, SkipDIM
from p3mbench_methods.dim.spec import DIMPlain, DIMSkip
from p3mbench_methods.linear import levels_resized, linear, lowered_sides
from p3mbench_methods.padding import reflected

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha

MAKERS: dict[str, Callable[[], Any]] = {
    "dim_mmagic": DIM,
    "dim_huochaitiantang_stage1": SkipDIM,
    "dim_huochaitiantang_stage3": lambda: SkipDIM(refiner=True),
}


def predictor_of(network: Any) -> Any:
    return (PlainPredictor if isinstance(network, DIM) else SkipPredictor)(network, "cpu")


@pytest.fixture(scope="module", params=["plain", "skip", "skip3"])
def thin(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(1)
    makers = {"plain": DIM(4), "skip": SkipDIM(4), "skip3": SkipDIM(4, refiner=True)}
    return predictor_of(makers[request.param])


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


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.slow
def test_keys_inputs_and_outputs_are_the_published_ones(name: str, golden: Any) -> None:
    data = golden(name)
    network = data.network(MAKERS[name])
    state = network.state_dict()
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    assert list(shapes.items()) == list(data.shapes.items())
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]
    predictor = predictor_of(network)
    image, trimap = data.arrays["image"], data.arrays["trimap"]
    given = predictor.input(image, trimap).double().numpy()
    (facts,) = data.facts["cases"]["A"]["input_stats"]
    found = [given.mean(), given.std(), given.min(), given.max(), np.linalg.norm(given)]
    wanted = [facts[key] for key in ("mean", "std", "min", "max", "l2")]
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    outputs = predictor.raw_outputs(image, trimap)
    errors = data.relative_errors(outputs)
    assert max(errors.values()) < 1e-5 or data.share_beyond(outputs, 1e-5) < 0.01, errors


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (33, 64), (101, 77), (128, 96)])
def test_any_size_gives_a_matte(thin: Any, shape: tuple[int, int]) -> None:
    image, trimap = scene(*shape)
    alpha = thin.predict(image, trimap)
    assert np.array_equal(checked_alpha(alpha, shape), alpha)
    assert (alpha[trimap == 255] == 1).all()
    assert (alpha[trimap == 0] == 0).all()
    strided = thin.predict(np.asfortranarray(image), np.asfortranarray(trimap))
    assert np.array_equal(strided, alpha)


def test_at_a_multiple_of_32_nothing_is_resized(thin: Any) -> None:
    image, trimap = scene(64, 96)
    raw = thin.raw_outputs(image, trimap)
    matte = raw.get("refined", raw["alpha"])[0, 0]
    unknown = trimap == 128
    np.testing.assert_array_equal(thin.predict(image, trimap)[unknown], matte[unknown])


def test_dim_pads_by_reflection_and_cuts_back() -> None:
    torch.manual_seed(2)
    predictor = PlainPredictor(DIM(4), "cpu")
    image, trimap = scene(50, 70)
    whole = [cv2.copyMakeBorder(a, 0, 14, 0, 26, cv2.BORDER_REFLECT_101) for a in (image, trimap)]
    for mine, reference in zip((reflected(image), reflected(trimap)), whole, strict=True):
        np.testing.assert_array_equal(mine, reference)
    raw = predictor.raw_outputs(*whole)["refined"][0, 0, :50, :70]
    unknown = trimap == 128
    np.testing.assert_array_equal(predictor.predict(image, trimap)[unknown], raw[unknown])


def test_dim_skip_resizes_as_opencv() -> None:
    torch.manual_seed(2)
    predictor = SkipPredictor(SkipDIM(4), "cpu")
    image, trimap = scene(50, 70)
    small = [cv2.resize(a, (64, 32), interpolation=cv2.INTER_LINEAR) for a in (image, trimap)]
    for mine, theirs in zip((image, trimap), small, strict=True):
        difference = levels_resized(mine, (32, 64)).astype(int) - theirs
        assert np.abs(difference).max() <= 1
    matte = predictor.raw_outputs(*small)["alpha"][0, 0]
    wanted = cv2.resize(matte, (70, 50), interpolation=cv2.INTER_LINEAR)
    unknown = trimap == 128
    np.testing.assert_allclose(linear(matte, (50, 70)), wanted, atol=1e-6)
    found = predictor.predict(image, trimap)[unknown]
    np.testing.assert_allclose(found, wanted[unknown], atol=2e-2)  # one level in the input


@pytest.mark.parametrize(
    ("shape", "sides"),
    [((1080, 1620), (1056, 1600)), ((31, 64), (32, 64)), ((5000, 95), (1600, 64))],
)
def test_lowered_sides(shape: tuple[int, int], sides: tuple[int, int]) -> None:
    assert lowered_sides(shape, 1600) == sides


def test_skips_change_the_matte_but_not_the_tensors() -> None:
    torch.manual_seed(3)
    with_skips, without = SkipDIM(4), SkipDIM(4, skips=False)
    without.load_state_dict(with_skips.state_dict(), strict=True)
    image, trimap = scene(64, 64)
    mattes = [SkipPredictor(n, "cpu").predict(image, trimap) for n in (with_skips, without)]
    assert np.abs(mattes[0] - mattes[1]).max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda: DIM(8), lambda: SkipDIM(8, refiner=True)])
def test_it_learns_one_image(make: Callable[[], Any]) -> None:
    torch.manual_seed(0)
    network = make().train()
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    alpha = ((24 - torch.hypot(y - 32.0, x - 32.0)) / 8).clamp(0, 1)[None, None]
    trimap = torch.where((alpha > 0) & (alpha < 1), 0.5, alpha)
    given = torch.cat([alpha.expand(-1, 3, -1, -1) * 2 - 1, trimap], dim=1).repeat(2, 1, 1, 1)
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for step in range(40):
        outputs = network(given)
        loss = sum((matte - alpha).abs().mean() for matte in outputs)
        optimiser.zero_grad()
        loss.backward()
        if step == 0:
            assert all(p.grad is not None for p in network.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.slow
def test_checkpoints_in_the_published_wrapping_load(tmp_path: Path) -> None:
    image, trimap = scene(32, 32)
    published = (
        (DIMPlain(), DIM(), {"meta": {"epoch": 1}}),
        (DIMPlain(refiner=False), DIM(refiner=False), {"meta": {"epoch": 1}}),
        (DIMSkip(), SkipDIM(), {}),
    )
    for method, network, meta in published:
        path = tmp_path / "w.pth"
        torch.save({**meta, "state_dict": network.state_dict()}, path)
        loaded = method.load("cpu", path)
        wanted = predictor_of(network).predict(image, trimap)
        np.testing.assert_array_equal(loaded.predict(image, trimap), wanted)


def test_weights_of_another_stage_are_refused(tmp_path: Path) -> None:
    torch.save(DIM(refiner=False).state_dict(), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="refiner"):
        DIMPlain().load("cpu", tmp_path / "w.pth")


def test_what_is_refused(thin: Any) -> None:
    image, trimap = scene(32, 64)
    with pytest.raises(ValueError, match="trimap is missing"):
        thin.predict(image)
    with pytest.raises(ValueError, match="trimap is \\(16, 64\\)"):
        thin.raw_outputs(image, trimap[:16])
    with pytest.raises(ValueError, match="multiples of 32"):
        thin.raw_outputs(image[:20], trimap[:20])
    for method in (DIMPlain, DIMSkip):
        with pytest.raises(MethodError, match=f"{method.info.name} has no strategy 'crop'"):
            method(strategy="crop")
        with pytest.raises(WeightsError, match=f"--weights {method.info.name}=FILE"):
            method().load("cpu", None)
