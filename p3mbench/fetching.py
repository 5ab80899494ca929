"""Download published checkpoints into the weights folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from p3mbench import hosts
from p3mbench.checkpoints import found, recorded_hash
from p3mbench.errors import WeightsError
from p3mbench.hosts import HostedFile
from p3mbench.method import Checkpoint, Method, MethodInfo
from p3mbench.names import nearest
from p3mbench.provenance import sha256_of
from p3mbench.weightfiles.kinds import wrong_kind
from p3mbench.weights import weights_dir

PARTS = ".fetching"  # folder of downloads
UNFINISHED = (".part", ".incomplete")  # suffixes of files to continue


def source_of(info: MethodInfo, checkpoint: Checkpoint) -> HostedFile | None:
    """Return where a published checkpoint can be fetched; None if only by hand."""
    if info.model_file and checkpoint.hub:
        repository, _, inside = checkpoint.hub.partition(":")
        return HostedFile(f"hf:{repository}/{inside}")
    if info.model_file and checkpoint.where.startswith("https://") and " " not in checkpoint.where:
        return HostedFile(checkpoint.where)
    if checkpoint.where.startswith("https://") and checkpoint.where.endswith("/"):
        known = hosts.known(info.name, checkpoint.name)
        return known or HostedFile(checkpoint.where + checkpoint.file)
    return hosts.known(info.name, checkpoint.name)


def fetch(method: Method, name: str | None = None, url: str | None = None) -> tuple[Path, str]:
    """Download a published checkpoint under its authors' file name.

    Its hash is compared with the one that is known or was recorded, and the file is loaded before
    it is kept. It never overwrites a different file. A broken download is continued by the next
    call.

    Args:
        method: the method that uses the checkpoint.
        name: name of the checkpoint; the first by default.
        url: address as in `p3mbench.hosts`; by default the one that its authors publish.

    Returns:
        The file and its SHA-256.

    Raises:
        WeightsError: no such checkpoint is published, it has no known address, the download
            fails, or the file is not a checkpoint of this network.
    """
    checkpoint = published(method.info, name)
    source = HostedFile(url) if url else source_of(method.info, checkpoint)
    if source is None:
        raise WeightsError(
            f"{checkpoint.file} has no plain address; download it by hand "
            f"({checkpoint.where}) and give it to p3mbench weights add, or give its address "
            "with --url"
        )
    folder = weights_dir()
    target, parts = folder / checkpoint.file, folder / PARTS
    digest = sha256_of(target) if target.is_file() and not url else ""
    if not digest:
        file = parts / checkpoint.file
        try:
            hosts.download(source, file)
            digest = sha256_of(file)
            _check_hash(file, digest, source, target)
            method.load("cpu", file)
            file.replace(target)
        finally:
            file.unlink(missing_ok=True)  # parts of it have other names, and stay
            _remove_empty(parts)
    found(method.info)  # records its hash, and compares it if it was recorded before
    return target, digest


def published(info: MethodInfo, name: str | None) -> Checkpoint:
    """Return a published checkpoint by its name; the first for None.

    Raises:
        WeightsError: the method has no such checkpoint.
    """
    chosen = [c for c in info.checkpoints if name in (None, c.name)]
    if not chosen:
        names = ", ".join(c.name for c in info.checkpoints) or "none"
        hint = nearest(name or "", (c.name for c in info.checkpoints))
        raise WeightsError(f"{info.name} has no checkpoint {name or ''} ({hint}published: {names})")
    return chosen[0]


def _check_hash(file: Path, digest: str, source: HostedFile, target: Path) -> None:
    """Compare a downloaded file with what is known, recorded or there."""
    if kind := wrong_kind(file):
        raise WeightsError(f"{source.address}: {kind}")
    recorded = recorded_hash(target.name)
    if target.is_file() and sha256_of(target) != digest:
        raise WeightsError(
            f"{target} exists and differs from {source.address}; move or rename it first"
        )
    for expected, who in ((source.sha256, "its authors print"), (recorded, "was recorded here")):
        if not digest.startswith(expected):
            raise WeightsError(
                f"{source.address}: the file has SHA-256 {digest[:12]}, but {expected[:12]} {who}; "
                "it was not kept"
            )


def _remove_empty(folder: Path) -> None:
    """Remove a folder of downloads unless it has parts to continue."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    if folder.is_dir() and not any(path.suffix in UNFINISHED for path in folder.rglob("*")):
        shutil.rmtree(folder)
