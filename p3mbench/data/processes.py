"""Work on many files in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TypeVar

import cv2

from p3mbench.errors import DataError
from p3mbench.provenance import usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Item], Result], items: Sequence[Item], jobs: int | None, few: int
) -> Iterator[Result]:
    """Yield the result of each item, in order.

    Args:
        work: a function of a module, with a picklable result.
        items: picklable.
        jobs: processes; None for one per core, or for no others if there are few items.
        few: so many items need no other process.

    Raises:
        DataError: a process was killed.
    """
    count = min(jobs or usable_cores(), len(items))
    if count <= 1 or (jobs is None and len(items) <= few):
        yield from map(work, items)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of libraries
    pool = ProcessPoolExecutor(count, context, initializer=partial(cv2.setNumThreads, 1))
    try:
        yield from pool.map(work, items, chunksize=4)
    except BrokenProcessPool:
        raise DataError(
            "a process that read the data was killed; if memory is short, give fewer --jobs"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
