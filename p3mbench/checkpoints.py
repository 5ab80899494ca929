"""The user's checkpoints: which there are, whose they are, and that they are still the same.

Files lie in `p3mbench.weights.weights_dir`. ``weights.json`` beside them records each file's
SHA-256 when it is first used; a file that has changed since is refused. Published files are known
by their names; others enter through `add`, with what they were trained on.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p3mbench.errors import P3MBenchError, WeightsError
from p3mbench.method import (
    Checkpoint,
    Method,
    MethodInfo,
    TrainSetting,
    options_of,
    with_options,
)
from p3mbench.provenance import sha256_of
from p3mbench.weights import read_state_dict, recorded, recorded_width, weights_dir
from p3mbench.writing import write_bytes

RECORD = "weights.json"


@dataclass(frozen=True)
class Weights:
    """A checkpoint file to run a method with.

    Attributes:
        name: of the checkpoint, for tables.
        sha256: of the file's bytes, 64 hexadecimal digits.
        train_setting: what faces looked like in training: B, N, B+CP or other.
        train_sets: what it was trained on, as far as is known.
        seed: of the training, as text, "" if it is not known.
        width: factor on the published network's channels.
        options: of the method, as JSON, that the weights are meant to be run with.
    """

    path: Path
    name: str
    sha256: str
    train_setting: str
    train_sets: tuple[str, ...] = ()
    seed: str = ""
    width: float = 1.0
    options: str = "{}"


def given(info: MethodInfo, path: Path, setting: str | None) -> Weights:
    """A file named by the user; one with a published name has that checkpoint's setting.

    What ``p3mbench train`` wrote says itself what it is; a ``setting`` must agree with it.

    Raises:
        WeightsError: the file does not exist, or says that it is something else.
    """
    if not path.is_file():
        raise WeightsError(f"weights of {info.name}: {path} does not exist")
    record = recorded(path)
    if record:
        return _trained_here(info, path, setting, record)
    published = {c.file: c for c in info.checkpoints}.get(path.name)
    if published is None:
        return Weights(path.resolve(), path.stem, sha256_of(path), setting or TrainSetting.OTHER)
    trained = setting or str(published.train_setting)
    return Weights(path.resolve(), published.name, sha256_of(path), trained, published.train_sets)


def _trained_here(
    info: MethodInfo, path: Path, setting: str | None, record: Mapping[str, Any]
) -> Weights:
    if record.get("method") != info.name:
        raise WeightsError(
            f"weights of {info.name}: {path} was trained as {record.get('method')}; name that one"
        )
    trained = str(record.get("setting", TrainSetting.OTHER))
    if setting is not None and setting != trained:
        raise WeightsError(f"{path}: was trained under {trained}, not {setting}; leave @{setting}")
    return Weights(
        path.resolve(),
        path.stem if path.stem != "weights" else path.resolve().parent.name,
        sha256_of(path),
        trained,
        tuple(record.get("train_sets", ())),
        str(record.get("seed", "")),
        recorded_width(path),
        json.dumps(record.get("options", {}), sort_keys=True),
    )


def shipped(info: MethodInfo, folder: Path | None) -> list[Weights]:
    """A method's checkpoints among those that a benchmark brings along, by file name."""
    if folder is None or not folder.is_dir():
        return []
    paths = sorted(folder.glob(f"{info.name}--*.safetensors"))
    return [given(info, path, None) for path in paths]


def as_trained(method: Method, weights: Weights) -> Method:
    """The method with the options its weights ask for, but for those that the user has changed."""
    default = options_of(type(method)())
    mine = options_of(method)
    wanted = {k: v for k, v in json.loads(weights.options).items() if mine[k] == default[k]}
    return with_options(method, wanted)


def found(info: MethodInfo) -> list[Weights]:
    """The checkpoints of a method in the weights folder: published ones, then added ones.

    Raises:
        WeightsError: a file is not what it was when it was first used.
    """
    folder, records = weights_dir(), _records()
    weights = [
        given(info, folder / checkpoint.file, None)
        for checkpoint in info.checkpoints
        if (folder / checkpoint.file).is_file()
    ]
    for file, entry in records.items():
        if entry.get("added") and entry["method"] == info.name and (folder / file).is_file():
            added = given(info, folder / file, None)
            sets = tuple(entry["train_sets"])
            trained = entry["train_setting"]
            weights.append(
                replace(added, name=entry["name"], train_setting=trained, train_sets=sets)
            )
    for one in weights:
        _verify(one, info.name, records)
    return weights


def _verify(weights: Weights, method: str, records: Mapping[str, Any]) -> None:
    """Record a file's hash on first use, and compare it ever after."""
    known = records.get(weights.path.name)
    if known is None:
        _remember(weights.path.name, {"method": method, "sha256": weights.sha256})
    elif known["sha256"] != weights.sha256:
        raise WeightsError(
            f"{weights.path}: is not the file it was when it was first used (SHA-256 "
            f"{weights.sha256[:12]}, recorded {known['sha256'][:12]}); restore it, or forget the "
            f"old one by removing its entry from {weights_dir() / RECORD}"
        )


