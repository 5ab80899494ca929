"""The stored rows that a plan wants: which are done, and why others run again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from p3mbench.fingerprint import changed_files, changed_libraries
from p3mbench.provenance import hash_of
from p3mbench.rows import Earlier
from p3mbench.store import Store
from p3mbench.view import Marks

# Statuses that stay unless the user asks for another try. Skipped images are tried again, because
# the reason that kept the method from loading is mended outside.
SETTLED = ("failed", "timeout", "oom")
NAMED = 3  # files or images that a line lists
_NEW_COLUMNS = ("title", "code", "libraries", "method_version", "metrics_version")


class Why(StrEnum):
    """What happens to an image, and why it runs."""

    DONE = "done"
    FAILED = "failed"
    NEW = "new"
    DATA = "data"
    CODE = "code"
    LIBRARY = "library"
    METRICS = "metrics"
    UNKNOWN = "unknown"


KEEPABLE = (Why.CODE, Why.LIBRARY)


@dataclass(frozen=True)
class Keys:
    """The keys of a cell's rows, those of today and those of version 0.1."""

    base: str
    old: Mapping[str, Any]

    def today(self, image: str, content: str) -> str:
        """Return the key of an image's row; ``content`` is the hash of all its pixels depend on."""
        return hash_of([self.base, image, content])

    def before(self, image: str, recipe: Mapping[str, Any]) -> str:
        """Return the key in stores of schema 3, which did not record code and libraries."""
        return hash_of({**self.old, "image": image, "content": recipe})


def keys_of(columns: Mapping[str, Any], versions: tuple[int, int]) -> Keys:
    """Return the keys of a cell.

    Args:
        columns: those that its rows share; a title changes no number.
        versions: of the method and of the metrics.
    """
    base = hash_of({name: value for name, value in columns.items() if name != "title"})
    old = {name: value for name, value in columns.items() if name not in _NEW_COLUMNS}
    return Keys(base, old | {"method_version": versions[0], "metrics_version": versions[1]})


