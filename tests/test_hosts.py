"""Hosts of weights: what each does, and what becomes of it. All servers are on this machine."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from click.testing import CliRunner
from hosts_here import Here, drive_at, serving

from p3mbench import checkpoints, fetching, hosts, registry
from p3mbench.cli import main
from p3mbench.errors import WeightsError
from p3mbench.hosts import HostedFile, download
from p3mbench.method import Checkpoint, Kind, MethodInfo, TrainSetting
from p3mbench.registry import Found
from p3mbench.weights import load_into

FILE = "file.pth"


def saved(seed: int = 0) -> bytes:
    torch.manual_seed(seed)
    content = io.BytesIO()
    torch.save(torch.nn.Linear(3000, 100).state_dict(), content)
    return content.getvalue()


@pytest.fixture
def here() -> Iterator[Here]:
    with serving(saved()) as server:
        yield server


@dataclass(frozen=True)
class Fetched:
    """A learned method with one published file."""

    info: ClassVar[MethodInfo] = MethodInfo(
        name="fetched",
        title="Fetched",
        kind=Kind.TRIMAP_FREE,
        year=2026,
        citation="nobody",
        learned=True,
        checkpoints=tuple(
            Checkpoint(
                name=name,
                file=file,
                where="on their page",
                train_setting=TrainSetting.BLURRED,
                train_sets=("P3M-10k/train",),
                licence="MIT",
            )
            for name, file in (("one", FILE), ("two", "other.pth"))
        ),
    )

    def load(self, device: str, weights: Path | None) -> Any:
        assert weights is not None
        load_into(torch.nn.Linear(3000, 100), weights)
        return self


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path / "weights"))
    found = [Found("fetched", "tests", Fetched())]
    monkeypatch.setattr(registry, "find", lambda plugins=(): found)
    return tmp_path / "weights"


@pytest.mark.parametrize("name", ["file", "moved"])
def test_a_plain_address_and_a_redirect_give_the_file(
    here: Here, tmp_path: Path, name: str
) -> None:
    path = download(HostedFile(f"{here.address}/{name}"), tmp_path / FILE)
    assert path.read_bytes() == here.content
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("login", "asks for a login (HTTP 403)"),
        ("unknown", "asks for a login (HTTP 401)"),
        ("busy", "the quota of 127.0.0.1"),
        ("gone", "answers HTTP 404"),
        ("trap", "leads to another kind of address"),
    ],
)
def test_what_is_no_file_is_one_line(here: Here, tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(WeightsError) as caught:
        download(HostedFile(f"{here.address}/{name}"), tmp_path / FILE)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_download_is_continued(here: Here, tmp_path: Path) -> None:
    here.cut = 2
    for _ in range(2):
        with pytest.raises(WeightsError, match="repeat the command to continue"):
            download(HostedFile(f"{here.address}/file"), tmp_path / FILE)
    download(HostedFile(f"{here.address}/file"), tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == here.content
    starts = [int(found[6:-1]) for _, found in here.asked[1:]]
    assert 0 < starts[0] < starts[1] < len(here.content)


def test_a_part_that_is_longer_than_the_file_is_thrown_away(here: Here, tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.part").write_bytes(here.content + b"x")
    download(HostedFile(f"{here.address}/file"), tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == here.content


@pytest.mark.parametrize("identity", ["small", "big"])
def test_google_drive_gives_files_also_behind_its_confirmation(
    here: Here, tmp_path: Path, identity: str
) -> None:
    pytest.importorskip("gdown")
    with drive_at(here):
        download(HostedFile(f"gdrive:{identity}"), tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == here.content
    assert len(here.asked) == 1 + (identity == "big")


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("quota", "the quota of Google Drive is used up"),
        ("login", "it asks for a login"),
        ("trap", "leads to another kind of address"),
    ],
)
def test_pages_of_google_drive_are_one_line(
    here: Here, tmp_path: Path, identity: str, words: str
) -> None:
    pytest.importorskip("gdown")
    with drive_at(here), pytest.raises(WeightsError) as caught:
        download(HostedFile(f"gdrive:{identity}"), tmp_path / FILE)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_broken_download_from_google_drive_is_continued(here: Here, tmp_path: Path) -> None:
    pytest.importorskip("gdown")
    here.cut = 1
    with drive_at(here):
        with pytest.raises(WeightsError, match="repeat the command"):
            download(HostedFile("gdrive:small"), tmp_path / FILE)
        download(HostedFile("gdrive:small"), tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == here.content
    assert any(found for _, found in here.asked)


def test_a_file_of_a_drive_folder_is_chosen_by_its_name(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gdown lists the folder; here the listing is given."""
    gdown = pytest.importorskip("gdown")
    from collections import namedtuple

    Listed = namedtuple("Listed", "id path local_path")
    listed = [Listed("login", "other.pth", ""), Listed("small", f"sub/{FILE}", "")]
    monkeypatch.setattr(gdown, "download_folder", lambda **options: listed)
    with drive_at(here):
        download(HostedFile("gdrive-folder:x"), tmp_path / FILE)
        with pytest.raises(WeightsError, match=r"has no file third\.pth"):
            download(HostedFile("gdrive-folder:x"), tmp_path / "third.pth")
    assert (tmp_path / FILE).read_bytes() == here.content


