"""A corpus of damaged and odd inputs: each is used rightly or refused in one clear line.

Every case damages one thing of a good data set or command and runs the command line on it. A case
says either how the run ends well, or words of the line that refuses it. Nothing may end in a
traceback, and a store that was there before is as it was.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from p3mbench.cli import main

P = "validation/P3M-500-P"


@dataclass(frozen=True)
class Place:
    """A good data set of two images, and a folder for results."""

    root: Path
    out: Path

    @property
    def image(self) -> Path:
        return self.root / P / "blurred_image" / "p_1.png"

    @property
    def mask(self) -> Path:
        return self.root / P / "mask" / "p_1.png"

    @property
    def trimap(self) -> Path:
        return self.root / P / "trimap" / "p_1.png"


@dataclass(frozen=True)
class Case:
    """What is done to the place, and what the run says; no words: every image is scored."""

    name: str
    damage: Callable[[Place], object]
    words: str = ""
    args: tuple[str, ...] = ()


def png(width: int, height: int) -> bytes:
    """A PNG that claims any size, with hardly a pixel behind it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        whole = kind + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000)))


def resave(path: Path, mode: str, suffix: str = ".png", **options: object) -> None:
    """The same picture in another mode or format, under a name of the same stem."""
    picture = Image.open(path).convert(mode)
    path.unlink()
    picture.save(path.with_suffix(suffix), **options)


def deep(path: Path, factor: int = 257) -> None:
    """A 16-bit PNG of the same pixels."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(np.uint16) * factor
    cv2.imwrite(str(path), pixels)


def resized(path: Path, size: tuple[int, int]) -> None:
    """The same picture with another (width, height); a trimap keeps its three values."""
    how = Image.Resampling.NEAREST if path.parent.name == "trimap" else None
    Image.open(path).resize(size, how).save(path)


def all_resized(place: Place, size: tuple[int, int]) -> None:
    for path in (place.image, place.mask, place.trimap):
        resized(path, size)


def rotated(place: Place) -> None:
    """A JPEG that is stored on its side and says so, as telephones write them."""
    picture = Image.open(place.image).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    place.image.unlink()
    picture.save(place.image.with_suffix(".jpg"), exif=exif, quality=95)


def animated(place: Place) -> None:
    frames = [Image.open(place.image), Image.open(place.image).rotate(180)]
    place.image.unlink()
    frames[0].save(place.image, save_all=True, append_images=frames[1:])


def renamed(place: Place, stem: str) -> None:
    for path in (place.image, place.mask, place.trimap):
        path.rename(path.with_stem(stem))


def copied(path: Path, name: str) -> None:
    shutil.copy(path, path.with_name(name))


def painted(path: Path, value: int) -> None:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    pixels[:] = value
    cv2.imwrite(str(path), pixels)


def labelled(path: Path) -> None:
    """A trimap of 0, 1 and 2."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), (pixels > 0).astype(np.uint8) + (pixels == 255))


def truncated(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])


def loop(place: Place) -> None:
    """A link that leads to itself in the place of the images' folder."""
    folder = place.image.parent
    shutil.rmtree(folder)
    folder.symlink_to(folder)


def store(place: Place, content: bytes) -> None:
    place.out.mkdir()
    (place.out / "store.sqlite").write_bytes(content)


def future(place: Place) -> None:
    place.out.mkdir()
    db = sqlite3.connect(place.out / "store.sqlite")
    db.execute("PRAGMA user_version = 99")
    db.execute("CREATE TABLE rows (x)")
    db.close()


def toml(text: str) -> Callable[[Place], None]:
    return lambda place: (place.root / "mine.toml").write_text(text) and None


def plugin(text: str) -> Callable[[Place], None]:
    return lambda place: (place.root / "mine.py").write_text(text) and None


MINE = ("--benchmark", "{root}/mine.toml")
FILE = ("--plugin", "{root}/mine.py", "--methods", "mine")
GOOD_TOML = """
name = "mine"
title = "Mine"
source = "folder"
variants = ["B"]
trimap = "dataset"
convention = "p3m"

[[subsets]]
name = "P"
alpha = "validation/P3M-500-P/mask"
blurred = "validation/P3M-500-P/blurred_image"
trimap = "validation/P3M-500-P/trimap"
"""

