"""The loop: a run that is interrupted ends with the weights of one that is not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from torch import Tensor, nn

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import Kind, MethodInfo, Predictor
from p3mbench.provenance import sha256_of
from p3mbench.training import loop
from p3mbench.training.batch import Batch
from p3mbench.training.copy_paste import paste_features, paste_image
from p3mbench.training.crops import CopyPaste, Crops, collate
from p3mbench.training.discriminator import PatchGAN
from p3mbench.training.loop import Job, TrainingError, train
from p3mbench.training.recipe import Recipe, Stage, nano, training_of
from p3mbench.training.sources import Prepared, TrainScene
from p3mbench.training.state import Record, load_state, save_state, save_weights
from p3mbench.weights import load_into, read_state_dict, recorded, recorded_width

pytest.importorskip("lightning_fabric")


@dataclass(frozen=True)
class Noise:
    """Random scenes."""

    count: int = 6

    def __len__(self) -> int:
        return self.count

    def scene(self, index: int) -> TrainScene:
        rng = np.random.default_rng(index)
        image = rng.integers(0, 256, (48, 40, 3), dtype=np.uint8)
        alpha = np.zeros((48, 40), np.uint8)
        alpha[10:40, 10:30] = 255
        face = np.zeros((48, 40), bool)
        face[15:25, 15:25] = True
        return TrainScene(image, alpha, face)

    def manifest(self) -> str:
        return f"noise-{self.count}"

    def check(self) -> None:
        pass

    def prepare(self, show: Prepared) -> None:
        pass


class Tiny(nn.Module):
    """Two convolutions with dropout between; the first is registered twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.again = self.first
        self.last = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(
            self.last(nn.functional.dropout(self.first(x), training=self.training))
        )


class TinyTraining:
    def network(self, width: float) -> nn.Module:
        return Tiny()

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        return (batch.image / 255,)

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"alpha": nn.functional.mse_loss(outputs, batch.alpha)}

    def recipe(self, preset: str) -> Recipe:
        return nano(steps=12, batch_size=4, crops=(0,), size=(32, 32), width=0.5)

    def shallow(self, network: nn.Module) -> nn.Module:
        return network.get_submodule("first")


@dataclass(frozen=True)
class TinyMethod:
    info: ClassVar[MethodInfo] = MethodInfo(
        name="tiny", title="Tiny", kind=Kind.TRIMAP_FREE, year=2026, citation="-", learned=True
    )

    def load(self, device: str, weights: Path | None) -> Predictor:
        raise NotImplementedError

    def training(self) -> TinyTraining:
        return TinyTraining()


def job(out: Path, **changes: Any) -> Job:
    plain = Job(
        method=TinyMethod(),
        recipe=TinyTraining().recipe("nano"),
        source=Noise(),
        setting="B",
        train_sets=("noise/train",),
        out=out,
        accelerator="cpu",
        tensorboard=False,
        save_every=5,
    )
    return replace(plain, **changes)


def test_weights_say_what_they_are(tmp_path: Path) -> None:
    done = train(job(tmp_path, half=True))
    assert done is not None and done.steps == 12
    record = recorded(done.weights)
    assert record["setting"] == "B" and record["seed"] == 0 and record["data"] == "noise-6"
    assert record["train_sets"] == ["noise/train"] and record["recipe"]["batch_size"] == 4
    assert recorded_width(done.weights) == 0.5
    network = Tiny()
    load_into(network, done.weights)
    assert network.again is network.first
    state = read_state_dict(done.weights)
    assert state["again.weight"].dtype == torch.float16
    assert json.loads((tmp_path / "weights.json").read_text())["method"] == "tiny"
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [10, 12]


def test_tables_of_indices_take_little_room(tmp_path: Path) -> None:
    network = nn.Module()
    network.register_buffer("small", torch.arange(300))
    network.register_buffer("large", torch.tensor([1, 70_000]))
    network.register_buffer("count", torch.tensor(5))
    record = Record(
        method="x", version=1, width=1, setting="B", train_sets=(), data="", seed=0, steps=1,
        recipe={},
    )  # fmt: skip
    path = save_weights(network, tmp_path, record, half=True)
    kept = {name: tensor.dtype for name, tensor in read_state_dict(path).items()}
    assert kept == {"small": torch.int16, "large": torch.int64, "count": torch.int64}
    with torch.no_grad():
        for buffer in network.buffers():
            buffer.zero_()
    load_into(network, path)
    assert network.get_buffer("small").dtype == torch.int64
    assert torch.equal(network.get_buffer("small"), torch.arange(300))


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


