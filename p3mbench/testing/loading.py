"""Checks of loading: success, duration, and the errors for bad weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from p3mbench.errors import P3MBenchError, WeightsError
from p3mbench.provenance import sha256_of
from p3mbench.testing.finding import Broken, Odd, one_line
from p3mbench.testing.subject import CheckedMethod, described

SLOW_LOAD = 30.0  # seconds that a second load in one process may take

_READ = (
    "read it with p3mbench.weights.load_into(network, path), which reports what is wrong, or "
    "raise p3mbench.errors.WeightsError"
)


def loads(subject: CheckedMethod) -> str:
    """The method loads twice and does not change its checkpoint."""
    weights = subject.weights
    before = sha256_of(weights) if weights is not None else ""
    first = subject.predictor
    second = subject.load()
    if weights is not None and sha256_of(weights) != before:
        raise Broken(f"load changed {weights}", "open the checkpoint for reading only")
    once, again = subject.load_seconds[:2]
    shared = "the method itself" if first is second else "a predictor"
    if again > SLOW_LOAD:
        raise Odd(f"a second load takes {again:.0f} s", "do slow work once and keep the result")
    return f"{shared}, in {once:.2f} s, again in {again:.2f} s"


def bad_weights(subject: CheckedMethod) -> str:
    """A missing, empty, truncated or foreign checkpoint raises `WeightsError`."""
    if not subject.info.learned:
        return _unasked_weights(subject)
    nameless = []
    files = _bad_files(subject)
    for what, path in files.items():
        error = _refusal(subject, what, path)
        if path.name not in str(error):
            nameless.append(what)
    _without_weights(subject)
    if nameless:
        raise Odd(
            f"the error for {nameless[0]} does not name the file", "put the path into the message"
        )
    return f"refused with a clear error: {', '.join(files)}"


def _refusal(subject: CheckedMethod, what: str, path: Path) -> WeightsError:
    try:
        subject.method.load(subject.device, path)
    except WeightsError as error:
        if not str(error).strip():
            raise Broken(f"the WeightsError for {what} says nothing", _READ) from None
        return error
    except Exception as error:
        raise Broken(f"{what} raises {described(error)}, not a WeightsError", _READ) from None
    raise Broken(f"{what} is loaded without an error", _READ)


def _without_weights(subject: CheckedMethod) -> None:
    """Load without weights: a `P3MBenchError`, unless the method has its own weights."""
    try:
        subject.method.load(subject.device, None)
    except P3MBenchError:
        return
    except Exception as error:
        raise Broken(
            f"without weights load raises {described(error)}",
            "if weights is None: raise WeightsError(f'{name} {needs_weights(self.info)}')",
        ) from None


def _unasked_weights(subject: CheckedMethod) -> str:
    path = subject.folder / "unasked.pth"
    path.write_bytes(b"")
    try:
        subject.method.load(subject.device, path)
    except P3MBenchError as error:
        return f"it learns nothing and refuses weights: {one_line(error, 80)}"
    except Exception as error:
        raise Broken(
            f"it learns nothing, and weights raise {described(error)}",
            "ignore them, or raise MethodError",
        ) from None
    return "it learns nothing and ignores weights"


def _bad_files(subject: CheckedMethod) -> dict[str, Path]:
    """Write files that are not checkpoints of this method; return them by description."""
    folder = subject.folder / "bad"
    folder.mkdir(exist_ok=True)
    suffix = subject.weights.suffix if subject.weights is not None else ".pth"
    makers: dict[str, tuple[str, Callable[[Path], None]]] = {
        "a missing file": (f"missing{suffix}", lambda path: None),
        "an empty file": (f"empty{suffix}", lambda path: path.touch()),
        "a web page": (f"page{suffix}", lambda path: _write(path, b"<!DOCTYPE html><html></html>")),
        "a folder": (f"folder{suffix}", lambda path: path.mkdir(exist_ok=True)),
        "another network": ("another.pth", _write_other),
    }
    if subject.weights is not None and subject.weights.is_file():
        content = subject.weights.read_bytes()
        half = content[: len(content) // 2]
        makers["half a file"] = (f"half{suffix}", lambda path: _write(path, half))
    files = {}
    for what, (name, make) in makers.items():
        files[what] = folder / name
        make(files[what])
    return files


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_other(path: Path) -> None:
    """Write a valid checkpoint of an unknown network."""
    import torch

    torch.save({"somebody.elses.weight": torch.zeros(3)}, path)
