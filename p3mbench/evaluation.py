"""Score a folder of predicted mattes against a folder of ground truths, on all cores.

Files pair by their name without suffix, in any Unicode form. Every image gives one record, in the
order of the names; the record of an image that cannot be scored has the reason. At most a few
images are in memory at a time.
"""

from __future__ import annotations

import math
import multiprocessing
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2

from p3mbench.data.agreement import contradiction, flat
from p3mbench.data.findings import Finding
from p3mbench.data.listing import (
    Listing,
    ignored_lines,
    listing,
    twin_hint,
)
from p3mbench.data.sample import as_bytes
from p3mbench.data.sources.p3m10k import SUBSET_FOLDERS
from p3mbench.errors import DataError
from p3mbench.flags import WORDS
from p3mbench.images import (
    IMAGE_SUFFIXES,
    Float32Array,
    UInt8Array,
    read_alpha,
    read_trimap,
)
from p3mbench.metrics import Scores, score, select_metrics
from p3mbench.provenance import usable_cores
from p3mbench.published import BENCHMARK

Status = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True)
class EvaluatedImage:
    """The result of one image.

    Attributes:
        id: the file's name without suffix.
        scores: the values and their flags, including those of the files; None unless `status` is
            `ok`.
        status: `ok`, `failed`, or `skipped` if a prediction has no ground truth.
        reason: reason of the failure, else empty.
        findings: suspicious properties of its files, such as odd values in the trimap.
    """

    id: str
    scores: Scores | None
    status: Status
    reason: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """The findings in words, each with its file."""
        return tuple(f"{one.name}: {one.text}" for one in self.findings)


@dataclass(frozen=True)
class _Task:
    id: str
    pred: Path
    alpha: Path
    trimap: Path | None
    convention: str
    metrics: tuple[str, ...]


_Work = Callable[[_Task], EvaluatedImage]


def evaluate(
    pred_dir: Path | str,
    gt_dir: Path | str,
    trimap_dir: Path | str | None = None,
    *,
    convention: str = "p3m",
    metrics: Iterable[str] | None = None,
    jobs: int | None = None,
    strict: bool = False,
) -> Iterator[EvaluatedImage]:
    """Score the prediction of every ground truth.

    Args:
        pred_dir: predicted mattes, PNG files named as the ground truths.
        gt_dir: ground truth mattes.
        trimap_dir: trimaps; required by some conventions.
        convention: a name in `p3mbench.metrics.CONVENTIONS`.
        metrics: names to compute; None for all that the convention defines.
        jobs: processes; None for one per available core, 1 for this process only. Others are
            spawned, so a script that calls this needs the usual `if __name__ == "__main__"`.
        strict: read all files first, and refuse suspicious ones before anything is scored.

    Returns:
        A record per name, in the order of the names. A ground truth without a prediction fails, and
        so does a missing trimap; a prediction without a ground truth is skipped.

    Raises:
        DataError: at once, if a folder is missing or contains two files with the same name, or if
            no prediction has a ground truth; with `strict`, if a file is suspicious or unusable.
        ValueError: at once, if the convention or a metric is unknown, or `jobs` is less than 1.

    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("pred", "gt"):
    ...         Path(folder, name).mkdir()
    ...         saved = cv2.imwrite(f"{folder}/{name}/a.png", np.zeros((8, 8), np.uint8))
    ...     list(evaluate(f"{folder}/pred", f"{folder}/gt", metrics=["sad"], jobs=1))[0].scores
    {'sad': 0.0}
    """
    names = select_metrics(convention, metrics, trimap=trimap_dir is not None, face=False)
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs: is {jobs}; give 1 or more, or None for one per core")
    preds, alphas = _files(pred_dir, "predictions"), _files(gt_dir, "ground truths")
    trimaps = None if trimap_dir is None else _files(trimap_dir, "trimaps")
    if not preds.files.keys() & alphas.files.keys():
        raise DataError(
            f"{pred_dir}: no prediction has the name of a ground truth in {gt_dir} (for example "
            f"{min(preds.files)!r} and {min(alphas.files)!r}); give them the same names, except "
            f"for the suffix{_naming(preds, alphas)}"
        )
    work: list[_Task | EvaluatedImage] = []
    for name in sorted(preds.files.keys() | alphas.files.keys()):
        missing = _missing(name, preds, alphas, trimaps)
        if missing:
            work.append(missing)
            continue
        trimap = None if trimaps is None else trimaps.files[name]
        work.append(_Task(name, preds.files[name], alphas.files[name], trimap, convention, names))
    processes = min(jobs or usable_cores(), len(work))
    if strict:
        _refuse_suspicious(_records(work, processes, _read_files))
    return _records(work, processes, _score_files)