class _Stop(Exception):
    pass


class GameTraining(TinyTraining):
    """Two stages, and a discriminator."""

    def recipe(self, preset: str) -> Recipe:
        stages = (Stage(name="first", share=0.5, trains=("first",)), Stage(name="all", share=0.5))
        return replace(super().recipe(preset), adversarial=0.1, stages=stages)

    def discriminator(self, width: float) -> nn.Module:
        return PatchGAN(4, 4)

    def judged(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        true, made = (torch.cat([batch.image / 255, a], 1) for a in (batch.alpha, outputs))
        return true, made


class GameMethod(TinyMethod):
    def training(self) -> TinyTraining:
        return GameTraining()


def stopped_at(step: int) -> Any:
    def stop(progress: Any) -> None:
        if progress.step == step:
            raise _Stop

    return stop


@pytest.mark.parametrize("method", [TinyMethod(), GameMethod()], ids=["plain", "game"])
@pytest.mark.parametrize("stop_at", [3, 5, 11])
def test_a_run_taken_up_again_ends_the_same(
    tmp_path: Path, stop_at: int, method: TinyMethod
) -> None:
    changes = {"method": method, "recipe": method.training().recipe("nano")}
    whole = train(job(tmp_path / "whole", **changes))
    with pytest.raises(_Stop):
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
    with pytest.raises(_Stop):
        train(job(tmp_path / "cut", **changes), stopped_at(7))
    taken_up = train(job(tmp_path / "cut", resume=True, **changes))
    assert whole is not None and taken_up is not None
    assert [s.get_scale() for s in scalers] == [64.0, 16.0, 64.0]
    assert whole.sha256 == taken_up.sha256


def test_the_log_keeps_no_step_twice(tmp_path: Path) -> None:
    recipe = replace(TinyTraining().recipe("nano"), steps=25)
    with pytest.raises(_Stop):
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


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    train(job(tmp_path))
    with pytest.raises(WeightsError, match="another run.*seed"):
        train(job(tmp_path, resume=True, seed=1))
    (tmp_path / "state.pt").write_bytes(b"rubbish")
    with pytest.raises(WeightsError, match="is a text file, not weights.*remove it to start again"):
        train(job(tmp_path, resume=True))


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


@pytest.mark.parametrize("level", ["image", "feature"])
def test_copy_and_paste_trains(tmp_path: Path, level: str) -> None:
    pasting = CopyPaste(Noise(3), level, 1.0)
    plain = train(job(tmp_path / "plain"))
    pasted = train(job(tmp_path / level, setting="B+CP", copy_paste=pasting))
    assert plain is not None and pasted is not None and pasted.sha256 != plain.sha256
    assert recorded(pasted.weights)["recipe"]["copy_paste"] == [level, 1.0]


def test_features_come_from_the_donor_where_the_mask_is() -> None:
    batch = collate([Crops(Noise(), nano(crops=(0,), size=(32, 32)), 0)[i] for i in range(2)])
    donor = 255 - batch.image
    mask = torch.zeros_like(batch.alpha)
    mask[..., 8:24, 8:24] = 1
    batch = replace(batch, donor=donor, paste=mask)
    network = Tiny().eval()
    seen: list[Tensor] = []
    network.last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with paste_features(network, network.first, (donor,), batch):
        network(batch.image)
    mine, theirs = network.first(batch.image), network.first(donor)
    assert torch.equal(seen[0], paste_image(mine, theirs, mask))
    seen.clear()
    network(batch.image)
    assert torch.equal(seen[0], mine)


def command(out: Path, *more: str, method: str = "modnet") -> list[str]:
    start = [
        sys.executable,
        "-m",
        "p3mbench",
        "train",
        method,
        "--setting",
        "B",
        "--out",
        str(out),
    ]
    plain = "--steps 8 --batch-size 2 --crop 64 --width 0.05 --limit 4 --save-every 2 --threads 1"
    return [*start, *plain.split(), "--no-tensorboard", *more]


@pytest.mark.slow
def test_killed_in_mid_training(tmp_path: Path) -> None:
    """kill -9 once a state is on disk, then --resume: the same bytes as an uninterrupted run."""
    environment = {**os.environ, "P3MBENCH_CACHE": str(tmp_path / "cache")}
    subprocess.run(command(tmp_path / "whole"), check=True, env=environment, capture_output=True)
    cut = tmp_path / "cut"
    process = subprocess.Popen(command(cut), env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (cut / "state.pt").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (cut / "weights.safetensors").is_file()
    subprocess.run(command(cut, "--resume"), check=True, env=environment, capture_output=True)
    ours, theirs = ((tmp_path / p / "weights.safetensors").read_bytes() for p in ("cut", "whole"))
    assert ours == theirs


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_two_processes(tmp_path: Path) -> None:
    """Two processes (gloo) see halves of each batch and end with one set of weights.

    Started by Fabric itself, by torchrun, and as SLURM's srun starts them: equal bytes.
    """
    environment = {**os.environ, "P3MBENCH_CACHE": str(tmp_path / "cache")}
    cpu = ["--device", "cpu"]
    own = command(tmp_path / "own", "--devices", "2", *cpu)
    subprocess.run(own, check=True, env=environment, capture_output=True)

    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    torchrun += ["--master-port", str(free_port()), *command(tmp_path / "torchrun", *cpu)[1:]]
    subprocess.run(torchrun, check=True, env=environment, capture_output=True)

    port, srun = str(free_port()), command(tmp_path / "slurm", *cpu)
    tasks = []
    for rank in ("0", "1"):
        task = {"SLURM_PROCID": rank, "SLURM_LOCALID": rank, "SLURM_NODEID": "0"}
        task |= {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_NTASKS": "2"}
        task |= {"SLURM_NNODES": "1", "SLURM_JOB_NAME": "train", "SLURM_JOB_ID": "1"}
        task |= {"SLURM_NODELIST": "127.0.0.1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        tasks.append(subprocess.Popen(srun, env=environment | task, stderr=subprocess.PIPE))
    for process in tasks:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors.decode()

    record = recorded(tmp_path / "own" / "weights.safetensors")
    assert record["steps"] == 8 and record["setting"] == "B"
    files = [tmp_path / name / "weights.safetensors" for name in ("own", "torchrun", "slurm")]
    assert len({sha256_of(file) for file in files}) == 1


@pytest.mark.slow
def test_two_processes_play_against_a_discriminator_and_resume(tmp_path: Path) -> None:
    """AlphaGAN on two processes, stopped after a state and taken up by two others."""
    environment = {**os.environ, "P3MBENCH_CACHE": str(tmp_path / "cache")}
    more = ["--devices", "2", "--device", "cpu"]
    whole = command(tmp_path / "whole", *more, method="alphagan")
    subprocess.run(whole, check=True, env=environment, capture_output=True)
    half = [*command(tmp_path / "cut", *more, method="alphagan"), "--save-every", "2"]
    process = subprocess.Popen(half, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "cut" / "state.pt").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    rest = [*command(tmp_path / "cut", *more, method="alphagan"), "--resume"]
    subprocess.run(rest, check=True, env=environment, capture_output=True)
    files = [tmp_path / name / "weights.safetensors" for name in ("whole", "cut")]
    assert sha256_of(files[0]) == sha256_of(files[1])


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module._orig_mod."])
def test_a_state_saved_from_a_wrapped_network_is_taken_up(tmp_path: Path, prefix: str) -> None:
    whole = train(job(tmp_path / "whole"))
    with pytest.raises(_Stop):
        train(job(tmp_path / "cut"), stopped_at(11))
    state = load_state(tmp_path / "cut")
    assert state is not None
    state["network"] = {prefix + name: tensor for name, tensor in state["network"].items()}
    save_state(tmp_path / "cut", state)
    taken_up = train(job(tmp_path / "cut", resume=True))
    assert whole is not None and taken_up is not None
    assert taken_up.sha256 == whole.sha256


def test_a_checkpoint_in_the_place_of_a_state_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(2)}}, tmp_path / "state.pt")
    with pytest.raises(WeightsError, match="is not a training state of p3mbench"):
        load_state(tmp_path)
