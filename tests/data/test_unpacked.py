"""Unpacked layers: the pixels of the PNG files, made once, checked, and no more than asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from p3mbench.data.foregrounds import layer_path, read_layers
from p3mbench.data.unpacked import keep_unpacked, read_unpacked, unpacked_path
from p3mbench.errors import DataError
from p3mbench.writing import write_png

SHAPE = (30, 20)
SIZE = 128 + 2 * 30 * 20 * 3 + 32
IDS = ("a", "b", "c")


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    for number, sample in enumerate(IDS):
        for layer in ("foreground", "background"):
            draw(tmp_path, sample, layer, number)
    return tmp_path


def draw(folder: Path, sample: str, layer: str, seed: int) -> None:
    pixels = np.random.default_rng([seed, len(layer)]).integers(0, 256, (*SHAPE, 3), np.uint8)
    write_png(layer_path(folder, "B", layer, sample), pixels)


def pixels_of(folder: Path, sample: str) -> tuple[np.ndarray, np.ndarray]:
    found = read_unpacked(folder, "B", sample, SHAPE)
    assert found is not None
    return found


def test_they_are_mapped_and_hold_what_the_files_hold(layers: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert keep_unpacked(layers, "B", IDS, 10**9, lambda *done: seen.append(done)) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for sample in IDS:
        for mapped, want in zip(
            pixels_of(layers, sample), read_layers(layers, "B", sample, SHAPE), strict=True
        ):
            assert isinstance(mapped, np.memmap) and not mapped.flags.writeable
            assert np.array_equal(mapped, want)
        assert unpacked_path(layers, "B", sample).stat().st_size == SIZE


def test_they_are_made_once(layers: Path) -> None:
    keep_unpacked(layers, "B", IDS, 10**9)
    before = [unpacked_path(layers, "B", sample).stat().st_mtime_ns for sample in IDS]
    assert keep_unpacked(layers, "B", IDS, 10**9, lambda *_: pytest.fail("nothing to do")) == 3
    assert [unpacked_path(layers, "B", sample).stat().st_mtime_ns for sample in IDS] == before


@pytest.mark.parametrize("layer", ["foreground", "background"])
def test_one_made_of_another_file_is_made_anew(layers: Path, layer: str) -> None:
    """Size and time of the file tell nothing: only its bytes count."""
    import os

    keep_unpacked(layers, "B", IDS, 10**9)
    path = layer_path(layers, "B", layer, "b")
    stat = path.stat()
    draw(layers, "b", layer, 77)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert keep_unpacked(layers, "B", IDS, 10**9) == 3
    number = 0 if layer == "foreground" else 1
    assert np.array_equal(
        pixels_of(layers, "b")[number], read_layers(layers, "B", "b", SHAPE)[number]
    )


@pytest.mark.parametrize("damage", [b"", b"rubbish", slice(0, -1), slice(0, 200), slice(40, None)])
def test_a_damaged_one_is_made_anew(layers: Path, damage: bytes | slice) -> None:
    keep_unpacked(layers, "B", IDS, 10**9)
    path = unpacked_path(layers, "B", "a")
    whole = path.read_bytes()
    path.write_bytes(damage if isinstance(damage, bytes) else whole[damage])
    assert keep_unpacked(layers, "B", IDS, 10**9) == 3
    assert path.read_bytes() == whole


def test_no_more_than_there_is_room_for(layers: Path) -> None:
    assert keep_unpacked(layers, "B", IDS, 2 * SIZE) == 2
    assert read_unpacked(layers, "B", "c", SHAPE) is None
    assert keep_unpacked(layers, "B", IDS, SIZE - 1) == 2, "what is there stays"
    assert keep_unpacked(layers, "B", IDS, 3 * SIZE - 1) == 2
    assert keep_unpacked(layers, "B", IDS, 3 * SIZE) == 3


def test_a_stale_one_beyond_the_limit_is_gone(layers: Path) -> None:
    keep_unpacked(layers, "B", IDS, 10**9)
    draw(layers, "c", "background", 99)
    assert keep_unpacked(layers, "B", IDS, 2 * SIZE) == 2
    assert read_unpacked(layers, "B", "c", SHAPE) is None


def test_what_cannot_be_used_is_as_if_it_were_not_there(layers: Path) -> None:
    assert read_unpacked(layers, "B", "a", SHAPE) is None
    keep_unpacked(layers, "B", IDS, 10**9)
    assert read_unpacked(layers, "B", "a", (SHAPE[1], SHAPE[0])) is None
    unpacked_path(layers, "B", "a").write_bytes(b"\x93NUMPY and no more")
    assert read_unpacked(layers, "B", "a", SHAPE) is None


def test_a_damaged_layer_is_named(layers: Path) -> None:
    path = layer_path(layers, "B", "foreground", "b")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"b\.png: is damaged"):
        keep_unpacked(layers, "B", IDS, 10**9)
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"b\.png"):
        keep_unpacked(layers, "B", IDS, 10**9)