class Known:
    """The questions of one plan to a store; collects what the store should learn from the plan.

    Args:
        store: the store.
        retry_failed: run failures again.
        keep_stale: keep scores of other code or libraries.
        mattes: a score without its matte is not done.
        codes: hash of code -> its files with their hashes, of the methods that are planned.
    """

    def __init__(
        self,
        store: Store,
        *,
        retry_failed: bool = False,
        keep_stale: bool = False,
        mattes: bool = False,
        codes: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        self.store, self.retry_failed, self.keep_stale = store, retry_failed, keep_stale
        self.codes = codes or {}
        self.statuses = store.statuses()
        self.unversioned = store.unversioned()
        self.was_stale = store.flagged("stale")
        self.mattes = store.with_mattes() if mattes else None
        self.adopted: dict[str, Mapping[str, Any]] = {}
        self.stale: list[str] = []
        self.fresh: list[str] = []
        self._reasons: dict[tuple[str, Why], list[tuple[Earlier, Mapping[str, Any]]]]
        self._reasons = defaultdict(list)

    def cell(self, columns: Mapping[str, Any], label: str) -> KnownCell:
        """Return what the store knows of one cell."""
        return KnownCell(self, columns, label)

    def marks(self) -> Marks:
        """Return what the store should learn about its rows."""
        return Marks(self.adopted, tuple(self.stale), tuple(self.fresh))

    def note(self, label: str, why: Why, earlier: Earlier, columns: Mapping[str, Any]) -> None:
        """Remember why a row that has a score runs again, or would."""
        self._reasons[label, why].append((earlier, columns))

    def notes(self) -> tuple[str, ...]:
        """Write a line for each method and reason, and for rows with unknown parts."""
        lines = [self._line(*key, found) for key, found in self._reasons.items()]
        if self.adopted:
            lines.append(
                f"{len(self.adopted):,} rows were stored by a version of p3mbench that did not "
                "record code and libraries; they count as done and are flagged, since they may be "
                "of other code (for new ones give another --out)"
            )
        return tuple(lines)

    def _line(
        self, label: str, why: Why, found: Sequence[tuple[Earlier, Mapping[str, Any]]]
    ) -> str:
        since = f"since {_rows(len(found))} made"
        if why is Why.DATA:
            images = _some(dict.fromkeys(earlier.image for earlier, _ in found))
            return f"{label}: the data changed {since} ({images}); they run again"
        if why is Why.METRICS:
            return f"{label}: the metrics changed {since}; they run again"
        if why is Why.UNKNOWN:
            return (
                f"{label}: {_rows(len(found))} stored by an older version of p3mbench for other "
                "data or another version of the method; they run again"
            )
        what = self._changes(found) if why is Why.CODE else _libraries(found)
        whose = "its code" if why is Why.CODE else "a package it uses"
        if self.keep_stale:
            return f"{label}: {whose} changed {since} ({what}); they are kept and flagged as stale"
        return f"{label}: {whose} changed {since} ({what}); they run again; --keep-stale keeps them"

    def _changes(self, found: Sequence[tuple[Earlier, Mapping[str, Any]]]) -> str:
        codes = self.store.last_seen().codes
        names: dict[str, None] = {}
        for before, after in {(e.code, str(c["code"])) for e, c in found}:
            files = self.codes.get(after, ())
            names |= dict.fromkeys(changed_files(codes.get(before, ()), files))
        if names:
            return _some(names)
        versions = {(e.method_version, str(c["method_version"])) for e, c in found}
        return _some(f"version {a} became {b}" for a, b in sorted(versions))


class KnownCell:
    """The stored rows of one cell; ``stale`` counts the rows of other code that are kept."""

    def __init__(self, known: Known, columns: Mapping[str, Any], label: str) -> None:
        self._known, self._columns, self._label = known, columns, label
        self._earlier: dict[str, Earlier] | None = None
        self.stale = 0

    def of(self, image: str, content: str, key: str, before: Callable[[], str]) -> Why:
        """Decide what happens to an image.

        Args:
            image: its id.
            content: hash of all that its pixels depend on.
            key: of its row.
            before: returns the key that an older version would have given it.
        """
        known = self._known
        status, held = known.statuses.get(key), key
        if status is None and known.unversioned:
            held = before()
            status = known.statuses.get(held) if held in known.unversioned else None
            if status is not None:
                known.adopted[held] = self._today(key, content)
        if status in SETTLED and not known.retry_failed:
            return Why.FAILED
        if status == "ok":
            if key in known.was_stale:
                known.fresh.append(key)
            return Why.DONE if known.mattes is None or held in known.mattes else Why.NEW
        return self._rerun(image, content)

    def _today(self, key: str, content: str) -> dict[str, Any]:
        names = ("code", "libraries", "method_version", "metrics_version")
        return {"key": key, "content": content} | {n: self._columns[n] for n in names}

    def _rerun(self, image: str, content: str) -> Why:
        if self._earlier is None:
            self._earlier = self._known.store.earlier(self._columns)
        earlier = self._earlier.get(image)
        if earlier is None:
            return Why.NEW
        why = self._why(earlier, content)
        self._known.note(self._label, why, earlier, self._columns)
        if self._known.keep_stale and why in KEEPABLE:
            self._known.stale.append(earlier.key)
            self.stale += 1
            return Why.DONE
        return why

    def _why(self, earlier: Earlier, content: str) -> Why:
        if not earlier.content:
            return Why.UNKNOWN
        if earlier.content != content:
            return Why.DATA
        if earlier.metrics_version != self._columns["metrics_version"]:
            return Why.METRICS
        if any(getattr(earlier, n) != self._columns[n] for n in ("code", "method_version")):
            return Why.CODE
        return Why.LIBRARY


def _libraries(found: Sequence[tuple[Earlier, Mapping[str, Any]]]) -> str:
    pairs = {(e.libraries, str(c["libraries"])) for e, c in found}
    return _some(dict.fromkeys(text for pair in sorted(pairs) for text in changed_libraries(*pair)))


def _rows(n: int) -> str:
    return "1 row was" if n == 1 else f"{n:,} rows were"


def _some(texts: Iterable[str]) -> str:
    """Join the first of some texts, and say how many more there are."""
    listed = list(texts)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more
