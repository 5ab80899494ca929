"""The description of a training: its numbers (`Recipe`) and its code (`Training`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from p3mbench.errors import MethodError
from p3mbench.method import Method
from p3mbench.training.fidelity import Fidelity

if TYPE_CHECKING:
    from torch import Tensor, nn

    from p3mbench.training.batch import Batch

PRESETS = ("paper", "nano")
OPTIMISERS = ("adam", "adamw", "radam", "sgd")
SCHEDULES = ("constant", "cosine", "late-cosine", "steps", "polynomial")
FORMULAS = ("code", "text")
POWER = 0.9  # exponent of the polynomial schedule (Liu et al., ParseNet, 2015)
CROP_RULES = ("p3m", "gfm", "centre", "uniform")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of a run with its own task.

    Attributes:
        name: value of `Batch.stage` in this stage; a method's inputs and losses may depend on it.
        share: share of the run's steps.
        trains: prefixes of the names of trained parameters; () trains all. Modules without trained
            parameters are in evaluation mode.
    """

    name: str
    share: float
    trains: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The numbers of a training run.

    Attributes:
        width: factor on the network's channels; 1 is the published network.
        epochs, steps: length; ``steps`` wins unless it is 0.
        batch_size: batch size over all processes.
        crops: heights of crops; each sample draws one. 0 means the largest crop that fits. A height
            that does not fit means the same if there is no ``fallback``.
        fallback: height that replaces one that is not smaller than the image in both directions; 0
            for none. If it does not fit either, the largest crop that fits is taken.
        size: (H, W) that every crop is resized to; crops have its aspect ratio.
        crop_rule: ``p3m``: the top-left corner is an unknown pixel in half of the samples;
            ``gfm``: the same with a pixel whose alpha is 128; ``centre``: an unknown pixel is the
            centre; ``uniform``: anywhere. See `placing`.
        kernels: (smallest, largest) side of the elliptical kernel that draws trimaps, in pixels
            of the image.
        envelope: side of the elliptical kernel that draws `Batch.dilation` and ``erosion`` for
            losses that need them; 0 for none.
        needs_layers: whether losses or jitter need foreground and background.
        jitter: whether to shift the foreground's colours; see `crops.jittered`. Needs layers.
        optimiser, lr, betas, momentum, weight_decay: as in PyTorch.
        rates: (prefix of parameters' names, factor on their learning rate); the longest matching
            prefix counts.
        schedule: ``constant``; ``cosine`` to 0; ``late-cosine``, which begins after the warm-up;
            ``polynomial`` to 0, with `POWER`; ``steps``: after each share of the run in
            ``milestones``, ``lr`` times the factor in ``factors`` or, if that is empty, the rate
            times ``gamma``.
        warmup: share of the run in which the rate rises from 0.
        stages: parts of the run in order, with shares that sum to 1; () for a single part.
        adversarial: weight of the adversarial loss; 0 for none; see `discriminator`.
        clip: largest norm of the gradient; 0 for no limit.
        losses: version of the method's losses; raised when they change, to tell older checkpoints
            apart.
        formula: ``code`` or ``text``: which to follow if the paper and the code of its checkpoint
            disagree on a loss.
        options: options of the method that the checkpoint must be run with.
        note: departures from the paper.
    """

    width: float = 1.0
    epochs: float = 0
    steps: int = 0
    batch_size: int = 8
    crops: tuple[int, ...] = (512,)
    size: tuple[int, int] = (512, 512)
    fallback: int = 0
    crop_rule: str = "p3m"
    kernels: tuple[int, int] = (15, 30)
    envelope: int = 0
    needs_layers: bool = False
    jitter: bool = False
    optimiser: str = "adam"
    lr: float = 1e-5
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    weight_decay: float = 0.0
    rates: tuple[tuple[str, float], ...] = ()
    schedule: str = "constant"
    milestones: tuple[float, ...] = ()
    gamma: float = 0.1
    factors: tuple[float, ...] = ()
    warmup: float = 0.0
    clip: float = 0.0
    stages: tuple[Stage, ...] = ()
    adversarial: float = 0.0
    losses: int = 1
    formula: str = "code"
    options: tuple[tuple[str, Any], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        _one_of("optimiser", self.optimiser, OPTIMISERS)
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("crop_rule", self.crop_rule, CROP_RULES)
        _one_of("formula", self.formula, FORMULAS)
        if not (self.steps > 0 or self.epochs > 0):
            raise ValueError("a recipe needs steps or epochs above 0")
        if self.batch_size < 1 or not self.lr > 0 or not self.width > 0:
            raise ValueError("batch_size, lr and width must be positive")
        if self.fallback < 0 or self.envelope < 0:
            raise ValueError("fallback and envelope must not be negative")
        if self.factors and len(self.factors) != len(self.milestones):
            raise ValueError("factors and milestones must have the same length")
        if self.stages and not math.isclose(sum(s.share for s in self.stages), 1):
            raise ValueError("the shares of the stages must sum to 1")
        if len({stage.name for stage in self.stages}) < len(self.stages):
            raise ValueError("stages need different names")
        if self.jitter and not self.needs_layers:
            raise ValueError("jitter needs the foreground's colours: set needs_layers")

    def __str__(self) -> str:
        """Describe the recipe in one line."""
        long = f"{self.steps:,} steps" if self.steps else f"{self.epochs:g} epochs"
        crops = ", ".join(str(c) if c else "whole images" for c in self.crops)
        parts = [
            f"{self.optimiser} at {self.lr:g} ({self.schedule})",
            f"{long} of {self.batch_size}",
            f"crops of {crops} to {self.size[0]}x{self.size[1]}"
            + (f" ({self.fallback} where one does not fit)" if self.fallback else ""),
            f"trimaps by kernels of {self.kernels[0]} to {self.kernels[1]}",
        ]
        if self.envelope:
            parts.append(f"dilation and erosion by kernels of {self.envelope}")
        if self.formula != FORMULAS[0]:
            parts.append(f"losses by the paper's {self.formula}")
        if self.stages:
            stages = ", ".join(f"{s.name} {s.share:.0%}" for s in self.stages)
            parts.append(f"stages: {stages}")
        if self.adversarial:
            parts.append(f"adversarial loss x {self.adversarial:g}")
        if self.jitter:
            parts.append("colour jitter")
        if self.note:
            parts.append(self.note)
        return "; ".join(parts)

    def total_steps(self, samples: int) -> int:
        """Return the number of optimiser steps for a data set of ``samples`` images."""
        return self.steps or max(1, round(self.epochs * samples / self.batch_size))

    def rate_at(self, step: int, total: int) -> float:
        """Return the learning rate at step ``step`` (from 0) of ``total``."""
        done = step / total
        rise = min(1.0, (step + 1) / (self.warmup * total)) if self.warmup else 1.0
        if self.schedule == "cosine":
            return self.lr * rise * (1 + math.cos(math.pi * done)) / 2
        if self.schedule == "late-cosine":
            late = max(0.0, done - self.warmup) / (1 - self.warmup)
            return self.lr * rise * (1 + math.cos(math.pi * late)) / 2
        if self.schedule == "polynomial":
            return self.lr * rise * math.pow(1 - done, POWER)
        passed = sum(done >= share for share in self.milestones)
        factor = (1.0, *self.factors)[passed] if self.factors else math.pow(self.gamma, passed)
        return self.lr * rise * factor

    def stage_at(self, step: int, total: int) -> Stage | None:
        """Return the stage of step ``step`` (from 0) of ``total``; None if there are no stages."""
        ends = accumulate(stage.share for stage in self.stages)
        for stage, end in zip(self.stages, ends, strict=True):
            if step < round(end * total):
                return stage
        return self.stages[-1] if self.stages else None


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


class Training(Protocol):
    """What a trainable method adds: its network, losses and recipes."""

    def network(self, width: float) -> nn.Module:
        """Make a newly initialised network with its channels times ``width``."""
        ...

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return the arguments of the network."""
        ...

    def losses(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Compute the weighted parts of the loss by name, from outputs in training mode.

        Training minimises their sum.
        """
        ...

    def recipe(self, preset: str) -> Recipe:
        """Return the recipe ``paper`` (as published) or ``nano`` (thin, for a laptop's CPU)."""
        ...

    def shallow(self, network: nn.Module) -> nn.Module:
        """Return the encoder's first layer; feature-level copy-and-paste edits its output."""
        ...


@runtime_checkable
class Documented(Protocol):
    """A `Training` that was compared with its source."""

    @property
    def fidelity(self) -> Fidelity:
        """How it was checked, and how it departs from the source."""
        ...


def fidelity_of(training: Training) -> Fidelity | None:
    """Return the fidelity of a training; None if it declares none."""
    return training.fidelity if isinstance(training, Documented) else None


@runtime_checkable
class Adversarial(Protocol):
    """A `Training` whose recipe has an adversarial loss."""

    def discriminator(self, width: float) -> nn.Module:
        """Make a discriminator with its channels times ``width``."""
        ...

    def judged(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the discriminator's inputs, each (N, C, H, W): the true and the predicted one.

        The second passes gradients to the network.
        """
        ...


@runtime_checkable
class Trainable(Method, Protocol):
    """A method that can be trained."""

    def training(self) -> Training:
        """Import and make the method's `Training`."""
        ...


def training_of(method: Method) -> Training:
    """Return the `Training` of a method.

    Raises:
        MethodError: the method has none.
    """
    if not isinstance(method, Trainable):
        why = "learns nothing" if not method.info.learned else "has no recipe for training"
        raise MethodError(f"{method.info.name} {why}; see p3mbench methods --trainable")
    return method.training()


def nano(**changes: Any) -> Recipe:
    """Make a recipe for thin networks on the synthetic portraits of ``mini`` (256x192), on a CPU.

    By default, crops of all sizes down to half the image are shrunk to 128x96, for methods that
    work at half size. `NATIVE` changes this for methods that work at full size.
    """
    plain: dict[str, Any] = {
        "steps": 800,
        "batch_size": 8,
        "crops": (0, 224, 192, 160, 128),
        "size": (128, 96),
        "crop_rule": "uniform",
        "kernels": (3, 8),
        "optimiser": "adamw",
        "lr": 2e-3,
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "warmup": 0.05,
        "clip": 1.0,
        "note": "ours, not the paper's: a thin network on synthetic portraits",
    }
    return Recipe(**plain | changes)


NATIVE: dict[str, Any] = {"crops": (128, 128, 160), "size": (128, 96), "crop_rule": "centre"}
