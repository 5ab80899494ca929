"""A network of two convolutions, its training, and random scenes: runs of a second."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from p3mbench.method import Kind, MethodInfo, Predictor
from p3mbench.training.batch import Batch
from p3mbench.training.discriminator import PatchGAN
from p3mbench.training.loop import Job
from p3mbench.training.recipe import Recipe, Stage, nano
from p3mbench.training.sources import Prepared, TrainScene


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


class Stop(Exception):
    pass


def stopped_at(step: int) -> Any:
    def stop(progress: Any) -> None:
        if progress.step == step:
            raise Stop

    return stop
