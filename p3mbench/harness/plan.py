"""The plan: what will run, what is already done, and what cannot run and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from p3mbench import mattes
from p3mbench.benchmark import Benchmark, Opened
from p3mbench.data.sample import Sample
from p3mbench.data.subset import Subset
from p3mbench.data.trimaps import TrimapSource
from p3mbench.errors import DataError
from p3mbench.harness.contenders import Blocked, Contender, Request, contenders, with_code
from p3mbench.harness.known import Known, Why, keys_of
from p3mbench.harness.places import (
    Content,
    KnownTrimaps,
    SeenSubset,
    chosen_samples,
    find_places,
    known_trimaps,
    seen_before,
    view_of,
)
from p3mbench.method import TrainSetting, strategy_of
from p3mbench.metrics import METRICS_VERSION
from p3mbench.provenance import canonical, hash_of
from p3mbench.store import Store
from p3mbench.view import BenchmarkView, Marks

COMPARED = 8  # images of a cell whose mattes are compared with float32's


@dataclass(frozen=True)
class Cell:
    """One contender on one variant of one subset: the images of a cell of the table."""

    contender: Contender
    benchmark: str
    subset: str
    variant: str
    trimap: TrimapSource
    convention: str
    obfuscation: str
    seen: bool = False  # the checkpoint's training sets include this subset

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of `p3mbench.store.Row` that all rows of the cell share."""
        info, weights = self.contender.method.info, self.contender.weights
        return {
            "benchmark": self.benchmark,
            "subset": self.subset,
            "variant": self.variant,
            "method": info.name,
            "title": info.title if not weights or weights.width == 1 else f"{info.title} nano",
            "kind": str(info.kind),
            "learned": info.learned,
            "options": canonical(self.contender.options),
            "strategy": strategy_of(self.contender.method),
            "checkpoint": weights.name if weights else "",
            "checkpoint_sha256": weights.sha256 if weights else "",
            "train_setting": weights.train_setting if weights else str(TrainSetting.NONE),
            "seed": weights.seed if weights else "",
            "trimap_source": str(self.trimap),
            "convention": self.convention,
            "obfuscation": self.obfuscation,
            "code": self.contender.code.sha256,
            "libraries": self.contender.code.versions,
            "method_version": str(info.version),
            "metrics_version": str(METRICS_VERSION),
        }


@dataclass(frozen=True)
class Task:
    """One image to run.

    Attributes:
        key, content: of its row.
        counted: whether it is the first image of a cell; its row also gets the multiply-adds.
        compared: whether it is one of `COMPARED` images, spread over the cell, that show how far a
            lower precision or compilation moves the matte. Counting and comparing take another
            prediction each.
        files: (path, SHA-256) of its files, as the plan hashed them.
    """

    cell: Cell
    sample: Sample
    key: str
    counted: bool = False
    compared: bool = False
    content: str = ""
    files: tuple[tuple[Path, str], ...] = ()

    @property
    def matte(self) -> str:
        """The path of its matte, below the folder of mattes."""
        cell = self.cell
        place = mattes.place_of(cell.subset, cell.variant)
        label = cell.contender.label
        return mattes.path_of(self.key, cell.benchmark, label, place, self.sample.id)


@dataclass(frozen=True)
class CellPlan:
    """A cell with its images: those to run, and the number of stored ones.

    Attributes:
        why: number of images in ``todo`` that have a score already, by the reason to run again.
        stale: number of images in ``done`` that have scores of other code, which the user keeps.
    """

    cell: Cell
    todo: tuple[Task, ...]
    done: int
    failed: int
    why: Mapping[Why, int] = field(default_factory=dict)
    stale: int = 0


@dataclass(frozen=True)
class Plan:
    """Everything a run will do.

    Attributes:
        expected: (benchmark, subset) -> number of images in the whole subset.
        data_hash: hash over every file and recipe of the benchmark as found.
        notes: on stored rows, a line each.
        view, marks: what the store should remember of the benchmark and of its rows.
    """

    cells: tuple[CellPlan, ...]
    blocked: tuple[Blocked, ...]
    expected: Mapping[tuple[str, str], int]
    data_hash: str
    notes: tuple[str, ...] = ()
    view: BenchmarkView = BenchmarkView("")
    marks: Marks = Marks()

    @property
    def todo(self) -> Iterator[Task]:
        """Yield the images to run, method by method."""
        return (task for cell in self.cells for task in cell.todo)

    def lacks(self, names: Iterable[str], variants: Iterable[str] = ()) -> bool:
        """Whether it lacks one of these methods or variants, or images failed before."""
        have = {cell.cell.contender.method.info.name for cell in self.cells}
        shown = {cell.cell.variant for cell in self.cells}
        failed = any(cell.failed for cell in self.cells)
        return failed or not have.issuperset(names) or not shown.issuperset(variants)