def _refuse_suspicious(records: Iterable[EvaluatedImage]) -> None:
    found = []
    for record in records:
        found += [record.reason] * (record.status == "failed") + list(record.notes)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise DataError(f"{found[0]}{more}; nothing was scored because of --strict")


def not_read(*folders: Path | str | None) -> list[str]:
    """Return one line for each folder and reason about files that are not read.

    Args:
        folders: as for `evaluate`; None for a folder that was not given.
    """
    lines = []
    for folder in dict.fromkeys(folders):
        if folder is not None:
            lines += ignored_lines(listing(Path(folder), IMAGE_SUFFIXES).ignored)
    return lines


def means(images: Iterable[EvaluatedImage]) -> dict[str, float]:
    """Average each metric over the scored images that define it; NaN if none does."""
    scored = [image.scores for image in images if image.scores is not None]
    found = {}
    for name in dict.fromkeys(name for scores in scored for name in scores):
        values = [s[name] for s in scored if name in s and not math.isnan(s[name])]
        found[name] = math.fsum(values) / len(values) if values else math.nan
    return found


def flagged(images: Iterable[EvaluatedImage]) -> dict[str, list[str]]:
    """Return flag -> ids of the images with that flag, in the order of the images."""
    found: dict[str, list[str]] = {}
    for image in images:
        for flag in image.scores.flags if image.scores is not None else ():
            found.setdefault(flag, []).append(image.id)
    return found


def origin_of(gt_dir: Path) -> tuple[str, str]:
    """Return benchmark and subset of a folder of ground truths, as ``import`` needs them.

    A folder below one of P3M-500's subsets belongs to it. Any other folder gives its name to a
    benchmark with the one subset ``all``.
    """
    subsets = {folder: subset for subset, folder in SUBSET_FOLDERS.items()}
    parts = gt_dir.resolve().parts
    subset = next((subsets[part] for part in reversed(parts) if part in subsets), "")
    return (BENCHMARK, subset) if subset else (gt_dir.resolve().name or "images", "all")


def _files(folder: Path | str, what: str) -> Listing:
    """List the image files of a folder by name without suffix."""
    found = listing(Path(folder), IMAGE_SUFFIXES)
    if found.clashes:
        raise DataError(found.clashes[0])
    if not found.files:
        lying = "; ".join(ignored_lines(found.ignored))
        raise DataError(
            f"{folder}: contains no image files{lying and f' ({lying})'}; give the folder of the "
            f"{what}"
        )
    return found


def _naming(preds: Listing, alphas: Listing) -> str:
    """Return a hint if names of predictions contain those of ground truths."""
    few = [list(found.files)[:200] for found in (preds, alphas)]
    pairs = [(p, a) for p in few[0] for a in few[1] if a and (a in p or p in a)]
    if not pairs:
        return ""
    pred, alpha = max(pairs, key=lambda pair: len(pair[1]))
    return f" (is {pred!r} the prediction of {alpha!r}?)"


def _missing(
    name: str, preds: Listing, alphas: Listing, trimaps: Listing | None
) -> EvaluatedImage | None:
    """Return the record of a name with a missing file; None if no file is missing."""
    for what, found in (("ground truth", alphas), ("prediction", preds), ("trimap", trimaps)):
        if found is not None and name not in found.files:
            folder = next(iter(found.files.values())).parent
            hint = twin_hint(name, found.ignored)
            status: Status = "skipped" if what == "ground truth" else "failed"
            reason = f"{folder}: has no {what} named {name!r}{hint}"
            return EvaluatedImage(name, None, status, reason)
    return None


