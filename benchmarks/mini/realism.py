"""Compare the worlds of the portrait generator with photographs, without any trained network.

Run it from a checkout: python benchmarks/mini/realism.py [--count 48] [--photographs P3M-10k]
[--out results/mini/realism.md]. It looks at training portraits only:

- the mean absolute error of closed-form matting in the unknown region: how badly the linear colour
  model holds. Photographs are scaled down to the portraits' width, with trimaps of the same kernel;
- of two hidden places, one on a person's face and one elsewhere, how often the one with less
  Laplacian energy is the face: a blur detector's AUC, 0.5 for luck;
- the share of hidden pixels that are on people, beside the people's share of the image.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data.obfuscation import OPAQUE, Obfuscation
from p3mbench.data.portraits import WORLDS, SyntheticPortrait, seed_of
from p3mbench.data.sample import TrimapSource, as_bytes
from p3mbench.method import Predictor
from p3mbench.regions import trimap_from_alpha
from p3mbench.registry import load_method

ROOT = Path(__file__).resolve().parents[2]
SIZE, KERNEL = (256, 192), 5
LEAST = 20  # pixels of a place whose energy is measured

UInt8 = npt.NDArray[np.uint8]


@dataclass
class Measured:
    """What is known of a set of images."""

    errors: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)  # energy of hidden faces of people
    elsewhere: list[float] = field(default_factory=list)  # of other hidden places
    hidden: list[tuple[int, int]] = field(default_factory=list)  # pixels on people, and all
    people: list[float] = field(default_factory=list)  # share of the image

    @property
    def auc(self) -> float:
        """Probability that a face of a person has less energy than another hidden place."""
        if not self.own or not self.elsewhere:
            return float("nan")
        first, second = np.array(self.own)[:, None], np.array(self.elsewhere)[None, :]
        return float(np.mean((first < second) + 0.5 * (first == second)))


def error_of(method: Predictor, image: UInt8, alpha: UInt8) -> float:
    """Mean absolute error in the unknown region."""
    trimap = trimap_from_alpha(alpha, KERNEL)
    unknown = trimap == 128
    return float(np.abs(method.predict(image, trimap) - alpha / 255)[unknown].mean())


def energies(energy: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> Iterator[float]:
    """Mean energy of the inside of each connected place."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(inner)
    for label in range(1, count):
        place = labels == label
        if place.sum() >= LEAST:
            yield float(energy[place].mean())


def add_portrait(found: Measured, portrait: SyntheticPortrait) -> None:
    """Hide all faces as variant B does and measure the hidden places."""
    face, others = portrait.face, portrait.others
    solid = np.where(others, np.uint8(255), portrait.alpha)
    image = Obfuscation().apply(portrait.image, face | others, solid)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    energy = np.asarray(cv2.Laplacian(grey, cv2.CV_32F), np.float32) ** 2
    own = face & (portrait.alpha >= OPAQUE)
    behind = others | (portrait.patches & (portrait.alpha == 0))
    found.own += energies(energy, own)
    found.elsewhere += energies(energy, behind)
    everything, person = own | others | portrait.patches, portrait.alpha >= 128
    found.hidden.append((int((everything & person).sum()), int(everything.sum())))
    found.people.append(float(person.mean()))


def measure_world(world: str, count: int, method: Predictor) -> Measured:
    """Measure the first training portraits of a world."""
    found = Measured()
    for index in range(count):
        portrait = WORLDS[world].draw(seed_of("train", index, 2021), SIZE)
        found.errors.append(error_of(method, portrait.image, portrait.alpha))
        add_portrait(found, portrait)
    return found


def measure_photographs(folder: Path, method: Predictor) -> Measured:
    """Measure real portraits, scaled down to the width of the synthetic ones."""
    found = Measured()
    for subset in open_benchmark(get("p3m500"), folder).subsets:
        for sample in subset.samples:
            scene = sample.load(subset.available[0], TrimapSource(KERNEL))
            matte = as_bytes(scene.alpha)
            scale = SIZE[1] / min(matte.shape)
            image, alpha = (
                np.asarray(cv2.resize(x, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
                for x in (scene.image, matte)
            )
            found.errors.append(error_of(method, image.astype(np.uint8), alpha.astype(np.uint8)))
            found.people.append(float((alpha >= 128).mean()))
    return found


def line(name: str, found: Measured) -> str:
    """A row of the table."""
    low, middle, high = np.percentile(found.errors, [10, 50, 90])
    hidden = np.array(found.hidden).sum(axis=0) if found.hidden else np.array([0, 0])
    share = f"{100 * hidden[0] / hidden[1]:.0f} %" if hidden[1] else "–"
    auc = "–" if np.isnan(found.auc) else f"{found.auc:.2f}"
    return (
        f"| {name} | {len(found.errors)} | {np.mean(found.errors):.3f} | "
        f"{low:.3f}, {middle:.3f}, {high:.3f} | {auc} | {len(found.own)}, {len(found.elsewhere)} | "
        f"{share} | {100 * np.mean(found.people):.0f} % |"
    )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--photographs", type=Path, help="folder of P3M-10k")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "mini" / "realism.md")
    asked = parser.parse_args()
    method = load_method("closed-form")
    rows = [line(world, measure_world(world, asked.count, method)) for world in WORLDS]
    if asked.photographs:
        rows.append(line("photographs", measure_photographs(asked.photographs, method)))
    text = "\n".join(
        [
            "# The synthetic portraits compared with photographs",
            "",
            "Made by `benchmarks/mini/realism.py` on training portraits; its first lines say what "
            "is measured. No network takes part.",
            "",
            "| images | n | closed-form, MAD-T | 10, 50, 90 % | blur AUC | faces, other hidden "
            "places | hidden pixels on people | image that is people |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )
    asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
