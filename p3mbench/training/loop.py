"""The training loop, on Lightning Fabric, which handles devices, precision and processes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from p3mbench.errors import P3MBenchError, WeightsError
from p3mbench.method import Method, check_extra
from p3mbench.provenance import sha256_of, versions
from p3mbench.training import state as states
from p3mbench.training.adversary import Adversary
from p3mbench.training.batch import Batch
from p3mbench.training.copy_paste import paste_features, paste_image
from p3mbench.training.crops import VERSION, CopyPaste, Crops, Positions, collate
from p3mbench.training.determinism import described, settle, watched
from p3mbench.training.launch import fabric_of
from p3mbench.training.optimisation import Freezer, optimiser_of, set_rate
from p3mbench.training.recipe import Adversarial, Recipe, Training, training_of
from p3mbench.training.sources import Prepared, Source
from p3mbench.training.start import load_encoder
from p3mbench.weights import load_into, load_state


class TrainingError(P3MBenchError):
    """A training run cannot start or continue."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training run.

    Attributes:
        method: a trainable method with its options.
        setting: B, N or B+CP.
        train_sets: names for the record, such as ``mini/train``.
        out: folder of the weights, state and logs.
        accelerator, precision: as in Lightning Fabric.
        workers: loader processes per device, 0 for none.
        save_every: steps between states.
        resume: continue from the state in ``out``, if there is one.
        half: store the weights in half precision.
        start: checkpoint to start from instead of random weights.
        encoder: ImageNet weights for the encoder; see `start.load_encoder`.
        devices, nodes: None for the launcher's numbers (torchrun, SLURM), or 1 without one.
    """

    method: Method
    recipe: Recipe
    source: Source
    setting: str
    train_sets: tuple[str, ...]
    out: Path
    seed: int = 0
    copy_paste: CopyPaste | None = None
    accelerator: str = "auto"
    devices: int | None = None
    nodes: int | None = None
    precision: str = "32-true"
    workers: int = 0
    save_every: int = 500
    resume: bool = False
    half: bool = False
    tensorboard: bool = True
    start: Path | None = None
    encoder: Path | None = None

    def check_folder(self) -> None:
        """Raise `TrainingError` if the folder contains a run and ``resume`` is False."""
        if not self.resume and states.holds_run(self.out):
            raise TrainingError(
                f"{self.out}: contains a training run; continue it with --resume, or give "
                "another --out"
            )


@dataclass(frozen=True)
class Progress:
    """Progress of a run: step, loss and its parts, learning rate, share of time spent waiting."""

    step: int
    total: int
    loss: float
    parts: dict[str, float]
    rate: float
    waiting: float
    images_per_second: float


@dataclass(frozen=True)
class Trained:
    """A finished run; ``waiting`` is the share of time spent waiting for data."""

    weights: Path
    sha256: str
    steps: int
    seconds: float
    waiting: float
    images_per_second: float
    loss: float


def train(
    job: Job,
    show: Callable[[Progress], object] = lambda _: None,
    show_preparing: Prepared = lambda done, total: None,
) -> Trained | None:
    """Train to the end of the recipe.

    Args:
        job: the run.
        show: called after every step, in the first process.
        show_preparing: called while training images are prepared, with the number of prepared
            images and the total; not called if nothing needs preparation.

    Returns:
        The finished run; None in processes other than the first.

    Raises:
        TrainingError: the batch size is not a multiple of the number of processes, the folder
            contains a run and ``resume`` is False, or the loss is not finite.
        MethodError: the method cannot be trained, or a library is not installed.
        WeightsError: the state in the folder belongs to another run.
        DataError: a training image or its foreground is missing.
    """
    run = _Run(job, show)
    run.prepare(show_preparing)
    return run.finish()


class _Run:
    """A run in this process: network, optimiser and current step."""

    def __init__(self, job: Job, show: Callable[[Progress], object]) -> None:
        self.job, self.show = job, show
        self.training: Training = training_of(job.method)
        check_extra(job.method.info)
        job.out.mkdir(parents=True, exist_ok=True)
        logs = job.out if job.tensorboard else None
        settle(job.accelerator)
        self.fabric = fabric_of(job.accelerator, job.devices, job.nodes, job.precision, logs)
        self.fabric.launch()
        if job.recipe.batch_size % self.fabric.world_size:
            raise TrainingError(
                f"a batch of {job.recipe.batch_size} cannot be split evenly among "
                f"{self.fabric.world_size} processes; give another --batch-size"
            )
        job.check_folder()
        job.source.check()
        if job.copy_paste is not None:
            job.copy_paste.donors.check()
        torch.manual_seed(job.seed)  # every process starts from the same weights
        self.inner = self.training.network(job.recipe.width)
        if job.start is not None:
            load_into(self.inner, job.start)
        if job.encoder is not None:
            load_encoder(self.inner, job.encoder)
        optimiser = optimiser_of(self.inner, job.recipe)
        self.total = job.recipe.total_steps(len(job.source))
        self.step, self.record = 0, self._record()
        state = states.load_state(job.out) if job.resume else None
        if state is not None:
            self._agree(state)
            known = state.get("determinism", self.record.determinism)
            self.record = replace(self.record, determinism=known)
            load_state(self.inner, state["network"], job.out / states.STATE)
            self.step = state["step"]
        if self.fabric.is_global_zero:
            states.cut_log(job.out, self.step)
        self.adversary = self._adversary(state)
        self.network, self.optimiser = self.fabric.setup(self.inner, optimiser)
        if state is not None:
            optimiser.load_state_dict(state["optimiser"])  # after setup: it needs its device
            self.fabric.strategy.precision.load_state_dict(state.get("scaler", {}))
        self.freezer, self.stage = Freezer(self.inner), ""
        self.freezer.enter(None)

    def prepare(self, show: Prepared) -> None:
        """Prepare the sources before the first step; one process does it for all."""
        if self.fabric.is_global_zero:
            self.job.source.prepare(show)
            if self.job.copy_paste is not None:
                self.job.copy_paste.donors.prepare(show)
        self.fabric.barrier()

    def _adversary(self, state: dict[str, Any] | None) -> Adversary | None:
        recipe = self.job.recipe
        if not recipe.adversarial:
            return None
        if not isinstance(self.training, Adversarial):
            raise TrainingError(f"{self.job.method.info.name} has no discriminator")
        return Adversary(self.fabric, self.training, recipe.width, state and state["adversary"])

    def _record(self) -> states.Record:
        job, info = self.job, self.job.method.info
        numbers = json.loads(json.dumps(asdict(job.recipe)))
        numbers["crop_version"] = VERSION
        if job.copy_paste is not None:
            numbers["copy_paste"] = [job.copy_paste.level, job.copy_paste.probability]
        if job.precision != "32-true":
            numbers["precision"] = job.precision
        for name in ("start", "encoder"):
            if getattr(job, name) is not None:
                numbers[name] = sha256_of(getattr(job, name))
        return states.Record(
            method=info.name,
            version=info.version,
            width=job.recipe.width,
            setting=job.setting,
            train_sets=job.train_sets,
            data=job.source.manifest(),
            seed=job.seed,
            steps=self.total,
            recipe=numbers,
            options=dict(job.recipe.options),
            environment=versions(),
        )

    @property
    def _identity(self) -> dict[str, Any]:
        """What must be equal in a state and the run that resumes it."""
        identity = json.loads(json.dumps(asdict(self.record)))
        for name in ("environment", "determinism"):
            identity.pop(name)
        return dict(identity)

    def _agree(self, state: dict[str, Any]) -> None:
        """Refuse the state of another run."""
        theirs, ours = state["identity"], self._identity
        different = [key for key in ours if theirs.get(key) != ours[key]]
        if different:
            raise WeightsError(
                f"{self.job.out / states.STATE}: belongs to another run (its "
                f"{', '.join(different)} differ); give another --out, or the same options"
            )

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            state = {
                "identity": self._identity,
                "network": self.inner.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "adversary": self.adversary.state() if self.adversary else None,
                "scaler": self.fabric.strategy.precision.state_dict(),  # scale of losses in 16 bits
                "step": self.step,
                "determinism": self.record.determinism,
            }
            states.save_state(self.job.out, state)
        self.fabric.barrier()

    def finish(self) -> Trained | None:
        """Run the remaining steps and write the files."""
        start, waited, loss = time.perf_counter(), 0.0, math.nan
        first = self.step
        batches = iter(self._loader())
        while self.step < self.total:
            before = time.perf_counter()
            batch = next(batches).to(self.fabric.device)
            waited += time.perf_counter() - before
            rate = self.job.recipe.rate_at(self.step, self.total)
            take = self._first_step if self.step == first else self._one_step
            loss, parts = take(batch, rate)
            self.step += 1
            seconds = time.perf_counter() - start
            done = (self.step - first) * self.job.recipe.batch_size / seconds
            self._tell(Progress(self.step, self.total, loss, parts, rate, waited / seconds, done))
            if self.step % self.job.save_every == 0 and self.step < self.total:
                self._save()
        self._save()
        if not self.fabric.is_global_zero:
            return None
        weights = states.save_weights(self.inner, self.job.out, self.record, self.job.half)
        seconds = max(time.perf_counter() - start, 1e-9)
        done = (self.step - first) * self.job.recipe.batch_size / seconds
        digest = sha256_of(weights)
        return Trained(weights, digest, self.step, seconds, waited / seconds, done, loss)

    def _loader(self) -> DataLoader[Batch]:
        job = self.job
        crops = Crops(job.source, job.recipe, job.seed, job.copy_paste)
        rank, world = self.fabric.global_rank, self.fabric.world_size
        sampler = Positions(self.step, self.total, job.recipe.batch_size, rank, world)
        return DataLoader(
            crops,  # type: ignore[arg-type]  # collate makes batches of its items
            batch_size=job.recipe.batch_size // world,
            sampler=sampler,
            collate_fn=collate,
            num_workers=job.workers,
            pin_memory=self.fabric.device.type == "cuda",
        )

    def _first_step(self, batch: Batch, rate: float) -> tuple[float, dict[str, float]]:
        """Run a step and record which algorithms are not repeatable on this device."""
        device = self.fabric.device
        with watched(device) as unordered:
            made = self._one_step(batch, rate)
        known = described(device, self.fabric.world_size, unordered)
        self.record = replace(self.record, determinism=known)
        return made

    def _one_step(self, batch: Batch, rate: float) -> tuple[float, dict[str, float]]:
        """Return the loss and its parts; wait for the device once, at the end."""
        recipe, rank = self.job.recipe, self.fabric.global_rank
        # for dropout and random losses
        torch.manual_seed(self.job.seed * 1_000_003 + self.step + (rank << 40))
        set_rate(self.optimiser, rate)
        stage = recipe.stage_at(self.step, self.total)
        if stage is not None and stage.name != self.stage:
            self.freezer.enter(stage)
            self.stage = stage.name
        with self._pasted(self._told(batch)) as pasted:
            outputs = self.network(*self.training.inputs(pasted))
            losses = self.training.losses(outputs, pasted)
        adversary = self.adversary
        if adversary is not None:
            true, made = adversary.judged(outputs, pasted)
            losses["adversarial"] = recipe.adversarial * adversary.fooled(made)
        loss: Tensor = torch.stack([part.float() for part in losses.values()]).sum()
        self.fabric.backward(loss)
        norm = None
        if recipe.clip:  # `_read` checks that it is finite; a check here would wait
            norm = self.fabric.clip_gradients(
                self.network, self.optimiser, max_norm=recipe.clip, error_if_nonfinite=False
            )
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if adversary is not None:
            losses["discriminator"] = adversary.learn(true, made)
        if norm is None or self.job.precision == "16-mixed":  # 16-mixed skips steps that overflow
            norm = torch.zeros_like(loss)
        return self._read(loss, norm, losses)

    def _read(
        self, loss: Tensor, norm: Tensor, losses: dict[str, Tensor]
    ) -> tuple[float, dict[str, float]]:
        """Fetch the loss and its parts from the device in one transfer."""
        tensors = (loss, norm, *losses.values())
        numbers = torch.stack([x.detach().float() for x in tensors]).tolist()
        parts = dict(zip(losses, numbers[2:], strict=True))
        if all(map(math.isfinite, numbers[:2])):
            return numbers[0], parts
        named = ", ".join(f"{name} {value:.4g}" for name, value in parts.items())
        what = "gradient" if math.isfinite(numbers[0]) else "loss"
        raise TrainingError(
            f"the {what} is not finite at step {self.step} ({named}); lower --lr, "
            "or continue from the last state with another --seed"
        )

    def _told(self, batch: Batch) -> Batch:
        """Add the stage and formula to the batch, for the losses."""
        return replace(batch, stage=self.stage, formula=self.job.recipe.formula)

    def _pasted(self, batch: Batch) -> Any:
        """Paste faces into the batch, or return a context that pastes them into features."""
        copy_paste = self.job.copy_paste
        if copy_paste is None or batch.donor is None or batch.paste is None:
            return nullcontext(batch)
        if copy_paste.level == "image":
            return nullcontext(replace(batch, image=paste_image(*_pasting(batch))))
        donors = self.training.inputs(replace(batch, image=batch.donor))
        layer = self.training.shallow(self.inner)
        return paste_features(self.inner, layer, donors, batch)

    def _tell(self, progress: Progress) -> None:
        if not self.fabric.is_global_zero:
            return
        self.show(progress)
        if progress.step % 10 == 0 or progress.step == progress.total:
            line = {"step": progress.step, "loss": progress.loss, **progress.parts}
            line |= {"lr": progress.rate, "waiting": progress.waiting}
            line["images_per_second"] = progress.images_per_second
            with (self.job.out / states.LOG).open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            self.fabric.log_dict({k: v for k, v in line.items() if k != "step"}, progress.step)


def _pasting(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    assert batch.donor is not None and batch.paste is not None  # noqa: S101 - for the type checker
    return batch.image, batch.donor, batch.paste