def _read_files(task: _Task) -> EvaluatedImage:
    """Read one image's files and score nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            read_alpha(task.pred)
            alpha = read_alpha(task.alpha)
            trimap = None if task.trimap is None else read_trimap(task.trimap)
        except DataError as error:
            return EvaluatedImage(task.id, None, "failed", str(error))
    return EvaluatedImage(task.id, None, "ok", "", _all_findings(task, caught, alpha, trimap))


def _all_findings(
    task: _Task,
    caught: list[warnings.WarningMessage],
    alpha: UInt8Array | Float32Array,
    trimap: UInt8Array | None,
) -> tuple[Finding, ...]:
    """Return the readers' warnings and the contradictions between ground truth and trimap."""
    found = list(_findings(task, caught))
    opacity = as_bytes(alpha)
    if flag := flat(opacity):
        found.append(Finding(str(task.alpha), WORDS[flag], problem=False, flag=flag))
    ranged = any(one.flag.startswith("matte_") for one in found if one.name == str(task.alpha))
    if trimap is None or trimap.shape != alpha.shape or ranged:
        return tuple(found)
    text = contradiction(opacity, trimap)
    if text:
        found.append(Finding(str(task.trimap), text, problem=False, flag="trimap_contrary"))
    return tuple(found)


def _findings(task: _Task, caught: list[warnings.WarningMessage]) -> Iterator[Finding]:
    """Yield the readers' warnings as findings; their messages begin with the file's path."""
    for one in caught:
        text = str(one.message)
        for path in (task.pred, task.alpha, task.trimap):
            if path is not None and text.startswith(f"{path}: "):
                flag = getattr(one.message, "flag", "")
                yield Finding(str(path), text.removeprefix(f"{path}: "), problem=False, flag=flag)
                break


def _score_files(task: _Task) -> EvaluatedImage:
    """Read and score one image; any error becomes the record's reason."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            pred, alpha = read_alpha(task.pred), read_alpha(task.alpha)
            trimap = None if task.trimap is None else read_trimap(task.trimap)
            scores = score(pred, alpha, trimap, task.convention, metrics=task.metrics)
        except (DataError, ValueError) as error:
            return EvaluatedImage(task.id, None, "failed", str(error))
        except Exception as error:  # one image must not end the run
            reason = f"{type(error).__name__}: {error}"
            return EvaluatedImage(task.id, None, "failed", reason)
    found = _all_findings(task, caught, alpha, trimap)
    flagged = Scores(scores, dict.fromkeys([*scores.flags, *(one.flag for one in found)]))
    return EvaluatedImage(task.id, flagged, "ok", "", found)


def _start_worker() -> None:
    cv2.setNumThreads(1)


def _pool(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, context, initializer=_start_worker)


def _records(work: list[_Task | EvaluatedImage], jobs: int, do: _Work) -> Iterator[EvaluatedImage]:
    if jobs == 1:
        for item in work:
            yield item if isinstance(item, EvaluatedImage) else do(item)
        return
    queue = _Queue(jobs, do)
    try:
        for item in work:
            while queue.is_full:
                yield queue.take()
            queue.put(item)
        while queue.pending:
            yield queue.take()
    finally:
        queue.close()


class _Queue:
    """A bounded, ordered queue for a pool of processes; it survives killed processes."""

    def __init__(self, jobs: int, do: _Work):
        self._jobs, self._do = jobs, do
        self._pool = _pool(jobs)
        self.pending: deque[tuple[_Task | EvaluatedImage, Future[EvaluatedImage] | None]] = deque()

    @property
    def is_full(self) -> bool:
        """Return whether `take` must come first; two images per process keep all of them busy."""
        return len(self.pending) >= 2 * self._jobs

    def put(self, item: _Task | EvaluatedImage) -> None:
        """Add a task, or a record that only waits for its turn."""
        if isinstance(item, EvaluatedImage):
            self.pending.append((item, None))
            return
        try:
            future = self._pool.submit(self._do, item)
        except BrokenProcessPool:
            self._restart()
            future = self._pool.submit(self._do, item)
        self.pending.append((item, future))

    def take(self) -> EvaluatedImage:
        """Wait for the oldest item's record and return it."""
        item, future = self.pending.popleft()
        if isinstance(item, EvaluatedImage):
            return item
        try:
            if future is not None:
                return future.result()
        except BrokenProcessPool:
            self._restart()
        # a killed process breaks the whole pool: try this task by itself
        try:
            return self._pool.submit(self._do, item).result()
        except BrokenProcessPool:
            self._restart()
            reason = f"{item.pred}: the process that scored it was killed; is memory short?"
            return EvaluatedImage(item.id, None, "failed", reason)

    def _restart(self) -> None:
        """Start a new pool; the tasks of the old one are tried when their turn comes."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = _pool(self._jobs)
        self.pending = deque(
            (item, future if future is not None and _has_result(future) else None)
            for item, future in self.pending
        )

    def close(self) -> None:
        """End the processes; drop the remaining items."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _has_result(future: Future[EvaluatedImage]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
