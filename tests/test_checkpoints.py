"""Checkpoints in the weights folder: recorded once, compared ever after, recognised by content."""

from __future__ import annotations

import http.server
import json
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from p3mbench import checkpoints, fetching, registry
from p3mbench.cli import main
from p3mbench.errors import WeightsError
from p3mbench.method import Checkpoint, Kind, MethodInfo, TrainSetting
from p3mbench.provenance import sha256_of
from p3mbench.registry import Found, get
from p3mbench.training.recipe import training_of
from p3mbench.weights import RecordError, load_into

MODNET, P3MNET = get("modnet"), get("p3mnet-r34")


def method_of(width: int, name: str, file: str | None = None) -> type:
    published = (
        Checkpoint(
            name="published",
            file=file or "",
            where="on their page",
            train_setting=TrainSetting.BLURRED,
            train_sets=("P3M-10k/train",),
            licence="MIT",
        ),
    )

    @dataclass(frozen=True)
    class Linear:
        info: ClassVar[MethodInfo] = MethodInfo(
            name=name,
            title=name.title(),
            kind=Kind.TRIMAP_FREE,
            year=2026,
            citation="nobody",
            learned=True,
            checkpoints=published if file else (),
        )

        def load(self, device: str, weights: Path | None):
            assert weights is not None
            load_into(torch.nn.Linear(width, 1), weights)
            return self

        def predict(self, image, trimap=None):
            return torch.zeros(image.shape[:2]).numpy()

    return Linear


@pytest.fixture(autouse=True)
def methods(tmp_path, monkeypatch):
    """Two learned methods, told apart by the shape of their weights."""
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path / "weights"))
    two = [method_of(3, "narrow", "narrow.pth")(), method_of(5, "broad")()]
    found = [Found(m.info.name, "tests", m) for m in two]
    monkeypatch.setattr(registry, "find", lambda plugins=(): found)
    return two


def saved(path: Path, width: int, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": torch.nn.Linear(width, 1).state_dict()}, path)
    return path


def call(*args: object):
    return CliRunner().invoke(main, ["weights", *(str(arg) for arg in args)])


def test_a_file_is_recognised_by_its_tensors(tmp_path, methods):
    done = call("add", saved(tmp_path / "mine.pth", 5), "--setting", "N", "--trained-on", "a,b")
    assert done.exit_code == 0, done.output
    assert "broad: broad--mine.pth, trained under N" in done.output
    (weights,) = checkpoints.found(methods[1].info)
    assert (weights.name, weights.train_setting, weights.train_sets) == ("mine", "N", ("a", "b"))
    assert checkpoints.found(methods[0].info) == []


def test_a_published_file_keeps_what_its_authors_say(tmp_path, methods):
    assert call("add", saved(tmp_path / "narrow.pth", 3)).exit_code == 0
    (weights,) = checkpoints.found(methods[0].info)
    assert (weights.name, weights.train_setting) == ("published", "B")
    assert weights.train_sets == ("P3M-10k/train",)


def test_the_list_says_what_is_here_and_where_the_rest_is(tmp_path):
    before = call("list").output
    assert "absent" in before
    assert "on their page" in before
    assert "none published" in before
    call("add", saved(tmp_path / "narrow.pth", 3))
    call("add", saved(tmp_path / "mine.pth", 5))
    after = call("list").output
    assert "absent" not in after.replace("absent ones", "")
    assert "broad--mine.pth" in after


def test_a_changed_file_is_refused_ever_after(tmp_path, methods):
    path = saved(tmp_path / "weights" / "narrow.pth", 3)
    assert checkpoints.found(methods[0].info)  # first use records it
    assert call("check").exit_code == 0
    saved(path, 3, seed=1)
    with pytest.raises(WeightsError, match="has changed since its first use"):
        checkpoints.found(methods[0].info)
    assert "has changed since" in call("check").output


def test_check_says_which_file_does_not_fit(tmp_path):
    saved(tmp_path / "weights" / "narrow.pth", 4)
    done = call("check", "narrow")
    assert done.exit_code == 1
    assert "narrow.pth" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: saved(p, 7), "fits none of the known networks (narrow, broad)"),
        (lambda p: p.write_bytes(b"junk"), "mine.pth"),
        (lambda p: None, "does not exist"),
    ],
)
def test_files_of_nobody_are_refused_in_one_line(tmp_path, make, words):
    make(tmp_path / "mine.pth")
    done = call("add", tmp_path / "mine.pth")
    assert done.exit_code == 1
    assert words in done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "weights").exists()