CASES = [
    Case("good", lambda p: None),
    # --- images
    Case("image empty", lambda p: p.image.write_bytes(b""), "p_1.png: is empty"),
    Case("image truncated", lambda p: truncated(p.image, 0.5), "p_1.png"),
    Case("image is text", lambda p: p.image.write_text("hello"), "p_1.png"),
    Case("image is zeros", lambda p: p.image.write_bytes(bytes(4096)), "p_1.png"),
    Case("image is a GIF", lambda p: resave(p.image, "P", ".gif"), "p_1"),
    Case("JPEG named PNG", lambda p: Image.open(p.image).convert("RGB").save(p.image, "JPEG")),
    Case("grey PNG", lambda p: resave(p.image, "L")),
    Case("grey JPEG", lambda p: resave(p.image, "L", ".jpg")),
    Case("CMYK JPEG", lambda p: resave(p.image, "CMYK", ".jpg")),
    Case("palette PNG", lambda p: resave(p.image, "P")),
    Case("opaque RGBA", lambda p: resave(p.image, "RGBA")),
    Case("progressive JPEG", lambda p: resave(p.image, "RGB", ".jpg", progressive=True)),
    Case("16-bit image", lambda p: deep(p.image)),
    Case("8-bit values in a 16-bit image", lambda p: deep(p.image, 1), "values of 8 bits in 16"),
    Case("JFIF", lambda p: resave(p.image, "RGB", ".jfif", format="JPEG")),
    Case("EXIF-rotated JPEG", rotated, "turned"),
    Case("animated PNG", animated, "several frames"),
    Case("bomb", lambda p: p.image.write_bytes(png(60000, 60000)), "decompression bomb"),
    Case("no width", lambda p: p.image.write_bytes(png(0, 10)), "p_1.png"),
    Case("size of 2^31", lambda p: p.image.write_bytes(png(2**31 - 1, 2**31 - 1)), "p_1.png"),
    Case("image is a folder", lambda p: (p.image.unlink(), p.image.mkdir()), "p_1"),
    Case("image unreadable", lambda p: p.image.chmod(0), "p_1.png"),
    Case("image removed", lambda p: p.image.unlink(), "p_1"),
    Case("dangling link", lambda p: (p.image.unlink(), p.image.symlink_to("gone.png")), "p_1"),
    # --- sizes
    Case("1x1", lambda p: all_resized(p, (1, 1))),
    Case("2x3", lambda p: all_resized(p, (2, 3))),
    Case("odd sides", lambda p: all_resized(p, (61, 97))),
    Case("one pixel wide", lambda p: all_resized(p, (1, 90))),
    Case("mask smaller", lambda p: resized(p.mask, (32, 48)), "p_1"),
    Case("trimap larger", lambda p: resized(p.trimap, (65, 96)), "p_1"),
    Case("image on its side", lambda p: resized(p.image, (96, 64)), "p_1"),
    # --- alphas
    Case("mask empty", lambda p: p.mask.write_bytes(b""), "p_1.png: is empty"),
    Case("mask truncated", lambda p: truncated(p.mask, 0.7), "p_1.png"),
    Case("mask without its last bytes", lambda p: truncated(p.mask, 0.98), "p_1.png"),
    Case("mask in colour", lambda p: shutil.copy(p.image, p.mask), "in colour"),
    Case("mask as JPEG", lambda p: resave(p.mask, "L", ".jpg"), "p_1"),
    Case("mask as RGB of equal channels", lambda p: resave(p.mask, "RGB")),
    Case("16-bit mask", lambda p: deep(p.mask)),
    Case("8-bit values in a 16-bit mask", lambda p: deep(p.mask, 1), "8-bit values in 16 bits"),
    Case("mask of 0 and 1", lambda p: painted(p.mask, 1)),
    Case("mask of zeros", lambda p: painted(p.mask, 0)),
    Case("mask of ones", lambda p: painted(p.mask, 255)),
    Case("mask removed", lambda p: p.mask.unlink(), "p_1"),
    # --- trimaps
    Case("trimap removed", lambda p: p.trimap.unlink(), "--trimap kernel-25"),
    Case("trimaps made", lambda p: p.trimap.unlink(), "", ("--trimap", "kernel-5")),
    Case("trimap of 127", lambda p: painted(p.trimap, 127)),
    Case("trimap without unknown", lambda p: painted(p.trimap, 255)),
    Case("16-bit trimap", lambda p: deep(p.trimap), "16-bit"),
    Case("trimap of labels", lambda p: labelled(p.trimap), "save background as 0"),
    Case("trimap truncated", lambda p: truncated(p.trimap, 0.5), "p_1.png"),
    Case("odd trimap source", lambda p: None, "trimap source", ("--trimap", "kernel-0")),
    # --- names
    Case("spaces and quotes", lambda p: renamed(p, "a b 'c' \"d\" $(e);f")),
    Case("unicode", lambda p: renamed(p, "人物-é-😀")),
    Case("leading dash", lambda p: renamed(p, "--out")),
    Case("newline", lambda p: renamed(p, "a\nb")),
    Case("markup", lambda p: renamed(p, "<script>alert(1)<&script>")),
    Case("long", lambda p: renamed(p, "x" * 200)),
    Case("two stems", lambda p: copied(p.image, "p_1.jpg"), "p_1"),
    Case("cases clash", lambda p: copied(p.mask, "P_1.png"), "P_1"),
    Case("hidden and foreign files", lambda p: (p.mask.parent / ".DS_Store").write_bytes(b"\0")),
    Case("thumbs", lambda p: (p.image.parent / "Thumbs.db").write_bytes(b"\0" * 9)),
    Case("macOS twin", lambda p: (p.image.parent / "._p_1.png").write_bytes(b"\0" * 9)),
    # --- folders
    Case("no data", lambda p: shutil.rmtree(p.root), "P3M-10k"),
    Case("a file as data", lambda p: (shutil.rmtree(p.root), p.root.write_text("x")), "P3M-10k"),
    Case("empty subset", lambda p: [f.unlink() for f in p.mask.parent.iterdir()], "mask"),
    Case("symlink loop", loop, "neither blurred nor unblurred"),
    # --- stores
    Case("store of garbage", lambda p: store(p, b"garbage" * 999), "cannot be opened"),
    Case("store of zeros", lambda p: store(p, bytes(5000)), "cannot be opened"),
    Case("empty store file", lambda p: store(p, b"")),
    Case("store from the future", future, "another version"),
    Case("out is a file", lambda p: p.out.write_text("x"), "is a file"),
    # --- benchmarks
    Case("TOML good", toml(GOOD_TOML), "", MINE),
    Case("TOML broken", toml("name = "), "mine.toml", MINE),
    Case("TOML empty", toml(" "), "mine.toml", MINE),
    Case("TOML unknown key", toml("colour = 1\n" + GOOD_TOML), "colour", MINE),
    Case("TOML wrong type", toml(GOOD_TOML.replace('"Mine"', "7")), "title", MINE),
    Case("TOML wrong list", toml(GOOD_TOML.replace('["B"]', '["X"]')), "variants", MINE),
    Case("TOML no subset", toml(GOOD_TOML.partition("[[")[0]), "subset", MINE),
    Case("TOML folder gone", toml(GOOD_TOML.replace("/mask", "/gone")), "gone", MINE),
    Case("TOML binary", lambda p: (p.root / "mine.toml").write_bytes(b"\xff\0"), "mine.toml", MINE),
    Case("TOML missing", lambda p: None, "mine.toml", MINE),
    # --- plugins and weights
    Case("plugin broken", plugin("def"), "mine", FILE),
    Case("plugin raises", plugin("1 / 0"), "mine", FILE),
    Case("plugin empty", plugin(" "), "mine", FILE),
    Case("plugin missing", lambda p: None, "mine.py", FILE),
    Case("unknown method", lambda p: None, "coarse", ("--methods", "coars")),
    Case("no method", lambda p: None, "no method", ("--methods", ",")),
    Case(
        "weights are text",
        lambda p: (p.root / "w.pth").write_text("weights"),
        "w.pth",
        ("--methods", "modnet", "--weights", "modnet={root}/w.pth@B"),
    ),
    Case("odd device", lambda p: None, "device", ("--methods", "coarse", "--device", "tpu")),
    Case("odd shard", lambda p: None, "--shard takes I/N", ("--shard", "3/2")),
    Case("unknown image", lambda p: None, "image", ("--images", "nobody")),
    Case("no scheduler", lambda p: None, "--scheduler", ("--scheduler", "nowhere")),
]