def test_hugging_face_at_another_endpoint(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_ENDPOINT", here.address)
    download(HostedFile("hf:owner/repository/model.safetensors"), tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == here.content
    assert "/owner/repository/resolve/main/model.safetensors" in dict(here.asked)
    here.cut = 1  # huggingface_hub tries again by itself, from where it was
    download(HostedFile("hf:owner/repository/other.safetensors"), tmp_path / "other.pth")
    assert (tmp_path / "other.pth").read_bytes() == here.content
    for name, words in (("login", "a login"), ("gated", "is gated"), ("gone", "gone|404")):
        with pytest.raises(WeightsError, match=words) as caught:
            download(HostedFile(f"hf:owner/repository/{name}"), tmp_path / "x")
        assert "\n" not in str(caught.value)


def test_a_missing_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "find_spec", lambda name: None)
    for address in ("gdrive:x", "gdrive-folder:x", "hf:a/b/c"):
        with pytest.raises(WeightsError, match=r"pip install 'p3mbench\[fetch\]'"):
            download(HostedFile(address), tmp_path / FILE)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://a/b", "gdrive:", "a", ""])
def test_other_addresses_are_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(WeightsError, match="not an http or https address"):
        download(HostedFile(address), tmp_path / FILE)


def test_hosts_are_imported_only_when_needed() -> None:
    import subprocess

    code = (
        "import sys, p3mbench.checkpoints; print({'gdown', 'huggingface_hub'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def call(*args: str) -> Any:
    return CliRunner().invoke(main, ["weights", "fetch", *args])


def test_a_known_hash_is_compared_before_anything_is_kept(
    here: Here, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = HostedFile(f"{here.address}/file", "0" * 64)
    monkeypatch.setattr(hosts, "known", lambda method, checkpoint: wrong)
    done = call("fetched")
    assert done.exit_code == 1 and "0000 its authors print; it was not kept" in done.output
    assert list(folder.iterdir()) == []


def test_a_recorded_hash_is_compared_before_anything_is_kept(here: Here, folder: Path) -> None:
    assert call("fetched", "--url", f"{here.address}/file").exit_code == 0
    (folder / FILE).unlink()
    here.content = saved(seed=1)
    done = call("fetched", "--url", f"{here.address}/file")
    assert done.exit_code == 1 and "was recorded here; it was not kept" in done.output
    assert [p.name for p in folder.iterdir()] == [checkpoints.RECORD]


def test_a_quota_page_in_place_of_a_file_is_told(here: Here, folder: Path) -> None:
    done = call("fetched", "--url", f"{here.address}/quota")
    assert done.exit_code == 1 and "is a web page" in done.output
    assert done.output.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_a_part_stays_until_the_file_is_whole(here: Here, folder: Path) -> None:
    here.cut = 1
    assert call("fetched", "--url", f"{here.address}/file").exit_code == 1
    assert [p.name for p in (folder / fetching.PARTS).iterdir()] == [f"{FILE}.part"]
    assert call("fetched", "--url", f"{here.address}/file").exit_code == 0
    assert {p.name for p in folder.iterdir()} == {FILE, checkpoints.RECORD}


def test_all_goes_on_after_a_failure_and_is_quick_the_second_time(
    here: Here, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"one": "file", "two": "login"}
    monkeypatch.setattr(hosts, "known", lambda _, name: HostedFile(f"{here.address}/{names[name]}"))
    done = call("fetched", "--all")
    assert done.exit_code == 3
    assert "1 of 2 checkpoints are here" in done.output and "asks for a login" in done.output
    names["two"] = "file"
    before = len(here.asked)
    done = call("--all")
    assert done.exit_code == 0 and "2 of 2 checkpoints are here" in done.output
    assert len(here.asked) == before + 1  # the first was here


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "name a method, or give --all"),
        (("fetched", "--all", "--url", "https://a/b"), "one checkpoint of one method"),
        (("fetched", "--all", "--name", "one"), "either --name or --all"),
    ],
)
def test_options_that_contradict_each_other(
    folder: Path, args: tuple[str, ...], words: str
) -> None:
    done = call(*args)
    assert done.exit_code == 2 and words in done.output


def test_the_table_names_published_checkpoints_and_possible_addresses() -> None:
    import csv
    from importlib.resources import files

    text = files(hosts.TABLE[0]).joinpath(hosts.TABLE[1]).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    published = {
        (e.method.info.name, c.name): c
        for e in registry.find()
        if e.method is not None
        for c in e.method.info.checkpoints
    }
    for row in rows:
        checkpoint = published[row["method"], row["checkpoint"]]
        assert HostedFile(row["source"]).kind in hosts.HOSTS
        identity = row["source"].partition(":")[2]
        if row["source"].startswith("gdrive"):
            assert identity in checkpoint.where
    assert len(rows) == len({(row["method"], row["checkpoint"]) for row in rows})
