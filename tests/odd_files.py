"""Odd files for tests: pictures, mattes and masks as other programs write them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def read(path: Path) -> np.ndarray:
    """The pixels as they are stored."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def write(path: Path, pixels: np.ndarray) -> Path:
    """Grey or BGR pixels, by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


def binary(path: Path) -> Path:
    """A matte becomes a mask of 0 and 1."""
    return write(path, (read(path) > 127).astype(np.uint8))


def turned(path: Path, pixels: np.ndarray, orientation: int) -> Path:
    """RGB pixels in a file that says it should be shown in another orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if path.suffix == ".jpg" else {}
    options |= {"lossless": True} if path.suffix == ".webp" else {}
    Image.fromarray(pixels).save(path, exif=exif, **options)
    return path


def packed_png(path: Path, values: np.ndarray, bits: int, interlaced: bool = False) -> Path:
    """A grey PNG of 1, 2, 4 or 8 bits, its values as they are stored."""
    height, width = values.shape
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
        passes += [(0, 1, 2, 2), (1, 0, 2, 1)]
    raw = b""
    for top, left, down, across in passes:
        for row in values[top::down, left::across]:
            if row.size:
                planes = (row[:, None] >> np.arange(bits - 1, -1, -1)) & 1
                raw += b"\0" + np.packbits(planes.astype(np.uint8).ravel()).tobytes()

    def chunk(kind: bytes, content: bytes) -> bytes:
        whole = kind + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, int(interlaced))
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def planar_tiff(path: Path, rgb: np.ndarray) -> Path:
    """A TIFF file of (H, W, 3) uint16 that keeps each channel in a plane of its own."""
    height, width = rgb.shape[:2]
    plane = 2 * height * width
    short, long = 3, 4
    numbers = {"bits": 8, "offsets": 14, "counts": 26}  # where these lists of three begin
    first = 38 + 2 + 10 * 12 + 4
    lists = struct.pack("<3H", 16, 16, 16)
    lists += struct.pack("<3I", *(first + i * plane for i in range(3)))
    lists += struct.pack("<3I", plane, plane, plane)
    tags = [
        (256, short, 1, width),
        (257, short, 1, height),
        (258, short, 3, numbers["bits"]),
        (259, short, 1, 1),  # not compressed
        (262, short, 1, 2),  # RGB
        (273, long, 3, numbers["offsets"]),
        (277, short, 1, 3),
        (278, short, 1, height),
        (279, long, 3, numbers["counts"]),
        (284, short, 1, 2),  # a plane per channel
    ]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    planes = b"".join(rgb[..., i].astype("<u2").tobytes() for i in range(3))
    path.write_bytes(b"II*\0" + struct.pack("<I", 38) + lists + directory + bytes(4) + planes)
    return path
