"""Download a file from the hosts that authors use: plain addresses, Google Drive, Hugging Face.

A source is text: ``https://...``, ``gdrive:ID``, ``gdrive-folder:ID`` or
``hf:OWNER/REPOSITORY/FILE``. gdown and huggingface_hub are imported only for their hosts. A part of
a file stays in the folder when a connection breaks, and the next call continues it. `FetchError` is
one line: what the host did, and what to do.
"""

from __future__ import annotations

import csv
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from p3mbench.errors import WeightsError

TABLE = ("p3mbench_methods", "downloads.csv")
PIECE = 1 << 18  # bytes
WAIT = 60.0  # seconds without an answer
LOGIN, QUOTA, WHOLE, PARTIAL, UNSATISFIABLE = (401, 403), 429, 200, 206, 416
AGAIN = "repeat the command to continue"
BY_HAND = "or download the file in a browser and give it to p3mbench weights add"


class FetchError(WeightsError):
    """A file could not be fetched."""


@dataclass(frozen=True)
class HostedFile:
    """Where a checkpoint is published.

    Attributes:
        address: as in the module's docstring.
        sha256: the hash of the file, or its first digits; "" if its authors print none.
    """

    address: str
    sha256: str = ""

    @property
    def kind(self) -> str:
        """``https``, ``gdrive``, ``gdrive-folder`` or ``hf``.

        Raises:
            FetchError: the address is none of these.
        """
        kind, colon, rest = self.address.partition(":")
        if kind in ("http", "https") and rest.startswith("//"):
            return "https"
        if colon and rest and kind in HOSTS:
            return kind
        raise FetchError(
            f"{self.address} is not an http or https address, gdrive:ID, gdrive-folder:ID or "
            "hf:OWNER/REPOSITORY/FILE"
        )


def known(method: str, checkpoint: str) -> HostedFile | None:
    """Return where a checkpoint of a built-in method is, from the table beside the methods."""
    text = files(TABLE[0]).joinpath(TABLE[1]).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        if (row["method"], row["checkpoint"]) == (method, checkpoint):
            return HostedFile(row["source"], row["sha256"])
    return None


def download(source: HostedFile, target: Path) -> Path:
    """Download a file.

    Args:
        source: where it is.
        target: path of the new file; its folder keeps parts of broken downloads.

    Returns:
        The path of the file; `target`.

    Raises:
        FetchError: the host gives no file, or a package is missing.
    """
    fetch = HOSTS[source.kind]
    target.parent.mkdir(parents=True, exist_ok=True)
    rest = source.address if source.kind == "https" else source.address.partition(":")[2]
    return fetch(rest, target)


def from_address(url: str, target: Path) -> Path:
    """Download from a plain address, continuing ``TARGET.part`` if the host allows it."""
    import requests

    part = target.with_name(f"{target.name}.part")
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with _told(url), requests.get(url, headers=headers, stream=True, timeout=WAIT) as answer:
        if answer.status_code == UNSATISFIABLE and have:
            part.unlink()  # it is no part of the file that is there now
            return from_address(url, target)
        _check_status(answer.status_code, url)
        if answer.status_code != PARTIAL:
            have = 0
        _save(answer, part, have, url)
    part.replace(target)
    return target


def _save(answer: Any, part: Path, have: int, url: str) -> None:
    """Append a response to a part of ``have`` bytes, with a progress bar on a terminal."""
    from tqdm import tqdm

    length = answer.headers.get("Content-Length", "")
    encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
    whole = have + int(length) if length.isdigit() and not encoded else None
    bar = tqdm(
        total=whole, initial=have, unit="B", unit_scale=True, disable=not sys.stderr.isatty()
    )
    got = have
    with bar, part.open("ab" if have else "wb") as file:
        for piece in answer.iter_content(PIECE):
            file.write(piece)
            got += len(piece)
            bar.update(len(piece))
    if whole is not None and got < whole:
        raise FetchError(f"{url}: the connection broke after {got} of {whole} bytes; {AGAIN}")


