"""Copy and paste of faces: in the image, and in the first features of a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import (
    Noise,
    Tiny,
    job,
)
from torch import Tensor

from p3mbench.training.copy_paste import paste_features, paste_image
from p3mbench.training.crops import CopyPaste, Crops, collate
from p3mbench.training.loop import train
from p3mbench.training.recipe import nano
from p3mbench.weights import recorded


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