def test_another_file_of_the_same_name_is_not_overwritten(tmp_path):
    assert call("add", saved(tmp_path / "mine.pth", 5)).exit_code == 0
    done = call("add", saved(tmp_path / "mine.pth", 5, seed=1))
    assert done.exit_code == 1
    assert "a different file has this name" in done.output
    assert call("add", tmp_path / "mine.pth", "--name", "second").exit_code == 0


@pytest.mark.parametrize("name", ["checkpoints.json", "weights.json"])
@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "[" * 100_000,
        '{"a.pth": {}}',
        '{"a.pth": 5}',
        '{"../a.pth": {"method": "narrow", "sha256": "0"}}',
        '{"a.pth": {"method": "narrow", "sha256": "0", "train_sets": 5}}',
    ],
)
def test_a_damaged_record_is_named(tmp_path, methods, text, name):
    folder = tmp_path / "weights"
    saved(folder / "narrow.pth", 3)
    (folder / name).write_text(text)
    with pytest.raises(WeightsError, match=name.replace(".", "[.]")) as caught:
        checkpoints.found(methods[0].info)
    assert "\n" not in str(caught.value)


def test_records_are_readable(tmp_path, methods):
    call("add", saved(tmp_path / "mine.pth", 5), "--name", "first", "--setting", "B")
    record = json.loads((tmp_path / "weights" / "checkpoints.json").read_text())
    entry = record["broad--first.pth"]
    assert (entry["method"], entry["name"], entry["train_setting"]) == ("broad", "first", "B")
    assert len(entry["sha256"]) == 64


TRAINING = {"method": "broad", "version": 1, "width": 1.0, "setting": "B", "recipe": {"lr": 1e-5}}


def test_a_trainings_record_in_the_folder_is_told_from_the_folders_own(tmp_path, methods):
    folder = tmp_path / "weights"
    saved(folder / "narrow.pth", 3)
    (folder / "weights.json").write_text(json.dumps(TRAINING))
    assert call("list").exit_code == 0
    assert call("add", saved(tmp_path / "mine.pth", 5)).exit_code == 0
    assert json.loads((folder / "weights.json").read_text()) == TRAINING  # not overwritten
    assert set(json.loads((folder / "checkpoints.json").read_text())) == {
        "narrow.pth",
        "broad--mine.pth",
    }


def test_a_folders_record_of_an_older_version_is_read(tmp_path, methods):
    folder = tmp_path / "weights"
    saved(folder / "narrow.pth", 3)
    entry = {"method": "narrow", "sha256": "0" * 64}
    (folder / "weights.json").write_text(json.dumps({"narrow.pth": entry}))
    with pytest.raises(WeightsError, match=r"has changed since.*weights\.json"):
        checkpoints.found(methods[0].info)


@pytest.mark.parametrize(
    "name", ["P3M/ema", "../../x", "..", "a\tb", "-x", "=1", "\u202ex", "a\\b"]
)
def test_a_name_that_would_climb_is_refused_in_one_line(tmp_path, name):
    done = call("add", saved(tmp_path / "mine.pth", 5), f"--name={name}")
    assert done.exit_code == 1
    assert "checkpoint name" in done.output and done.output.count("\n") == 1
    assert not (tmp_path / "weights").exists()


def trained(path: Path, record: dict) -> Path:
    """A checkpoint as p3mbench train writes it, with a record of any content."""
    tensors = torch.nn.Linear(5, 1).state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"p3mbench": json.dumps(record)})
    return path


