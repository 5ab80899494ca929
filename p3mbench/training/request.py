"""The request for a training, cheap to import; `p3mbench.training.setup` makes the job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.settings import OTHER, UNTRAINED, TrainSetting

if TYPE_CHECKING:
    from p3mbench.method import Method

PASTE_PROBABILITY = 0.5
PAPER, NANO = "paper", "nano"


@dataclass(frozen=True)
class TrainRequest:
    """The request for one training. None leaves a choice to the recipe or to the data.

    Attributes:
        method: the method to train.
        setting: the faces in the training images: a variant, or ``B+CP``.
        benchmark: name or FILE.toml of the benchmark with the training split; None to recognise it
            from ``data``, or for ``mini`` without ``data``.
        data: data folder.
        preset: ``paper`` or ``nano``; None for nano if images are drawn, else paper.
        epochs, steps, batch_size, lr, width, formula: replace the recipe's values.
        crop: side of square crops, in pixels.
        limit: train only on so many first images.
        seed: seed of data, weights and all random choices.
        foregrounds: folder made by ``data foregrounds``.
        unpack: most bytes of unpacked foregrounds.
        faces: folder of public faces for B+CP.
        paste, paste_probability: level of B+CP, and probability that a sample gets a public face.
        start, encoder: weights to start from.
        device: ``auto``, ``cuda`` or ``cpu``.
        devices, nodes: None for the launcher's numbers.
        workers: loader processes per device; None for 0 if images are drawn, else 8.
        save_every: steps between saved states.
        resume: continue the run in the folder.
        out: folder of the run; None for one below ``results/train``.
    """

    method: Method
    setting: str
    benchmark: str | None = None
    data: Path | None = None
    preset: str | None = None
    epochs: float | None = None
    steps: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    width: float | None = None
    formula: str | None = None
    crop: int | None = None
    limit: int | None = None
    seed: int = 0
    foregrounds: Path | None = None
    unpack: int = 0
    faces: Path | None = None
    paste: str = "image"
    paste_probability: float = PASTE_PROBABILITY
    start: Path | None = None
    encoder: Path | None = None
    device: str = "auto"
    devices: int | None = None
    nodes: int | None = None
    precision: str = "32-true"
    workers: int | None = None
    save_every: int = 200
    tensorboard: bool = True
    resume: bool = False
    out: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        name = f"{self.method.info.name}-{self.setting.lower()}-{self.seed}"
        return self.out or Path("results") / "train" / name


def trainable_setting(name: str) -> str:
    """Return ``name`` if images can be trained on in it: a variant, or ``B+CP``.

    Raises:
        ValueError: they cannot; the message says why.
    """
    if name in (OTHER, UNTRAINED):
        raise ValueError(f"{name!r} does not say which faces to train on")
    return str(TrainSetting(name))