def recognise(path: Path, methods: Iterable[Method]) -> list[Method]:
    """The learned methods whose network takes this checkpoint strictly.

    Raises:
        WeightsError: the file is no checkpoint, or not one that can be read safely.
    """
    read_state_dict(path)  # one clear line if it cannot be read at all
    takers = []
    for method in methods:
        if method.info.learned:
            try:
                method.load("cpu", path)
            except P3MBenchError:
                continue
            takers.append(method)
    return takers


def add(path: Path, info: MethodInfo, name: str, setting: str, sets: tuple[str, ...]) -> Weights:
    """Copy a checkpoint into the weights folder and record what it is.

    Args:
        path: the file, known to fit the method (see `recognise`).
        name: of the checkpoint; ``""`` keeps the published one's, or the file's stem.
        setting: what faces looked like in its training; ``""`` keeps the published one's.
        sets: what it was trained on; empty keeps the published one's.

    Raises:
        WeightsError: another file of that name is there already.
    """
    published: Checkpoint | None = {c.file: c for c in info.checkpoints}.get(path.name)
    file = path.name if published else f"{info.name}--{name or path.stem}{path.suffix}"
    target, digest = weights_dir() / file, sha256_of(path)
    if target.is_file() and sha256_of(target) != digest:
        raise WeightsError(f"{target}: another file of this name is there; give --name, or move it")
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{file}.part")
        shutil.copyfile(path, partial)
        partial.replace(target)
    trained = setting or str(published.train_setting if published else TrainSetting.OTHER)
    known = sets or (published.train_sets if published else ())
    shown = name or (published.name if published else path.stem)
    _remember(
        file,
        {
            "method": info.name,
            "sha256": digest,
            "added": published is None,
            "name": shown,
            "train_setting": trained,
            "train_sets": list(known),
        },
    )
    return Weights(target.resolve(), shown, digest, trained, known)


def fetch(method: Method, name: str | None = None, url: str | None = None) -> tuple[Path, str]:
    """Download a published checkpoint under its authors' file name.

    The file is loaded before it is kept, and one that was here before is never overwritten by
    another: its hash was recorded when it was first used.

    Args:
        method: whose checkpoint.
        name: of the checkpoint; the first by default.
        url: plain http(s) address; by default the one its authors publish, where it is plain.

    Returns:
        The file and its SHA-256.

    Raises:
        WeightsError: nothing published by that name, no plain address, the download fails, or what
            came is no checkpoint of this network.
    """
    import pooch

    chosen = [c for c in method.info.checkpoints if name in (None, c.name)]
    if not chosen:
        names = ", ".join(c.name for c in method.info.checkpoints) or "none"
        raise WeightsError(
            f"{method.info.name} has no checkpoint {name or ''} (published: {names})"
        )
    checkpoint = chosen[0]
    if url is None:
        if not (checkpoint.where.startswith("https://") and checkpoint.where.endswith("/")):
            raise WeightsError(
                f"{checkpoint.file} has no plain address; get it by hand ({checkpoint.where}) and "
                f"give it to p3mbench weights add, or give its address with --url"
            )
        url = checkpoint.where + checkpoint.file
    if not url.startswith(("https://", "http://")):
        raise WeightsError(f"{url} is no http or https address")
    folder = weights_dir()
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as partial:
        try:
            loader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=60)
            got = pooch.retrieve(url, None, fname=checkpoint.file, path=partial, downloader=loader)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            reason = " ".join(str(error).split())[:200]
            raise WeightsError(f"{url} cannot be fetched ({reason})") from None
        file = Path(got)
        method.load("cpu", file)
        digest = sha256_of(file)
        target = folder / checkpoint.file
        if target.is_file() and sha256_of(target) != digest:
            raise WeightsError(
                f"{target} is here already and differs from {url}; move one of them away"
            )
        file.replace(target)
    found(method.info)  # records its hash, and compares it if it was recorded before
    return target, digest


def _records() -> dict[str, Any]:
    path = weights_dir() / RECORD
    if not path.is_file():
        return {}
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read ({error}); mend or remove it") from None
    if not isinstance(records, dict) or not all("sha256" in r for r in records.values()):
        raise WeightsError(f"{path}: is not a record of weights; mend or remove it")
    return records


def _remember(file: str, entry: Mapping[str, Any]) -> None:
    records = _records() | {file: dict(entry)}
    text = json.dumps(dict(sorted(records.items())), indent=1, ensure_ascii=False) + "\n"
    write_bytes(weights_dir() / RECORD, text.encode())