def make_plan(opened: Opened, request: Request, store: Store) -> Plan:
    """Find every row that is wanted, and which of them the store lacks.

    Raises:
        MethodError, DataError: the request cannot be met.
        StoreError: the store contains another benchmark of this name.
    """
    benchmark = opened.benchmark
    ready, blocked = contenders(request, benchmark.checkpoints)
    ready = with_code(ready)
    blocked += [Blocked(f"subset {name}", reason) for name, reason in opened.absent.items()]
    chosen = chosen_samples(opened, request.images, request.limit)
    places, missing = find_places(opened, request.variants, chosen, store)
    blocked += [Blocked(where, reason) for where, reason in missing]
    known = Known(
        store,
        retry_failed=request.retry_failed,
        keep_stale=request.keep_stale,
        mattes=request.alphas is not None,
        codes={c.code.sha256: c.code.files for c in ready},
    )
    trimaps = known_trimaps(benchmark.trimaps, store)
    cells = []
    for cell, place in _cells(ready, benchmark, places, trimaps):
        if reason := _unfit(cell, place):
            where = f"{cell.contender.label} on {place.subset.name}"
            blocked.append(Blocked(where, reason))
        else:
            cells.append(_cell_plan(cell, _with_mattes(cell, place, trimaps), known, request.shard))
    columns = [planned.cell.columns for planned in cells]
    looked = [*places, *seen_before(opened, places, store)]
    view = view_of(opened, looked, columns, [contender.code for contender in ready])
    store.refuse_another(view)
    cells.sort(key=lambda c: c.cell.contender.label)  # one method is loaded at a time
    expected = {(benchmark.name, subset.name): subset.size for subset in opened.subsets}
    digests = [
        [p.subset.name, p.variant, [one.recipe for one in p.content.values()]] for p in places
    ]
    return Plan(
        tuple(cells),
        tuple(dict.fromkeys(blocked)),
        expected,
        hash_of(digests),
        known.notes(),
        view,
        known.marks(),
    )


def _cells(
    ready: Iterable[Contender],
    benchmark: Benchmark,
    places: Iterable[SeenSubset],
    trimaps: KnownTrimaps,
) -> Iterator[tuple[Cell, SeenSubset]]:
    """Yield every cell; only trimap-based methods run with more than the first trimap source."""
    for place in places:
        for contender in ready:
            several = contender.method.info.needs_trimap
            for source in trimaps.sources if several else trimaps.sources[:1]:
                yield _cell(contender, benchmark, place, source), place


def _unfit(cell: Cell, place: SeenSubset) -> str | None:
    if not cell.contender.method.info.needs_trimap:
        return None
    if cell.trimap.kernel is None and not place.subset.has_trimaps:
        return (
            "needs trimaps and some are missing; make them from the alphas with --trimap kernel-25"
        )
    try:
        for image in place.content:
            cell.trimap.matte(image)
    except DataError as error:
        return str(error)
    return None


def _with_mattes(cell: Cell, place: SeenSubset, trimaps: KnownTrimaps) -> Mapping[str, Content]:
    """Return the images of a cell; the mattes that their trimaps are made from are files, too."""
    if cell.trimap.mattes is None or not cell.contender.method.info.needs_trimap:
        return place.content
    return {
        image: replace(one, files=(*one.files, *trimaps.file_of(cell.trimap, image)))
        for image, one in place.content.items()
    }


def _cell(
    contender: Contender, benchmark: Benchmark, place: SeenSubset, trimap: TrimapSource
) -> Cell:
    return Cell(
        contender=contender,
        benchmark=benchmark.name,
        subset=place.subset.name,
        variant=place.variant,
        trimap=trimap.at(place.subset.name, place.variant),
        convention=benchmark.convention,
        obfuscation=place.obfuscation,
        seen=_seen(contender, benchmark, place.subset),
    )


def _seen(contender: Contender, benchmark: Benchmark, subset: Subset) -> bool:
    """Whether a checkpoint says that it was trained on the images that it is tested on."""
    trained = set(contender.weights.train_sets) if contender.weights else set()
    return bool(trained & benchmark.source.listed_as(benchmark, subset.name))


def _cell_plan(
    cell: Cell, content: Mapping[str, Content], known: Known, shard: tuple[int, int]
) -> CellPlan:
    columns = cell.columns
    info = cell.contender.method.info
    keys = keys_of(columns, (info.version, METRICS_VERSION))
    states = known.cell(columns, cell.contender.label)
    todo, done, failed = [], 0, 0
    why: Counter[Why] = Counter()
    first, step = shard
    compared = set(list(content)[:: -(-len(content) // COMPARED) or 1])
    for position, (image, one) in enumerate(content.items()):
        if position % step != first - 1:
            continue
        key = keys.today(image, one.sha256)
        state = states.of(image, one.sha256, key, partial(keys.before, image, one.recipe))
        if state is Why.DONE:
            done += 1
        elif state is Why.FAILED:
            failed += 1
        else:
            counted = position == 0 and info.learned
            todo.append(
                Task(cell, one.sample, key, counted, image in compared, one.sha256, one.files)
            )
            if state is not Why.NEW:
                why[state] += 1
    return CellPlan(cell, tuple(todo), done, failed, why, states.stale)
