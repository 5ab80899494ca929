"""Work on this machine, in slots that each keep one method in a process of its own."""

from __future__ import annotations

import pickle
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from p3mbench.errors import RunError
from p3mbench.harness.contenders import Contender
from p3mbench.harness.isolate import ImageResult, Isolated, Limits, Unloadable
from p3mbench.harness.plan import Task
from p3mbench.harness.worker import Setup

Result = tuple[Task, ImageResult | Unloadable]
_Numbered = tuple[int, ImageResult | Unloadable]


@dataclass(eq=False)
class Share:
    """The images of one contender that no slot has taken yet."""

    contender: Contender
    tasks: deque[tuple[int, Task]]
    users: int = 0


class Backlog:
    """All images by contender; a slot takes from it and stays with its contender."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        """Number the tasks and sort them by contender, in order of first appearance."""
        groups: dict[Contender, Share] = {}
        self.tasks = list(tasks)
        for number, task in enumerate(self.tasks):
            contender = task.cell.contender
            group = groups.get(contender)
            if group is None:
                group = groups[contender] = Share(contender, deque())
            group.tasks.append((number, task))
        self.groups = list(groups.values())
        self._lock = threading.Lock()

    def claim(self, before: Share | None) -> Share | None:
        """Return the next group: one that no other slot is running, else the one with most left."""
        with self._lock:
            if before is not None:
                before.users -= 1
            open_ = [group for group in self.groups if group.tasks]
            if not open_:
                return None
            idle = [group for group in open_ if not group.users]
            found = idle[0] if idle else max(open_, key=lambda group: len(group.tasks))
            found.users += 1
            return found

    def take(self, group: Share) -> tuple[int, bytes] | None:
        """Return the next image of a group, pickled."""
        with self._lock:
            if not group.tasks:
                return None
            number, task = group.tasks.popleft()
        return number, pickle.dumps(task)

    def lose(self, group: Share) -> list[int]:
        """Give a group up; return the numbers of its remaining images."""
        with self._lock:
            left = [number for number, _ in group.tasks]
            group.tasks.clear()
            return left


def run_local(tasks: Iterable[Task], setup: Setup, limits: Limits, jobs: int) -> Generator[Result]:
    """Run tasks in ``jobs`` slots and yield their outcomes as they come.

    Closing the iterator, as an exception in its consumer does, ends every process at once.

    Raises:
        RunError: no process can be started.
    """
    backlog = Backlog(tasks)
    results: queue.Queue[_Numbered | BaseException | None] = queue.Queue()
    stop = threading.Event()
    slots = [Isolated(setup, limits) for _ in range(min(jobs, max(1, len(backlog.tasks))))]
    threads = [
        threading.Thread(target=_slot, args=(slot, backlog, results, stop), daemon=True)
        for slot in slots
    ]
    for thread in threads:
        thread.start()
    working = len(threads)
    try:
        while working:
            found = results.get()
            if found is None:
                working -= 1
            elif isinstance(found, BaseException):
                raise found
            else:
                yield backlog.tasks[found[0]], found[1]
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _slot(
    isolated: Isolated,
    backlog: Backlog,
    results: queue.Queue[_Numbered | BaseException | None],
    stop: threading.Event,
) -> None:
    """Run one slot's thread: claim a contender, run its images, claim the next."""
    group: Share | None = None

    def report(number: int, outcome: ImageResult) -> None:
        results.put((number, outcome))

    try:
        while not stop.is_set() and (group := backlog.claim(group)) is not None:
            _run_group(group, isolated, backlog, results.put, report, stop)
    except (OSError, EOFError) as error:  # from pipes and temporary files; no reader has left
        results.put(RunError(f"a method's process cannot be reached ({error!r})"))
    except BaseException as error:
        results.put(error)
    finally:
        isolated.close()
        results.put(None)


def _run_group(
    group: Share,
    isolated: Isolated,
    backlog: Backlog,
    put: Callable[[_Numbered], None],
    report: Callable[[int, ImageResult], None],
    stop: threading.Event,
) -> None:
    mine: set[int] = set()

    def feed() -> tuple[int, bytes] | None:
        item = backlog.take(group)
        if item is not None:
            mine.add(item[0])
        return item

    def done(number: int, outcome: ImageResult) -> None:
        mine.discard(number)
        report(number, outcome)

    problem = isolated.run(group.contender.label, feed, done, stop.is_set)
    if problem is not None:
        isolated.close()
        for number in sorted([*mine, *backlog.lose(group)]):
            put((number, problem))
