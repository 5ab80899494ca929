"""What is read in a folder, what is not, and how names compare."""

from __future__ import annotations

import os
import shutil
import tarfile
import unicodedata
from pathlib import Path

import pytest

from p3mbench.data.listing import check_folder, first_names, ignored_lines, listing, twin_hint
from p3mbench.errors import DataError
from p3mbench.images import IMAGE_SUFFIXES


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"x")


def test_what_is_not_read_is_named_with_its_reason_in_one_line_each(tmp_path):
    touch(tmp_path, "a.png", "b.jpg", "c.JPG", "d.heic", "e.avif", "f.npy", "g.exr", "h.zip", "i")
    touch(tmp_path, ".DS_Store", "._a.png", "Thumbs.db", "desktop.ini")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "folder.png").mkdir()
    found = listing(tmp_path, (".png",))
    assert list(found.files) == ["a"]
    lines = ignored_lines(found.ignored)
    assert sorted(line.split(": ", 1)[1] for line in lines) == sorted(
        [
            "2 not read (mattes, trimaps and masks must be PNG files): b.jpg, c.JPG",
            "2 not read (HEIC and AVIF are not read; save as PNG or JPEG): d.heic, e.avif",
            "2 not read (arrays and floating point formats are not read; save as PNG): "
            "f.npy, g.exr",
            "1 not read (archives are not opened; unpack it): h.zip",
            "1 not read (not a file of a kind that is read: png): i",
            "2 not read (folders inside are not searched): deeper, folder.png",
        ]
    )
    pictures = listing(tmp_path, IMAGE_SUFFIXES)
    assert set(pictures.files) == {"a", "b", "c"}


def test_folders_of_file_managers_are_not_mentioned(tmp_path):
    for name in ("__MACOSX", "@eaDir", ".thumbs"):
        (tmp_path / name).mkdir()
    for name in ("Thumbs.db", "ehthumbs.db", "._a.png", "desktop.ini", "a.png"):
        (tmp_path / name).write_bytes(b"x")
    found = listing(tmp_path, (".png",))
    assert list(found.files) == ["a"] and found.ignored == ()


def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    found = listing(tmp_path, (".png",))
    assert found.files == {} and found.ignored[0].reason == "a pipe or device, not a file"


@pytest.mark.parametrize(
    ("name", "shown"), [(b"p_\n1.png", r"p_\n1"), (b"p_\xff.png", r"p_\udcff")]
)
def test_a_name_that_is_not_text_is_an_escaped_id(tmp_path, name, shown):
    """So that it can be stored, printed and found again; the file is read under its own name."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(b"x")
    found = listing(tmp_path, (".png",))
    assert found.files == {shown: path} and found.clashes == ()


def test_a_jfif_file_is_a_picture(tmp_path):
    touch(tmp_path, "a.jfif", "b.JFIF")
    assert list(listing(tmp_path, IMAGE_SUFFIXES).files) == ["a", "b"]


@pytest.mark.parametrize("name", ["José", "Ångström 1", "한국", "ﬁancé"])
def test_names_are_compared_in_one_unicode_form_and_paths_stay(tmp_path, name):
    decomposed = unicodedata.normalize("NFD", name)
    touch(tmp_path, f"{decomposed}.png")
    (stem, path), *rest = listing(tmp_path, (".png",)).files.items()
    assert (stem, rest) == (unicodedata.normalize("NFC", name), [])
    assert path.name == f"{decomposed}.png" and path.is_file()


def test_two_forms_of_one_name_in_one_folder_are_told(tmp_path):
    for form in ("NFC", "NFD"):
        touch(tmp_path, unicodedata.normalize(form, "José.png"))
    found = listing(tmp_path, (".png",))
    assert len(found.files) == 1
    (line,) = found.clashes
    assert "another Unicode form (NFC and NFD); remove one" in line


def test_archives_and_files_are_no_folders(tmp_path):
    (tmp_path / "data").mkdir()
    touch(tmp_path / "data", "a.png")
    for kind in ("zip", "gztar", "tar"):
        path = Path(shutil.make_archive(str(tmp_path / "made"), kind, tmp_path / "data"))
        with pytest.raises(DataError, match="is an archive; unpack it first"):
            check_folder(path)
    plain = tmp_path / "no-suffix"
    with tarfile.open(plain, "w") as archive:
        archive.add(tmp_path / "data", "data")
    with pytest.raises(DataError, match="is an archive"):
        check_folder(plain)
    touch(tmp_path, "text")
    with pytest.raises(DataError, match=r"text: is a file, not a folder; give it"):
        check_folder(tmp_path / "text", "give it")
    with pytest.raises(DataError, match="no such folder"):
        check_folder(tmp_path / "gone")


def test_names_are_shortened_and_safe_for_a_terminal():
    assert first_names(["a", "b", "a"]) == "a, b"
    assert first_names("abcd") == "a, b, c, ..."
    assert first_names(["\x1b[31mred"]) == "\\x1b[31mred"


def test_a_file_that_is_not_read_explains_what_is_missing(tmp_path):
    touch(tmp_path, "a.jpg", "b.png")
    hint = twin_hint("a", listing(tmp_path, (".png",)).ignored)
    assert hint == " (a.jpg is there and is not read: mattes, trimaps and masks must be PNG files)"
    assert twin_hint("b", listing(tmp_path, (".png",)).ignored) == ""