def _check_status(status: int, url: str) -> None:
    host = urlsplit(url).netloc or "the host"
    if status in LOGIN:
        raise FetchError(f"{url}: {host} asks for a login (HTTP {status}); log in there, {BY_HAND}")
    if status == QUOTA:
        raise FetchError(
            f"{url}: the quota of {host} is used up (HTTP {QUOTA}); try again tomorrow, {BY_HAND}"
        )
    if status not in (WHOLE, PARTIAL):
        raise FetchError(f"{url}: {host} answers HTTP {status}; check the address, {BY_HAND}")


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn errors of connections into one line; requests' errors are OSErrors."""
    import requests

    try:
        yield
    except requests.exceptions.InvalidSchema as error:
        raise FetchError(f"{what}: leads to another kind of address ({_line(error)})") from None
    except requests.exceptions.ChunkedEncodingError:
        raise FetchError(f"{what}: the connection broke; {AGAIN}") from None
    except requests.exceptions.ConnectionError as error:
        raise FetchError(f"{what}: no connection ({_line(error)}); {AGAIN}") from None
    except (OSError, ValueError) as error:
        raise FetchError(f"{what}: cannot be fetched ({_line(error)})") from None


def from_drive(identity: str, target: Path) -> Path:
    """Download a file of Google Drive by its id, past the page that asks for confirmation."""
    gdown: Any = _package("gdown")
    page = f"https://drive.google.com/file/d/{identity}"
    with _told(page), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            gdown.download(
                id=identity,
                output=str(target),
                quiet=not sys.stderr.isatty(),
                use_cookies=False,
                resume=True,
                timeout=WAIT,
            )
        except gdown.exceptions.FileURLRetrievalError as error:
            raise FetchError(_refusal(page, str(error))) from None
        except gdown.exceptions.DownloadError as error:
            said = str(error).partition("\n")[0].rstrip(".")
            raise FetchError(f"{page}: {said}; {AGAIN}") from None
    return target


def _refusal(page: str, said: str) -> str:
    """Return the line on a page of Google Drive that stands where a file should be."""
    if "Too many users" in said or "quota" in said.lower():
        return f"{page}: the quota of Google Drive is used up; try again tomorrow, {BY_HAND}"
    return (
        f"{page}: Google Drive shows a page in place of the file: it asks for a login, its quota "
        f"is used up, or the file is gone; open the page, {BY_HAND}"
    )


def from_drive_folder(identity: str, target: Path) -> Path:
    """Download the file with the target's name from a folder of Google Drive."""
    gdown: Any = _package("gdown")
    page = f"https://drive.google.com/drive/folders/{identity}"
    with _told(page):
        try:
            listed = gdown.download_folder(
                id=identity, skip_download=True, quiet=True, use_cookies=False
            )
        except gdown.exceptions.DownloadError as error:
            raise FetchError(_refusal(page, str(error))) from None
    for one in listed or ():
        if Path(one.path).name == target.name:
            return from_drive(one.id, target)
    raise FetchError(f"{page}: has no file {target.name}; open the page, {BY_HAND}")


def from_hub(path: str, target: Path) -> Path:
    """Download OWNER/REPOSITORY/FILE from Hugging Face, or from $HF_ENDPOINT."""
    hub: Any = _package("huggingface_hub")
    import huggingface_hub.errors as errors

    parts = path.split("/", 2)
    if len(parts) != 3 or not all(parts):
        raise FetchError(f"hf:{path}: write hf:OWNER/REPOSITORY/FILE")
    if not sys.stderr.isatty():
        utils: Any = import_module("huggingface_hub.utils")
        utils.disable_progress_bars()
    repository, name, page = "/".join(parts[:2]), parts[2], f"hf:{path}"
    refusals = (errors.GatedRepoError, errors.RepositoryNotFoundError)
    try:
        got = hub.hf_hub_download(
            repository,
            name,
            local_dir=target.parent / f"{target.name}.hub",
            endpoint=os.environ.get("HF_ENDPOINT"),
        )
    except refusals:
        raise FetchError(
            f"{page}: is gated, private or gone; accept its terms on its page and log in with "
            f"'hf auth login', {BY_HAND}"
        ) from None
    except Exception as error:  # its HTTP library differs between versions
        if isinstance(error, OSError) and (status := _status_of(error)):
            _check_status(status, page)
        raise FetchError(f"{page}: cannot be fetched ({_line(error)}); {AGAIN}") from None
    Path(got).replace(target)
    return target


def _status_of(error: BaseException | None) -> int:
    """Return the HTTP status in an error or in those that caused it; 0 for none."""
    while error is not None:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if status:
            return int(status)
        error = error.__cause__ or error.__context__
    return 0


def _package(name: str) -> Any:
    if find_spec(name) is None:
        raise FetchError(
            f"needs the package {name}, which is not installed: pip install 'p3mbench[fetch]'"
        )
    return import_module(name)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


HOSTS: dict[str, Callable[[str, Path], Path]] = {
    "https": from_address,
    "gdrive": from_drive,
    "gdrive-folder": from_drive_folder,
    "hf": from_hub,
}
