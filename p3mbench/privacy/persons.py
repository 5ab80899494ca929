"""Recognise drawn people: a small embedding, trained on visible faces of the train split.

The generator draws the same person in two scenes with other light, pose, place and clothes. So the
question is the real one: does a hidden face in one picture lead to another picture of its person?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.sample import Repeatable, Sample, Scene
from p3mbench.images import UInt8Array
from p3mbench.privacy.counting import Box, Proportion, first_ranks
from p3mbench.privacy.faces import FacedImage, boxes_of, load
from p3mbench.settings import NORMAL

if TYPE_CHECKING:
    import torch

FACE, HEAD = "person-face", "person-head"
PERSONS = (FACE, HEAD)
SHOWN = {
    FACE: "share of the people whose nearest neighbour in other scenes is themselves, from the "
    "private area alone. The embedding is small and has learned from visible drawn faces: what it "
    "misses, a better one may find",
    HEAD: "the same from the whole head with hair and ears, which no variant hides. The embedding "
    "has not learned to look past a hidden face, so one trained for that may do better",
}
IDENTITIES = 160  # people of the train split, each seen in two scenes
SIDE = 32  # pixels of what the embedding sees
STEPS, BATCH, WIDTH = 200, 48, 48
ROOM = {FACE: 0.0, HEAD: 0.45}  # around the private area, as a share of its height

Pair = tuple[UInt8Array, UInt8Array]


def chip(image: UInt8Array, face: npt.NDArray[np.bool_], box: Box, what: str) -> UInt8Array:
    """Cut out a face, (SIDE, SIDE, 3) uint8; for `FACE` everything outside the area is grey."""
    x, y, width, height = box
    room = ROOM[what] * height
    top, left = max(0, round(y - 1.3 * room)), max(0, round(x - room))
    rows = slice(top, max(top + 2, round(y + height + 0.3 * room)))
    columns = slice(left, max(left + 2, round(x + width + room)))
    part = image[rows, columns]
    if what == FACE:
        part = np.where(face[rows, columns][..., None], part, np.uint8(128))
    small = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def chip_of(scene: Scene, what: str) -> UInt8Array | None:
    """Cut the face out of an image of one person; None if it has another number of faces."""
    boxes = () if scene.face is None else boxes_of(scene.face)
    if len(boxes) != 1 or scene.face is None:
        return None
    return chip(scene.image, scene.face, boxes[0], what)


@dataclass(frozen=True, eq=False)
class Gallery:
    """The trained embeddings, by what they see (`FACE`, `HEAD`)."""

    networks: dict[str, torch.nn.Module]

    @classmethod
    def trained(cls, samples: Sequence[Sample], identities: int = IDENTITIES) -> Gallery | None:
        """Train on the first people of a train split; None if they cannot be met again."""
        scenes = [
            (load(sample, NORMAL), sample.again(0))
            for sample in samples[:identities]
            if isinstance(sample, Repeatable)
        ]
        networks = {}
        for what in PERSONS:
            pairs = [(chip_of(first, what), chip_of(second, what)) for first, second in scenes]
            known = [(a, b) for a, b in pairs if a is not None and b is not None]
            if len(known) < 2:
                return None
            with one_thread():
                networks[what] = trained_network(known)
        return cls(networks)

    def vectors(self, chips: Sequence[UInt8Array], what: str) -> npt.NDArray[np.float32]:
        """Embed (N) chips as (N, D) float32."""
        import torch

        with torch.inference_mode(), one_thread():
            found = self.networks[what](_tensor(chips))
        return np.asarray(found.numpy(), np.float32)


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread of PyTorch: more do not pay for a network this small."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def people_of(images: Iterable[FacedImage], gallery: Gallery) -> dict[tuple[str, str], Proportion]:
    """Count by (variant, kind) how many people lead to themselves in another scene.

    Args:
        images: of one subset, in all variants; images of several people are left out.
        gallery: the trained embeddings.
    """
    again: dict[str, Scene] = {}
    probes: dict[str, dict[str, FacedImage]] = {}
    for one in images:
        if len(one.faces) == 1 and one.scene.face is not None:
            probes.setdefault(one.variant, {})[one.sample.id] = one
            if one.sample.id not in again and isinstance(one.sample, Repeatable):
                again[one.sample.id] = one.sample.again(0)
    found = {}
    for what in PERSONS:
        known = {name: chip_of(scene, what) for name, scene in again.items()}
        for variant, shown in probes.items():
            pairs = [
                (chip(p.image, p.scene.face, p.faces[0], what), other)
                for name, p in shown.items()
                if (other := known.get(name)) is not None and p.scene.face is not None
            ]
            if pairs:
                sides = (gallery.vectors([pair[i] for pair in pairs], what) for i in (0, 1))
                found[variant, what] = first_ranks(*sides)
    return found


def trained_network(pairs: Sequence[Pair], steps: int = STEPS, seed: int = 0) -> torch.nn.Module:
    """Train an embedding that brings the two pictures of a person together (InfoNCE).

    Van den Oord et al., "Representation learning with contrastive predictive coding", 2018.
    """
    import torch
    from torch.nn import functional as f

    draw = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network()
    first, second = (_tensor([pair[i] for pair in pairs]) for i in (0, 1))
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    for _ in range(steps):
        chosen = torch.randperm(len(pairs), generator=draw)[:BATCH]
        a, b = (f.normalize(network(_varied(x[chosen], draw)), dim=1) for x in (first, second))
        similar = a @ b.T / 0.1
        own = torch.arange(len(chosen))
        loss = f.cross_entropy(similar, own) + f.cross_entropy(similar.T, own)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return network.eval()


def _network() -> torch.nn.Module:
    from torch import nn

    layers: list[nn.Module] = []
    for inside, outside in ((3, 16), (16, 32), (32, 64)):
        layers += [
            nn.Conv2d(inside, outside, 3, padding=1),
            nn.GroupNorm(4, outside),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * (SIDE // 8) ** 2, WIDTH))


def _tensor(chips: Sequence[UInt8Array]) -> torch.Tensor:
    import torch

    stacked = np.stack(chips).transpose(0, 3, 1, 2).astype(np.float32)
    return torch.from_numpy(stacked / 127.5 - 1)


def _varied(batch: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Change brightness and colour a little, mirror half of the chips, and move them."""
    import torch

    n = len(batch)
    gain = 1 + 0.15 * torch.randn((n, 1, 1, 1), generator=draw)
    tint = 0.06 * torch.randn((n, 3, 1, 1), generator=draw)
    mirrored = torch.rand((n, 1, 1, 1), generator=draw) < 0.5
    batch = torch.where(mirrored, batch.flip(3), batch) * gain + tint
    across, down = (int(v) for v in torch.randint(-2, 3, (2,), generator=draw))
    return torch.roll(batch, (down, across), (2, 3))
