"""The loop: a run that is interrupted ends with the weights of one that is not."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from tiny import (
    GameMethod,
    GameTraining,
    Stop,
    Tiny,
    TinyMethod,
    TinyTraining,
    job,
    stopped_at,
)
from torch import Tensor, nn

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import MethodInfo
from p3mbench.training import loop
from p3mbench.training.batch import Batch
from p3mbench.training.loop import TrainingError, train
from p3mbench.training.recipe import Recipe, Stage, training_of
from p3mbench.weights import read_state_dict, recorded


def test_the_record_says_what_is_repeatable(tmp_path: Path) -> None:
    done = train(job(tmp_path))
    assert done is not None
    found = recorded(done.weights)["determinism"]
    assert found["device"] == "cpu" and found["bitwise"] is True and found["unordered"] == []
    assert found["set"] == {"threads": torch.get_num_threads()} and found["processes"] == 1
    again = train(job(tmp_path, resume=True))
    assert again is not None and again.sha256 == done.sha256, "no step was left to look at"


class SeveralParts(TinyTraining):
    """A loss of many parts, by an optimiser that keeps no numbers on the device."""

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        loss = nn.functional.mse_loss(outputs, batch.alpha)
        return {f"part {number}": loss / 8 for number in range(8)}

    def recipe(self, preset: str) -> Recipe:
        return replace(super().recipe(preset), optimiser="sgd", clip=1.0)


class SeveralMethod(TinyMethod):
    def training(self) -> TinyTraining:
        return SeveralParts()


@pytest.mark.parametrize("method", ["parts", "game"])
def test_a_step_waits_for_the_device_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Whatever brings numbers of a tensor to Python is counted; on a GPU each would wait."""
    calls: list[str] = []

    def counting(name: str) -> Any:
        original = getattr(Tensor, name)

        def call(self: Tensor, *rest: Any, **more: Any) -> Any:
            caller = sys._getframe(1).f_globals["__name__"]
            if not caller.startswith("torch.optim"):  # Adam's counters are never on a GPU
                calls.append(name)
            return original(self, *rest, **more)

        return call

    chosen = SeveralMethod() if method == "parts" else GameMethod()
    recipe = replace(chosen.training().recipe("nano"), optimiser="sgd", clip=1.0)
    per_step: list[int] = []

    def show(progress: Any) -> None:
        per_step.append(len(calls))
        calls.clear()

    for name in ("item", "tolist", "__float__", "__bool__", "__int__", "cpu", "numpy"):
        monkeypatch.setattr(Tensor, name, counting(name))
    train(job(tmp_path, method=chosen, recipe=recipe, save_every=100), show)
    assert len(per_step) == 12 and set(per_step[1:]) == {1}


@pytest.mark.parametrize("part", ["loss", "gradient"])
def test_numbers_that_are_not_finite_end_a_run_before_it_is_saved(
    tmp_path: Path, part: str
) -> None:
    class Broken(TinyTraining):
        def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
            if part == "loss":
                return {"alpha": outputs.mean() * float("nan")}
            return {"alpha": (outputs * 0).sum().sqrt()}  # 0, and its slope has no end

    class BrokenMethod(TinyMethod):
        def training(self) -> TinyTraining:
            return Broken()

    broken = replace(TinyTraining().recipe("nano"), clip=1.0)
    with pytest.raises(TrainingError, match=f"the {part} is not finite at step 0"):
        train(job(tmp_path, method=BrokenMethod(), recipe=broken, save_every=1))
    assert not (tmp_path / "state.pt").exists()


def test_a_run_of_other_crops_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(job(tmp_path))
    monkeypatch.setattr(loop, "VERSION", 3)
    with pytest.raises(WeightsError, match=r"its recipe differ"):
        train(job(tmp_path, resume=True))


@pytest.mark.parametrize("method", [TinyMethod(), GameMethod()], ids=["plain", "game"])
@pytest.mark.parametrize("stop_at", [3, 5, 11])
@pytest.mark.slow
def test_a_run_taken_up_again_ends_the_same(
    tmp_path: Path, stop_at: int, method: TinyMethod
) -> None:
    changes = {"method": method, "recipe": method.training().recipe("nano")}
    whole = train(job(tmp_path / "whole", **changes))
    with pytest.raises(Stop):
        train(job(tmp_path / "cut", **changes), stopped_at(stop_at))
    taken_up = train(job(tmp_path / "cut", resume=True, **changes))
    assert whole is not None and taken_up is not None
    assert taken_up.sha256 == whole.sha256
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("whole", "cut")]
    steps = [[json.loads(line)["step"] for line in log] for log in logs]
    assert steps[0] == steps[1] == [10, 12]


