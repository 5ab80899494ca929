"""Find, add, download and verify the user's checkpoints.

The files are in `p3mbench.weights.weights_dir`. ``checkpoints.json`` beside them records the
SHA-256 of each file at its first use; a file that has changed since is refused. Published files are
known by their names. `add` copies other files there and records their training. (The record was
once called ``weights.json``, like the record of a training; our old files of that name are read.)
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from p3mbench.errors import P3MBenchError, WeightsError
from p3mbench.method import Checkpoint, Method, MethodInfo, TrainSetting
from p3mbench.names import checked_name, printable, problem_of
from p3mbench.nearest import likenesses
from p3mbench.provenance import sha256_of
from p3mbench.weightfiles.reading import kept_contents
from p3mbench.weights import as_recorded, changed_options, location, recorded, weights_dir
from p3mbench.writing import write_bytes

RECORD = "checkpoints.json"
FORMER_RECORD = "weights.json"
# the values of an entry of the record, and their types
ENTRY = {
    "method": str, "sha256": str, "added": bool, "name": str, "train_setting": str,
    "train_sets": list,
}  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """A checkpoint file to run a method with.

    Attributes:
        name: name of the checkpoint, for tables.
        sha256: hash of the file's bytes, 64 hexadecimal digits.
        train_setting: what faces looked like in training; see `p3mbench.settings`.
        train_sets: the known training sets.
        seed: seed of the training, as text; "" if it is not known.
        width: factor on the published network's channels.
        options: the method's options for these weights, as JSON.
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
    """Describe a file that the user named; a published file name implies that setting.

    A file of ``p3mbench train`` records its method and setting; ``setting`` must agree with them.

    Raises:
        WeightsError: the file does not exist, or was trained differently.
    """
    if not path.is_file():
        raise WeightsError(f"weights of {info.name}: {path} does not exist")
    record = recorded(path)
    if record:
        return _trained_here(info, path, setting, record)
    published, digest = published_as(info, path), sha256_of(path)
    if published is None:
        return Weights(path.resolve(), path.stem, digest, setting or TrainSetting.OTHER)
    trained = setting or str(published.train_setting)
    return Weights(path.resolve(), published.name, digest, trained, published.train_sets)


def published_as(info: MethodInfo, path: Path) -> Checkpoint | None:
    """Return the published checkpoint that a file is; None for the user's own.

    A file is recognised by its authors' name. A model that exists as a file has many names, so any
    file is taken for the published one unless its known hash differs: the check for test images
    seen in training must not be lost with a name.

    Raises:
        WeightsError: the file has the published name, and another hash.
    """
    named = {c.file: c for c in info.checkpoints}.get(path.name)
    checkpoint = named or (info.checkpoints[0] if info.model_file else None)
    if checkpoint is None or not checkpoint.digest:
        return checkpoint
    kind, _, known = checkpoint.digest.partition(":")
    found = sha256_of(path) if kind == "sha256" else _md5_of(path)
    if found == known:
        return checkpoint
    if named is None:
        return None
    raise WeightsError(
        f"{path}: is not the file that {info.model_file or info.name} declares ({kind} "
        f"{found[:12]}, declared {known[:12]}); get it again: {checkpoint.where}"
    )


def _md5_of(path: Path) -> str:
    """Return the MD5 of a file; it tells damaged files, not forged ones."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def _trained_here(
    info: MethodInfo, path: Path, setting: str | None, record: Mapping[str, Any]
) -> Weights:
    if record.get("method") != info.name:
        other = printable(str(record.get("method")))
        raise WeightsError(f"weights of {info.name}: {path} was trained as {other}; name that one")
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
        float(record.get("width", 1.0)),
        json.dumps(record.get("options", {}), sort_keys=True),
    )


def shipped(info: MethodInfo, folder: Path | None) -> list[Weights]:
    """Find a method's checkpoints among those that come with a benchmark, by file name."""
    return [given(info, path, None) for path in shipped_files(info, folder)]


def shipped_files(info: MethodInfo, folder: Path | None) -> list[Path]:
    """Return the files of `shipped`, sorted by name; none of them is read."""
    if folder is None or not folder.is_dir():
        return []
    return sorted(folder.glob(f"{info.name}--*.safetensors"))


def as_trained(method: Method, weights: Weights) -> Method:
    """Return the method with the options of its weights; options that the user changed stay."""
    options = json.loads(weights.options)
    return as_recorded(method, options, weights.path, changed_options(method))


def found(info: MethodInfo) -> list[Weights]:
    """Find the checkpoints of a method in the weights folder: published ones, then added ones.

    Raises:
        WeightsError: a file has changed since its first use.
    """
    folder, records = weights_dir(), _records()
    weights = [given(info, path, None) for path in filter(None, map(location, info.checkpoints))]
    for file, entry in records.items():
        if entry.get("added") and entry["method"] == info.name and (folder / file).is_file():
            added = given(info, folder / file, None)
            sets = tuple(entry.get("train_sets", ()))
            trained = entry.get("train_setting", added.train_setting)
            name = entry.get("name", added.name)
            weights.append(replace(added, name=name, train_setting=trained, train_sets=sets))
    for one in weights:
        if one.path.parent == folder.resolve():
            _verify(one, info.name, records)
    return weights


