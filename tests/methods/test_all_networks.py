"""What every trainable method promises, shown on its own thin network with random weights.

Networks that p3mbench does not train have tests of their own, and `p3mbench check`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from p3mbench.errors import WeightsError
from p3mbench.method import Method, checked_alpha, missing_extra
from p3mbench.provenance import sha256_of
from p3mbench.registry import find
from p3mbench.training.batch import Batch
from p3mbench.training.optimisation import Freezer
from p3mbench.training.recipe import PRESETS, Trainable, training_of
from p3mbench.training.state import Record, save_weights

LEARNED = [e.method for e in find() if isinstance(e.method, Trainable)]
SIZES = [(1, 1), (33, 47), (64, 96), (130, 70)]

# in the quick loop two networks of either kind stand for all
QUICK = ("alphagan", "dim", "modnet", "p3mnet-r34")
method_of = pytest.mark.parametrize(
    "method",
    [
        pytest.param(m, id=m.info.name, marks=() if m.info.name in QUICK else pytest.mark.slow)
        for m in LEARNED
    ],
)


@pytest.fixture(scope="session")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from a method to a checkpoint of its nano network with random weights."""
    made: dict[str, Path] = {}

    def of(method: Method) -> Path:
        name = method.info.name
        if name not in made:
            training = training_of(method)
            recipe = training.recipe("nano")
            torch.manual_seed(0)
            record = Record(
                method=name, version=1, width=recipe.width, setting="B", train_sets=(), data="",
                seed=0, steps=0, recipe={}, options=dict(recipe.options),
            )  # fmt: skip
            folder = tmp_path_factory.mktemp(name)
            made[name] = save_weights(training.network(recipe.width), folder, record)
        return made[name]

    return of