@pytest.fixture
def place(p3m_folder: Path, tmp_path: Path) -> Place:
    for folder in ("blurred_image", "mask", "trimap"):
        (p3m_folder / P / folder / "p_3.png").unlink()
    return Place(p3m_folder, tmp_path / "out")


def call(place: Place, case: Case) -> Result:
    args = [arg.format(root=place.root) for arg in case.args]
    default = ["--methods", "coarse"] if "--methods" not in args else []
    default += ["--benchmark", "p3m500"] if "--benchmark" not in args else []
    command = ["run", *default, "--data", str(place.root), "--out", str(place.out), "--jobs", "1"]
    return CliRunner().invoke(main, [*command, "--variants", "B", *args])


def test_the_corpus_is_as_large_as_promised() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_it_is_right_or_one_clear_line(place: Place, case: Case) -> None:
    if case.name == "image unreadable" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    case.damage(place)
    result = call(place, case)
    said = result.stdout + result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in said
    db = place.out / "store.sqlite"
    rows = []
    if db.is_file() and not case.name.startswith(("store of", "store from")):
        found = sqlite3.connect(db)
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = found.execute("SELECT status, image FROM rows WHERE subset = 'P'").fetchall()
    if not case.words:
        assert result.exit_code == 0, said
        assert len(rows) == 2 and {status for status, _ in rows} == {"ok"}, said
    else:
        assert case.words in " ".join(said.split())  # a long path makes the screen break lines
        assert result.exit_code != 0 or ("cannot run" in said and len(rows) < 2), said
        assert all(len(line) < 700 for line in result.stderr.splitlines())
