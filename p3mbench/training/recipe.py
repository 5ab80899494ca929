"""How a method is trained: the numbers (`Recipe`) and the code (`Training`)."""

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
POWER = 0.9  # of the polynomial schedule (Liu et al., ParseNet, 2015)
CROP_RULES = ("p3m", "gfm", "centre", "uniform")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of a run with a task of its own.

    Attributes:
        name: what `Batch.stage` says meanwhile; a method's inputs and losses look at it.
        share: of the run's steps.
        trains: beginnings of the names of the parameters that learn; () lets all of them. Modules
            of which nothing learns are in evaluation mode.
    """

    name: str
    share: float
    trains: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The numbers of a training run.

    Attributes:
        width: factor on the network's channels; 1 is the published network.
        epochs, steps: how long; ``steps`` wins unless it is 0.
        batch_size: of all processes together.
        crops: heights of the crops taken from the image, one drawn per sample. 0 takes as much as
            the image has, and so does one that does not fit if there is no ``fallback``.
        fallback: the height that takes the place of one that is not smaller than the image in both
            directions, 0 for none. Where it does not fit either, as much as the image has.
        size: (H, W) that every crop is resized to; crops have its aspect ratio.
        crop_rule: ``p3m``: the top-left corner is an unknown pixel in half of the samples;
            ``gfm``: likewise a pixel whose alpha is 128; ``centre``: an unknown pixel is in the
            middle; ``uniform``: anywhere. See `placing`.
        kernels: (smallest, largest) side of the elliptical kernel that draws trimaps, in pixels
            of the image.
        envelope: side of the elliptical kernel that draws `Batch.dilation` and ``erosion`` for
            losses that need them, 0 for none.
        needs_layers: whether losses or jitter need foreground and background.
        jitter: whether the foreground's colours are shifted; see `crops.jittered`. Needs layers.
        optimiser, lr, betas, momentum, weight_decay: as PyTorch has them.
        rates: (beginning of parameters' names, factor on their learning rate); the longest
            beginning that fits counts.
        schedule: ``constant``; ``cosine`` to 0; ``late-cosine``, which begins after the warm-up;
            ``polynomial`` to 0, with `POWER`; ``steps``: from each share of the run in
            ``milestones`` on times the factor in ``factors``, or, if there are none, times
            ``gamma`` once more.
        warmup: share of the run in which the rate rises from 0.
        stages: parts of the run in order, whose shares sum to 1; () if it is of one piece.
        adversarial: weight of the adversarial loss, 0 for none; see `discriminator`.
        clip: largest norm of the gradient, 0 for any.
        losses: raised by one whenever what a method's losses compute changes, so that checkpoints
            of before are told apart.
        formula: where a paper's text and the code that made its checkpoint disagree on a loss,
            ``code`` follows the code and ``text`` the text.
        options: the method's own options that the checkpoint must be run with.
        note: where it departs from the paper.
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
            raise ValueError("factors must be as many as milestones")
        if self.stages and not math.isclose(sum(s.share for s in self.stages), 1):
            raise ValueError("the shares of the stages must sum to 1")
        if len({stage.name for stage in self.stages}) < len(self.stages):
            raise ValueError("stages need names of their own")
        if self.jitter and not self.needs_layers:
            raise ValueError("jitter shifts the foreground's colours, so it needs_layers")

    def __str__(self) -> str:
        """The recipe in one line of words."""
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
        """How many optimiser steps the run has for a data set of ``samples`` images."""
        return self.steps or max(1, round(self.epochs * samples / self.batch_size))

    def rate_at(self, step: int, total: int) -> float:
        """The learning rate of step ``step`` (from 0) of ``total``."""
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
        """The stage that step ``step`` (from 0) of ``total`` belongs to, None if there are none."""
        ends = accumulate(stage.share for stage in self.stages)
        for stage, end in zip(self.stages, ends, strict=True):
            if step < round(end * total):
                return stage
        return self.stages[-1] if self.stages else None


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


class Training(Protocol):
    """What a trainable method adds: its network, its losses, and the recipes it is trained by."""

    def network(self, width: float) -> nn.Module:
        """The network with its channels times ``width``, freshly initialised."""
        ...

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """What the network is called with."""
        ...

    def losses(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """The weighted parts of the loss by name, of the network's outputs in training mode.

        Their sum is minimised.
        """
        ...

    def recipe(self, preset: str) -> Recipe:
        """The recipe ``paper`` (the publication's) or ``nano`` (thin, for a laptop's CPU)."""
        ...

    def shallow(self, network: nn.Module) -> nn.Module:
        """The layer whose output feature-level copy-and-paste edits: the encoder's first."""
        ...


@runtime_checkable
class Documented(Protocol):
    """What a `Training` adds that was compared with its source."""

    @property
    def fidelity(self) -> Fidelity:
        """How it was checked, and where it departs from what is published."""
        ...


def fidelity_of(training: Training) -> Fidelity | None:
    """What is known of a training's fidelity, None if it says nothing."""
    return training.fidelity if isinstance(training, Documented) else None


@runtime_checkable
class Adversarial(Protocol):
    """What a `Training` adds whose recipe has an adversarial loss."""

    def discriminator(self, width: float) -> nn.Module:
        """Tells true from made; its channels are times ``width``."""
        ...

    def judged(self, outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the discriminator looks at: (N, C, H, W) with the truth, and as the network has it.

        The second carries gradients to the network.
        """
        ...


@runtime_checkable
class Trainable(Method, Protocol):
    """A method that can be trained here."""

    def training(self) -> Training:
        """Import and make its `Training`."""
        ...


def training_of(method: Method) -> Training:
    """A method's `Training`.

    Raises:
        MethodError: it has none.
    """
    if not isinstance(method, Trainable):
        why = "learns nothing" if not method.info.learned else "has no recipe for training"
        raise MethodError(f"{method.info.name} {why}; p3mbench methods --trainable lists those")
    return method.training()


def nano(**changes: Any) -> Recipe:
    """A recipe for thin networks on the synthetic portraits of ``mini`` (256x192), on a CPU.

    By default crops of all sizes down to a half are shrunk to 128x96, half the size of an image,
    for methods that look at half of it; `NATIVE` changes that for those that look at all of it.
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