def scene(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(height * 1000 + width)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[: height // 3] = 0
    trimap[height - height // 3 :, : width // 2] = 255
    image.setflags(write=False)
    trimap.setflags(write=False)
    return image, trimap


@pytest.fixture(autouse=True)
def _extra(request: pytest.FixtureRequest) -> None:
    missing = missing_extra(request.getfixturevalue("method").info)
    if missing:
        pytest.skip(missing)


@method_of
@pytest.mark.slow
def test_any_size_gives_a_matte_and_twice_the_same(method: Method, thin: Any) -> None:
    predictor = method.load("cpu", thin(method))
    for size in SIZES:
        image, trimap = scene(*size)
        given = trimap if method.info.needs_trimap else None
        first = checked_alpha(predictor.predict(image, given), size)
        assert np.array_equal(first, checked_alpha(predictor.predict(image, given), size)), size


@method_of
def test_the_checkpoint_is_left_alone(method: Method, thin: Any) -> None:
    before = sha256_of(thin(method))
    method.load("cpu", thin(method))
    assert sha256_of(thin(method)) == before


@method_of
def test_weights_are_needed_and_another_networks_are_refused(
    method: Method, thin: Any, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match="needs weights"):
        method.load("cpu", None)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with torch.device("meta"), pytest.raises(WeightsError, match=r"other\.pth does not fit"):
        method.load("cpu", tmp_path / "other.pth")  # its shapes and names tell


@method_of
def test_every_strategy_runs(method: Method, thin: Any) -> None:
    from p3mbench.method import with_options

    image, trimap = scene(70, 90)
    for strategy in method.info.strategies:
        predictor = with_options(method, {"strategy": strategy}).load("cpu", thin(method))
        given = trimap if method.info.needs_trimap else None
        checked_alpha(predictor.predict(image, given), (70, 90))


def overfitting_batch(size: tuple[int, int]) -> Batch:
    """A disc before noise, twice."""
    height, width = size
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    distance = ((rows - height / 2) ** 2 + (columns - width / 2) ** 2).sqrt()
    alpha = ((width / 3 - distance) / 6 + 0.5).clamp(0, 1)[None, None].expand(2, 1, -1, -1)
    trimap = torch.full_like(alpha, 128)
    trimap = torch.where(distance < width / 3 - 8, 255.0, trimap)
    trimap = torch.where(distance > width / 3 + 8, 0.0, trimap)
    noise = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1)) * 100
    foreground, background = noise + 150, noise
    image = alpha * foreground + (1 - alpha) * background
    outline = {
        "dilation": (distance < width / 3 + 12).float().expand_as(alpha) * 255,
        "erosion": (distance < width / 3 - 12).float().expand_as(alpha) * 255,
    }
    return Batch(image, alpha.contiguous(), trimap, foreground, background, **outline)


@method_of
def test_recipes_are_sound(method: Method) -> None:
    training = training_of(method)
    recipes = {preset: training.recipe(preset) for preset in PRESETS}
    assert recipes["paper"].width == 1 and recipes["nano"].width < 1
    with torch.device("meta"):
        network = training.network(recipes["nano"].width)
    assert training.shallow(network) in set(network.modules())


@method_of
def test_names_in_a_recipe_are_names_in_the_network(method: Method) -> None:
    """Rates and stages speak of parameters that exist, in every preset."""
    training = training_of(method)
    with torch.device("meta"):
        network = training.network(training.recipe("nano").width)
    names, freezer = [name for name, _ in network.named_parameters()], Freezer(network)
    for preset in PRESETS:
        recipe = training.recipe(preset)
        for start in (s for s, _ in recipe.rates if not s.endswith("residual.")):
            assert any(name.startswith(start) for name in names), start
        for stage in recipe.stages:
            freezer.enter(stage)


@method_of
def test_each_stage_gives_gradients_to_what_it_trains(method: Method) -> None:
    training = training_of(method)
    recipe = training.recipe("nano")
    for stage in recipe.stages:
        torch.manual_seed(0)
        network = training.network(recipe.width).train()
        Freezer(network).enter(stage)
        batch = replace(overfitting_batch(recipe.size), stage=stage.name)
        parts = training.losses(network(*training.inputs(batch)), batch)
        torch.stack(list(parts.values())).sum().backward()
        learning = [p for p in network.parameters() if p.requires_grad]
        reached = [p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in learning]
        moved = [p.grad is not None and bool(p.grad.any()) for p in learning]
        assert sum(reached) > 0.9 * len(learning), stage.name
        assert sum(moved) > 0.5 * len(learning), stage.name
        assert all(p.grad is None for p in network.parameters() if not p.requires_grad)


@method_of
@pytest.mark.slow
def test_twenty_steps_on_one_image(method: Method) -> None:
    """The loss falls at one of two learning rates, and every weight that learns gets a gradient.

    It stops early where three steps in a row are below three quarters of the first. Most networks
    need no more than a small scene; the others get one of the recipe's size.
    """
    training = training_of(method)
    recipe = training.recipe("nano")
    runs = []
    for size, lr in product(((64, 64), recipe.size), (3e-2, 3e-3)):  # most fall at the first
        batch = overfitting_batch(size)
        torch.manual_seed(0)
        network = training.network(recipe.width).train()
        optimiser = torch.optim.Adam(network.parameters(), lr)
        found: list[float] = []
        while len(found) < 20 and not (len(found) >= 3 and max(found[-3:]) < 0.75 * found[0]):
            parts = training.losses(network(*training.inputs(batch)), batch)
            loss = torch.stack(list(parts.values())).sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            found.append(float(loss.detach()))
        learning = [p for p in network.parameters() if p.requires_grad]
        reached = [p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in learning]
        assert np.mean(reached) > 0.9
        runs.append(found)
        if min(found[-3:]) < 0.75 * found[0]:
            return
    pytest.fail(f"the loss does not fall: {runs}")


@pytest.fixture(scope="session")
def dear() -> dict[str, list[str]]:
    """Module of a description -> what dear libraries its import and making bring, in its turn."""
    kinds = [(type(method).__module__, type(method).__name__) for method in LEARNED]
    code = (
        "import importlib, json, sys\n"
        "dear = ('torch', 'transformers', 'scipy', 'cv2', 'skimage', 'pandas')\n"
        "seen, brought = set(), {}\n"
        f"for module, name in {kinds!r}:\n"
        "    getattr(importlib.import_module(module), name)()\n"
        "    now = {d for d in dear if sys.modules.get(d)}\n"
        "    brought[module] = brought.get(module, []) + sorted(now - seen)\n"
        "    seen |= now\n"
        "print(json.dumps(brought))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@method_of
def test_its_description_costs_nothing(method: Method, dear: dict[str, list[str]]) -> None:
    assert dear[type(method).__module__] == []


@method_of
def test_its_parameters_are_counted(method: Method) -> None:
    with torch.device("meta"):
        network = training_of(method).network(1)
    assert sum(p.numel() for p in network.parameters()) == method.info.parameters
