"""Foregrounds and backgrounds: estimated, kept, and read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from p3mbench.benchmark import get, train_samples
from p3mbench.data.foregrounds import (
    estimate_layers,
    layer_path,
    make_layers,
    read_layers,
)
from p3mbench.errors import DataError


def test_layers_compose_to_the_image(portrait_arrays: dict[str, np.ndarray]) -> None:
    image, alpha = portrait_arrays["image"], portrait_arrays["alpha"]
    foreground, background = estimate_layers(image, alpha)
    share = alpha[..., None] / 255
    composed = share * foreground + (1 - share) * background
    assert np.abs(composed - image).mean() < 2


def test_damaged_layers_are_named(train_folder: Path, tmp_path: Path) -> None:
    samples, folder = train_samples(get("p3m500"), train_folder, "B"), tmp_path / "layers"
    make_layers(samples, "B", folder)
    path = layer_path(folder, "B", "foreground", "t_2")
    whole = path.read_bytes()
    for damage in (whole[:-20], b"", b"rubbish" + whole[-8:]):
        path.write_bytes(damage)
        with pytest.raises(DataError, match=r"t_2\.png: is damaged"):
            read_layers(folder, "B", "t_2", (96, 64))
    path.write_bytes(whole)
    with pytest.raises(DataError, match="does not have its image's size"):
        read_layers(folder, "B", "t_2", (96, 65))
