"""The functions that Python programs and notebooks call; `p3mbench` offers them by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from p3mbench.errors import P3MBenchError
from p3mbench.harness.request import RunRequest, as_fields
from p3mbench.harness.run import Listener, run_request
from p3mbench.results import Results
from p3mbench.runs import RESULTS
from p3mbench.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from p3mbench.harness.plan import Plan
    from p3mbench.harness.runner import OnRow
    from p3mbench.metrics import Scores
    from p3mbench.rows import Row


class _Bar(Listener):
    """Shows a progress bar, in a notebook as a widget."""

    @contextmanager
    def running(self, plan: Plan, jobs: int, store: Store) -> Iterator[OnRow]:
        """Show one bar for all images."""
        from tqdm.auto import tqdm

        with tqdm(total=sum(1 for _ in plan.todo), unit="image") as bar:

            def tick(row: Row) -> None:
                bar.set_postfix_str(row.method, refresh=False)
                bar.update()

            yield tick


def run(
    methods: str | Sequence[str] | RunRequest = "all",
    benchmark: str | os.PathLike[str] | None = None,
    data: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = RESULTS,
    *,
    progress: bool = False,
    **fields: Any,
) -> Results:
    """Run methods on a benchmark and store a row per image, as ``p3mbench run`` does.

    A second call does only what is missing. Nothing is printed. Processes are started, so a script
    that calls this needs the usual ``if __name__ == "__main__"``; a notebook does not.

    Args:
        methods: names, in a sequence or joined by commas; ``"all"`` for every usable one. Or a
            whole `p3mbench.RunRequest`, with no other arguments.
        benchmark: name or FILE.toml; None for the one that ``data`` is laid out as, or ``mini``.
        data: the data folder; None for the benchmark's own.
        out: folder of the results.
        progress: show a progress bar.
        fields: other fields of `p3mbench.RunRequest`, such as ``limit=10``. Names may be joined by
            commas, paths may be text, and a checkpoint may have no train setting:
            ``variants="B,N"``, ``weights={"modnet": "mine.pth"}``.

    Returns:
        All results in ``out``; `Results.outcome` says what this run did.

    Raises:
        ValueError, TypeError: a field has an impossible value, or does not exist.
        P3MBenchError: the request cannot be met.

    >>> import tempfile, p3mbench
    >>> with tempfile.TemporaryDirectory() as out:
    ...     results = p3mbench.run("coarse", limit=1, variants="B", out=out, dry_run=True)
    >>> results.outcome.benchmark, results.outcome.todo, results.outcome.exit_code
    ('mini', 2, 0)
    """
    if isinstance(methods, RunRequest):
        if fields or (benchmark, data, out) != (None, None, RESULTS):
            raise TypeError("run takes a RunRequest alone; dataclasses.replace changes its fields")
        request = methods
    else:
        given = {"methods": methods, "benchmark": benchmark, "data": data, "out": out, **fields}
        request = RunRequest(**as_fields(given))
    outcome = run_request(request, _Bar() if progress else None)
    return Results(outcome.out, outcome)


def load_results(folder: str | os.PathLike[str] = RESULTS) -> Results:
    """Read the results of an earlier run.

    Args:
        folder: what ``p3mbench run --out`` wrote.

    Raises:
        StoreError: it contains no results.

    >>> load_results("nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    p3mbench.errors.StoreError: nowhere: contains no results; make some with p3mbench run --out ...
    """
    with Store(Path(folder)):
        return Results(Path(folder))


Matte = npt.NDArray[np.uint8] | npt.NDArray[np.floating[Any]]
Place = str | os.PathLike[str]


@overload
def evaluate(
    pred: Matte,
    alpha: Matte,
    trimap: npt.NDArray[np.uint8] | None = ...,
    *,
    convention: str = ...,
    metrics: str | Iterable[str] | None = ...,
    jobs: int = ...,
) -> Scores: ...
@overload
def evaluate(
    pred: Place,
    alpha: Place,
    trimap: Place | None = ...,
    *,
    convention: str = ...,
    metrics: str | Iterable[str] | None = ...,
    jobs: int = ...,
) -> pd.DataFrame: ...
def evaluate(
    pred: Any,
    alpha: Any,
    trimap: Any = None,
    *,
    convention: str = "p3m",
    metrics: str | Iterable[str] | None = None,
    jobs: int = 1,
) -> Any:
    """Score a matte, or a folder of mattes, against the ground truth.

    Args:
        pred: (H, W) uint8 (0..255 means 0..1) or floating point in [0, 1]; or a folder of PNG
            files.
        alpha: the ground truth: an array of the same shape, or a folder with files of the same
            names.
        trimap: (H, W) uint8 in {0, 128, 255}, or a folder of trimaps; adds the metrics of the
            unknown region.
        convention: whose definition of the metrics; a name in `p3mbench.metrics.CONVENTIONS`.
        metrics: names, in a sequence or joined by commas; None for all that are defined.
        jobs: processes for folders; 1 for this process only.

    Returns:
        For arrays, a dictionary of metric -> raw value with an attribute ``flags``. For folders, a
        DataFrame with a row per image: columns image, status, reason, flags, and the metrics.

    Raises:
        ValueError: an array, the convention or a metric is not as described.
        DataError: a folder is missing or no names agree.
        TypeError: one of ``pred`` and ``alpha`` is an array, the other is not.

    >>> import numpy as np, p3mbench
    >>> alpha = np.full((4, 4), 255, np.uint8)
    >>> p3mbench.evaluate(np.full((4, 4), 0.5), alpha, metrics="mad,mse")
    {'mad': 0.5, 'mse': 0.25}
    """
    wanted = [m.strip() for m in metrics.split(",")] if isinstance(metrics, str) else metrics
    paths = [isinstance(one, str | os.PathLike) for one in (pred, alpha)]
    if not any(paths):
        from p3mbench.metrics import score

        return score(pred, alpha, trimap, convention, metrics=wanted)
    if not all(paths):
        raise TypeError("evaluate takes two arrays or two folders, not one of each")
    return _folders((pred, alpha, trimap), convention, wanted, jobs)


def _folders(
    folders: tuple[Place, Place, Place | None],
    convention: str,
    metrics: Iterable[str] | None,
    jobs: int,
) -> pd.DataFrame:
    import pandas as pd

    from p3mbench.evaluation import evaluate as scored

    pred, alpha, trimap = (None if one is None else Path(one) for one in folders)
    if pred is None or alpha is None:  # the caller has checked this
        raise P3MBenchError("two folders are needed")
    images = scored(pred, alpha, trimap, convention=convention, metrics=metrics, jobs=jobs)
    lines: list[dict[str, Any]] = [
        {
            "image": image.id,
            "status": image.status,
            "reason": image.reason or "; ".join(image.notes),
            "flags": ",".join(image.scores.flags if image.scores is not None else ()),
            **(image.scores or {}),
        }
        for image in images
    ]
    return pd.DataFrame(lines)
