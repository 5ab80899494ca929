"""One writer: what it replaces, what it follows, what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from p3mbench.errors import DataError
from p3mbench.writing import inside, regular_files, write_bytes, write_text


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x.txt"
    write_bytes(path, b"one")
    path.chmod(0o600)
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["x.txt"]


@pytest.mark.parametrize("relative", [True, False])
def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path, relative: bool) -> None:
    target, first, link = tmp_path / "data" / "t.txt", tmp_path / "first", tmp_path / "link"
    target.parent.mkdir()
    first.symlink_to(Path("data/t.txt") if relative else target)
    link.symlink_to("first")
    for content in (b"made", b"replaced"):  # it dangles at first
        write_bytes(link, content)
        assert target.read_bytes() == content and link.is_symlink() and first.is_symlink()


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(DataError, match="cannot be written|leads to itself"):
        write_bytes(tmp_path / "a", b"x")
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    found: list[bytes] = []
    for path in (pipe, tmp_path / "link"):
        reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
        reader.start()
        write_bytes(path, b"x" * 100_000)
        reader.join(10)
    assert [len(content) for content in found] == [100_000] * 2 and pipe.is_fifo()


def test_devices_are_written_into(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    for path in (Path("/dev/null"), tmp_path / "link"):
        write_bytes(path, b"x")
    assert Path("/dev/null").is_char_device() and (tmp_path / "link").is_symlink()
    with pytest.raises(DataError, match="/dev/full: cannot be written"):
        write_bytes(Path("/dev/full"), b"x")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("into", ["pipe", "file"])
def test_standard_output_is_written_into_in_order(tmp_path: Path, name: str, into: str) -> None:
    """A redirected file is not replaced under the shell's feet, nor emptied."""
    code = f"""
from pathlib import Path
from p3mbench.writing import write_bytes
print("before", flush=True)
write_bytes(Path({name!r}), b"content\\n")
print("after", flush=True)
"""
    kept = tmp_path / "out.txt"
    with kept.open("ab") as file:
        stdout = subprocess.PIPE if into == "pipe" else file
        done = subprocess.run([sys.executable, "-c", code], stdout=stdout, check=True)
    found = done.stdout if into == "pipe" else kept.read_bytes()
    assert found == b"before\ncontent\nafter\n"


@pytest.mark.parametrize("name", [".", "folder", "to-folder"])
def test_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to("folder")
    with pytest.raises(DataError, match="is a folder; give the name of a file"):
        write_bytes(tmp_path / name, b"x")


@pytest.mark.parametrize("name", ["x" * 300, "nul\0", "\ud800", "file/below"])
def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written"):
        write_bytes(tmp_path / name, b"x")


def test_text_that_is_no_unicode_is_escaped(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "caf\xe9 \udcff")
    assert (tmp_path / "x").read_bytes() == b"caf\xc3\xa9 \\udcff"


def test_files_of_a_foreign_folder(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/1.png", "top.png"):
        write_bytes(tmp_path / "alphas" / name, b"x")
    found = [str(p.relative_to(tmp_path)) for p in regular_files(tmp_path / "alphas")]
    assert found == ["alphas/a/1.png", "alphas/b/2.png", "alphas/top.png"]
    assert list(regular_files(tmp_path / "absent")) == []


@pytest.mark.parametrize("how", ["file", "folder", "root", "dangling", "pipe"])
def test_links_of_a_foreign_folder_are_refused(tmp_path: Path, how: str) -> None:
    secret = tmp_path / "secret"
    write_bytes(secret / "x.png", b"x")
    root = tmp_path / "alphas"
    root.mkdir()
    if how == "pipe":
        os.mkfifo(root / "x.png")
    elif how == "root":
        root = tmp_path / "linked"
        root.symlink_to(secret)
    else:
        goal = {"file": secret / "x.png", "folder": secret, "dangling": tmp_path / "no"}[how]
        (root / "x.png").symlink_to(goal)
    with pytest.raises(DataError, match="symbolic link|neither a file nor a folder"):
        list(regular_files(root))


@pytest.mark.parametrize("part", ["..", "../x", "/etc", "a/b", "a\\b", "-x", "=x", "", "a\x1b"])
def test_names_do_not_climb(tmp_path: Path, part: str) -> None:
    with pytest.raises(DataError, match="cannot be used"):
        inside(tmp_path, "fine", part)


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "link").symlink_to(tmp_path)
    assert inside(tmp_path / "store", "a", "b") == tmp_path / "store" / "a" / "b"
    with pytest.raises(DataError, match="leads out of"):
        inside(tmp_path / "store", "link", "b")
