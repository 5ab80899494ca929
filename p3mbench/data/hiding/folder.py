"""Write a version of a folder in which faces are hidden; it can be stopped and continued."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from p3mbench.data.hiding.layout import FACES, find_pictures
from p3mbench.data.hiding.manifest import (
    DETECT,
    Left,
    Manifest,
    Written,
    manifest_for,
    refuse_hidden,
)
from p3mbench.data.hiding.work import HideTask, hide
from p3mbench.data.obfuscation import ONLY_DRAWN, Obfuscation, need_detector, obfuscation_of
from p3mbench.data.processes import in_processes
from p3mbench.errors import DataError

EVERY = 5.0  # seconds between two writings of the manifest
FEW = 8  # so many pictures need no other process


@dataclass(frozen=True)
class HideRequest:
    """What to hide, where and how.

    Attributes:
        source, out: folders to read and to write.
        variant: the recipe by its name, such as ``mosaic-0.10``.
        detect: find the faces by a detector instead of masks.
        jobs: processes; None for one per core, or for no others if there are few pictures.
    """

    source: Path
    out: Path
    variant: str
    detect: bool = False
    jobs: int | None = None


@dataclass(frozen=True)
class Hidden:
    """What was done.

    Attributes:
        made: pictures written now. kept: number of those that existed already.
        left: pictures that were not written.
        notes: what was not read, a line each.
        p3m: whether the folder contains test subsets of P3M-10k.
    """

    made: tuple[Written, ...]
    kept: int
    left: tuple[Left, ...]
    notes: tuple[str, ...]
    p3m: bool


def hide_folder(
    request: HideRequest, progress: Callable[[int, int], object] = lambda done, total: None
) -> Hidden:
    """Write a version of a folder in which faces are hidden, and its manifest.

    Pictures that exist already, with unchanged inputs, are kept. A picture without a face is not
    written, so that no visible face slips through.

    Args:
        request: what to do.
        progress: called with the number of pictures after each one, and of all.

    Raises:
        DataError: a folder is missing or is the other one, it has other files or another recipe,
            there are no face masks, or the detector is not installed.
    """
    made = _recipe(request)
    _check_folders(request)
    found = find_pictures(request.source, request.variant)
    if not request.detect and not found.masked:
        raise DataError(
            f"{request.source}: contains no folder '{FACES}' with face masks; add one, or find the "
            "faces with --faces detect"
        )
    faces = DETECT if request.detect else FACES
    manifest = manifest_for(request.out, made, request.variant, faces)
    tasks = [
        HideTask(request.source, request.out, one, made, request.detect) for one in found.pictures
    ]
    todo = [task for task in tasks if not task.done(manifest.written.get(task.written))]
    results = in_processes(hide, todo, request.jobs, FEW)
    new = _recorded(results, todo, manifest, request.out, lambda done: progress(done, len(todo)))
    return Hidden(
        tuple(one for one in new if isinstance(one, Written)),
        len(tasks) - len(todo),
        tuple(one for one in new if isinstance(one, Left)),
        found.notes,
        found.p3m,
    )


def _recipe(request: HideRequest) -> Obfuscation:
    made = obfuscation_of(request.variant, Obfuscation())
    if made is None:
        raise DataError(f"{request.variant} does not say how to hide faces; give mosaic-0.10")
    if made.drawn_only:
        raise DataError(ONLY_DRAWN)
    if request.detect:
        need_detector()
    return made


def _check_folders(request: HideRequest) -> None:
    if request.source.resolve() == request.out.resolve():
        raise DataError(
            f"{request.out}: is the folder to read; nothing is overwritten, so give another one"
        )
    refuse_hidden(request.source)


def _recorded(
    results: Iterator[Written | Left],
    todo: Sequence[HideTask],
    manifest: Manifest,
    out: Path,
    progress: Callable[[int], object],
) -> list[Written | Left]:
    """Record results as they come, so that an interrupted call can be continued."""
    new: list[Written | Left] = []
    saved = time.monotonic()
    try:
        for task, result in zip(todo, results, strict=True):
            new.append(result)
            if isinstance(result, Written):
                manifest.written[result.written] = result
            else:
                manifest.left[result.source] = result
                if manifest.written.pop(task.written, None):  # made of an older source
                    (out / task.written).unlink(missing_ok=True)
            progress(len(new))
            if time.monotonic() - saved > EVERY:
                manifest.save(out)
                saved = time.monotonic()
    finally:
        manifest.save(out)
    return new