def test_losses_in_16_bits_are_scaled_on_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scale grows every third step, so that a run that forgot it ends otherwise."""
    scalers: list[torch.amp.GradScaler] = []

    def halves(*_: object) -> Fabric:
        scalers.append(torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=3))
        return Fabric(accelerator="cpu", plugins=MixedPrecision("16-mixed", "cpu", scalers[-1]))

    monkeypatch.setattr(loop, "fabric_of", halves)
    changes = {"precision": "16-mixed"}
    whole = train(job(tmp_path / "whole", **changes))
    with pytest.raises(Stop):
        train(job(tmp_path / "cut", **changes), stopped_at(7))
    taken_up = train(job(tmp_path / "cut", resume=True, **changes))
    assert whole is not None and taken_up is not None
    assert [s.get_scale() for s in scalers] == [64.0, 16.0, 64.0]
    assert whole.sha256 == taken_up.sha256


def test_the_log_keeps_no_step_twice(tmp_path: Path) -> None:
    recipe = replace(TinyTraining().recipe("nano"), steps=25)
    with pytest.raises(Stop):
        train(job(tmp_path, recipe=recipe, save_every=8), stopped_at(22))
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 2')  # as a crash leaves it
    train(job(tmp_path, recipe=recipe, save_every=8, resume=True))
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [10, 20, 25]


def test_a_stage_trains_what_it_names(tmp_path: Path) -> None:
    """After the first stage alone, only its parameters have moved."""
    recipe = replace(
        TinyTraining().recipe("nano"),
        stages=(Stage(name="first", share=1.0, trains=("first",)),),
    )
    done = train(job(tmp_path, recipe=recipe))
    assert done is not None
    torch.manual_seed(0)
    before, after = Tiny().state_dict(), read_state_dict(done.weights)
    assert torch.equal(before["last.weight"], after["last.weight"])
    assert not torch.equal(before["first.weight"], after["first.weight"])


def test_a_discriminator_changes_what_is_learned(tmp_path: Path) -> None:
    game = GameTraining().recipe("nano")
    plain = train(job(tmp_path / "a", method=GameMethod(), recipe=replace(game, adversarial=0.0)))
    played = train(job(tmp_path / "b", method=GameMethod(), recipe=game))
    assert plain is not None and played is not None and plain.sha256 != played.sha256
    last = json.loads((tmp_path / "b" / "log.jsonl").read_text().splitlines()[-1])
    assert last["adversarial"] > 0 and last["discriminator"] > 0
    assert last["loss"] == pytest.approx(last["alpha"] + last["adversarial"])
    assert not any("layers" in name for name in read_state_dict(played.weights))


def test_an_adversarial_recipe_needs_a_discriminator(tmp_path: Path) -> None:
    recipe = replace(TinyTraining().recipe("nano"), adversarial=0.1)
    with pytest.raises(TrainingError, match="tiny has no discriminator"):
        train(job(tmp_path, recipe=recipe))


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    runs = [train(job(tmp_path / str(seed), seed=seed)) for seed in (0, 1)]
    assert runs[0] is not None and runs[1] is not None and runs[0].sha256 != runs[1].sha256


def test_loader_processes_change_nothing(tmp_path: Path) -> None:
    runs = [train(job(tmp_path / str(n), workers=n)) for n in (0, 2)]
    assert runs[0] is not None and runs[1] is not None and runs[0].sha256 == runs[1].sha256


def test_a_finished_run_is_not_overwritten(tmp_path: Path) -> None:
    done = train(job(tmp_path))
    with pytest.raises(TrainingError, match="contains a training run; continue it with --resume"):
        train(job(tmp_path, seed=1))
    again = train(job(tmp_path, resume=True))
    assert done is not None and again is not None and again.sha256 == done.sha256


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    class Bad(TinyTraining):
        def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
            return {"alpha": outputs.mean() * float("nan")}

    class BadMethod(TinyMethod):
        def training(self) -> TinyTraining:
            return Bad()

    with pytest.raises(TrainingError, match="not finite at step 0"):
        train(job(tmp_path, method=BadMethod()))


def test_a_method_that_learns_nothing() -> None:
    from p3mbench.registry import find

    coarse = next(e.method for e in find() if e.name == "coarse")
    assert coarse is not None
    with pytest.raises(MethodError, match="coarse learns nothing"):
        training_of(coarse)


def test_what_is_not_installed_is_named_before_the_first_step(tmp_path: Path) -> None:
    class Elsewhere(TinyMethod):
        info: ClassVar[MethodInfo] = replace(
            TinyMethod.info, imports=("surely_not_there",), extra="more"
        )

    with pytest.raises(MethodError, match=r"surely_not_there.*pip install 'p3mbench\[more\]'"):
        train(job(tmp_path / "run", method=Elsewhere()))
    assert not (tmp_path / "run").exists()