def test_what_a_training_says_of_its_weights_is_kept_when_they_are_added(tmp_path, methods):
    path = trained(tmp_path / "run" / "weights.safetensors", TRAINING | {"train_sets": ["x"]})
    done = call("add", path)
    assert done.exit_code == 0, done.output
    (weights,) = checkpoints.found(methods[1].info)
    assert (weights.name, weights.train_setting, weights.train_sets) == ("run", "B", ("x",))
    assert call("add", path, "--setting", "N", "--name", "other").exit_code == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("train_sets", 5),
        ("train_sets", [5]),
        ("options", []),
        ("options", "x"),
        ("width", "wide"),
        ("width", True),
        ("width", -1),
        ("setting", "Q"),
        ("setting", ["B"]),
        ("method", 7),
        ("seed", {}),
    ],
)
def test_an_odd_record_is_named_with_its_key(tmp_path, methods, key, value):
    path = trained(tmp_path / "odd.safetensors", TRAINING | {key: value})
    with pytest.raises(RecordError) as caught:
        checkpoints.given(methods[1].info, path, None)
    assert str(path) in str(caught.value) and repr(key) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[" * 100_000, "nested too deep"), ("{", "not JSON"), ("[1]", "list, not an object")],
)
def test_a_record_that_cannot_be_read_is_named(tmp_path, methods, text, words):
    path = tmp_path / "odd.safetensors"
    save_file(torch.nn.Linear(5, 1).state_dict(), path, metadata={"p3mbench": text})
    with pytest.raises(RecordError, match=words):
        checkpoints.given(methods[1].info, path, None)


def test_an_odd_record_in_the_folder_is_said_and_the_others_are_listed(tmp_path, methods):
    assert call("add", saved(tmp_path / "narrow.pth", 3)).exit_code == 0
    assert call("add", trained(tmp_path / "odd.safetensors", TRAINING)).exit_code == 0
    kept = tmp_path / "weights" / "broad--odd.safetensors"
    trained(kept, TRAINING | {"train_sets": 5})
    for command in ("list", "check"):
        done = call(command)
        assert done.exit_code == 1 and "Traceback" not in done.output
        assert "'train_sets' must be a list of names, not 5" in done.output
        assert "narrow.pth" in done.output


@pytest.fixture
def served(tmp_path):
    """A folder that a server on this machine offers, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_fetched_checkpoint_is_kept_only_if_it_fits(tmp_path, served, monkeypatch):
    folder, address = served
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path / "weights"))
    method = MODNET
    torch.manual_seed(0)
    torch.save(training_of(method).network(1).state_dict(), folder / "good.ckpt")
    (folder / "page.html").write_text("<html>sign in first</html>")
    path, sha256 = fetching.fetch(method, url=f"{address}/good.ckpt")
    assert path.name == method.info.checkpoints[0].file and path.is_file()
    assert sha256 == sha256_of(folder / "good.ckpt")
    assert fetching.fetch(method, url=f"{address}/good.ckpt")[1] == sha256  # once more is fine
    for name, words in (("page.html", "web page"), ("gone", "404")):
        with pytest.raises(WeightsError, match=words):
            fetching.fetch(method, url=f"{address}/{name}")
    torch.manual_seed(1)
    torch.save(training_of(method).network(1).state_dict(), folder / "other.ckpt")
    with pytest.raises(WeightsError, match="differs from"):
        fetching.fetch(method, url=f"{address}/other.ckpt")
    assert sha256_of(path) == sha256
    left = {p.name for p in (tmp_path / "weights").iterdir()}
    assert left == {path.name, "checkpoints.json"}


def test_what_lies_behind_a_page_is_fetched_by_hand(tmp_path, monkeypatch, methods):
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="download it by hand"):
        fetching.fetch(methods[0])
    with pytest.raises(WeightsError, match="no checkpoint nothing"):
        fetching.fetch(P3MNET, "nothing")
    with pytest.raises(WeightsError, match="not an http"):
        fetching.fetch(P3MNET, url="file:///etc/passwd")