def _verify(weights: Weights, method: str, records: Mapping[str, Any]) -> None:
    """Record a file's hash at its first use, and compare it at every later one."""
    known = records.get(weights.path.name)
    if known is None:
        _remember(weights.path.name, {"method": method, "sha256": weights.sha256})
    elif known["sha256"] != weights.sha256:
        raise WeightsError(
            f"{weights.path}: has changed since its first use (SHA-256 "
            f"{weights.sha256[:12]}, recorded {known['sha256'][:12]}); restore it, or accept the "
            f"new file by removing its entry from {_record_of(weights.path.name)}"
        )


def _record_of(file: str) -> Path:
    """Return the record that contains a file's entry."""
    new, former = weights_dir() / RECORD, weights_dir() / FORMER_RECORD
    return former if former.is_file() and not (new.is_file() and file in _json_of(new)) else new


def recognise(path: Path, methods: Iterable[Method]) -> list[Method]:
    """Find the learned methods that load this checkpoint strictly.

    Raises:
        WeightsError: the file is not a checkpoint, cannot be read safely, or fits no method; the
            message names the nearest one.
    """
    learned = [method for method in methods if method.info.learned]
    with kept_contents():
        found = list(likenesses(path, learned))
        compared = {one.method.info.name for one in found}
        takers = [one.method for one in found if one.fits]
        for method in learned:  # ask the methods that read files in their own way
            if method.info.name not in compared and _takes(method, path):
                takers.append(method)
    if takers:
        return takers
    near = max(found, key=lambda one: one.share, default=None)
    names = ", ".join(method.info.name for method in learned)
    text = f"{path}: fits none of the known networks ({names})"
    if near is not None and near.shared:
        text += (
            f"; the nearest is {near.method.info.name}: {near.shared} of {near.of} tensors agree"
        )
    raise WeightsError(text)


def _takes(method: Method, path: Path) -> bool:
    try:
        method.load("cpu", path)
    except P3MBenchError:
        return False
    return True


def add(path: Path, info: MethodInfo, name: str, setting: str, sets: tuple[str, ...]) -> Weights:
    """Copy a checkpoint into the weights folder and record its training.

    Args:
        path: the file, known to fit the method (see `recognise`).
        name: name of the checkpoint; ``""`` keeps the published one, the training's, or the stem.
        setting: what faces looked like in its training; ``""`` takes it from the file or its
            authors.
        sets: training sets; empty takes them from the file or its authors.

    Raises:
        WeightsError: a different file with that name exists, the name cannot be used, or the file
            records another training.
    """
    if not path.is_file():
        raise WeightsError(f"weights of {info.name}: {path} does not exist")
    published = None if name and info.model_file else published_as(info, path)
    if published is None and info.model_file and not name:
        declared = info.checkpoints[0]
        raise WeightsError(
            f"{path}: is not the file that {info.model_file} declares ({declared.digest[:19]}...); "
            f"get it again ({declared.where}), or add it as weights of your own with --name"
        )
    said = given(info, path, setting or None)
    shown = checked_name(name or said.name, "checkpoint", WeightsError)
    suffix = path.suffix if not problem_of(f"x{path.suffix}") else ""
    file = published.file if published else f"{info.name}--{shown}{suffix}"
    target = weights_dir() / checked_name(file, "checkpoint", WeightsError)
    if target.is_file() and sha256_of(target) != said.sha256:
        raise WeightsError(f"{target}: a different file has this name; give --name, or move it")
    records = _records()
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{file}.part")
        shutil.copyfile(path, partial)
        partial.replace(target)
    known = sets or said.train_sets
    entry = {
        "method": info.name,
        "sha256": said.sha256,
        "added": published is None,
        "name": shown,
        "train_setting": said.train_setting,
        "train_sets": list(known),
    }
    _remember(file, entry, records)
    return replace(said, path=target.resolve(), name=shown, train_sets=tuple(known))


def recorded_hash(file: str) -> str:
    """Return the SHA-256 that was recorded for a file of the weights folder; "" for none."""
    return str(_records().get(file, {}).get("sha256", ""))


def _records() -> dict[str, Any]:
    """Read the records of the folder's files: file name -> entry."""
    folder, found = weights_dir(), {}
    for name in (FORMER_RECORD, RECORD):
        path = folder / name
        if path.is_file():
            content = _json_of(path)
            if name == RECORD or not _of_a_training(content):
                found.update(_checked_records(path, content))
    return found


def _json_of(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: cannot be read ({error}); repair or remove it") from None


def _of_a_training(content: Any) -> bool:
    """Return whether a ``weights.json`` is a training's record of its one file of weights."""
    return isinstance(content, dict) and isinstance(content.get("method"), str)


def _checked_records(path: Path, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise WeightsError(f"{path}: is not a record of weights; repair or remove it")
    for file, entry in content.items():
        wrong = problem_of(file) or _problem_of_entry(entry)
        if wrong:
            raise WeightsError(
                f"{path}: is not a record of weights ({printable(file)!r}: {wrong}); repair or "
                "remove it"
            )
    return content


def _problem_of_entry(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "its entry is not an object"
    if not {"method", "sha256"} <= set(entry):
        return "it lacks 'method' or 'sha256'"
    for key, kind in ENTRY.items():
        if key in entry and not isinstance(entry[key], kind):
            return f"{key!r} is not of type {kind.__name__}"
    return ""


def _remember(
    file: str, entry: Mapping[str, Any], records: Mapping[str, Any] | None = None
) -> None:
    known = dict(_records() if records is None else records) | {file: dict(entry)}
    text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n"
    write_bytes(weights_dir() / RECORD, text.encode())
