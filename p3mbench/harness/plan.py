"""The plan: what will run, what is done already, and what cannot run and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from p3mbench import checkpoints, mattes
from p3mbench.benchmark import Benchmark, Opened
from p3mbench.checkpoints import Weights
from p3mbench.data.folder import Subset
from p3mbench.data.p3m10k import SUBSET_FOLDERS
from p3mbench.data.sample import Sample, TrimapSource
from p3mbench.errors import MethodError
from p3mbench.fingerprint import Code, Fingerprints
from p3mbench.harness.known import Known, Why, keys_of
from p3mbench.harness.places import (
    Content,
    Place,
    chosen_samples,
    find_places,
    seen_before,
    view_of,
)
from p3mbench.method import (
    Method,
    MethodInfo,
    TrainSetting,
    missing_extra,
    options_of,
    strategy_of,
)
from p3mbench.metrics import METRICS_VERSION
from p3mbench.provenance import canonical, hash_of
from p3mbench.registry import find, unknown
from p3mbench.store import Store
from p3mbench.view import Marks, View
from p3mbench.weights import RecordError, needs_weights

COMPARED = 8  # images of a cell whose mattes are compared with float32's


@dataclass(frozen=True)
class Contender:
    """A method with its options and, if it learns, one checkpoint: a line of the plan."""

    method: Method
    weights: Weights | None = None
    precision: str = "fp32"
    compiled: bool = False
    threads: int = 1
    code: Code = Code()

    @property
    def options(self) -> dict[str, Any]:
        """The method's parameters, and what else is not as it is by default."""
        found = options_of(self.method)
        if self.method.info.learned:
            found |= {"precision": self.precision} if self.precision != "fp32" else {}
            found |= {"compiled": True} if self.compiled else {}
        # sums over several threads differ in the last bits: scores move by some 3e-6
        return found | ({"threads": self.threads} if self.threads != 1 else {})

    @property
    def label(self) -> str:
        """A name that tells contenders of one run apart; also the folder of their alphas."""
        parts = [self.method.info.name]
        if strategy_of(self.method) != self.method.info.strategies[0]:
            parts.append(strategy_of(self.method))
        default = options_of(type(self.method)())
        changed = {k: v for k, v in self.options.items() if v != default.get(k)}
        changed.pop("strategy", None)
        if changed:
            parts.append(hash_of(changed)[:8])
        if self.weights is not None:
            parts.append(self.weights.sha256[:8])
        return "-".join(parts)


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
        counted: whether it is the first image of a cell, whose row also gets its multiply-adds.
        compared: whether it is one of `COMPARED` images spread over the cell, of which it is
            measured how far a lower precision or compilation moves the matte. Both take another
            prediction.
        files: (path, SHA-256) of what it is made of, as the plan hashed them.
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
        """Where its matte is kept, below the folder of mattes."""
        cell = self.cell
        place = f"{cell.subset}-{cell.variant}"
        label = cell.contender.label
        return mattes.path_of(self.key, cell.benchmark, label, place, self.sample.id)


@dataclass(frozen=True)
class Blocked:
    """What cannot run, and why, in words that tell how to mend it."""

    what: str
    reason: str


@dataclass(frozen=True)
class CellPlan:
    """A cell with its images: those to run, and how many are stored.

    Attributes:
        why: how many of ``todo`` have a score already, and why they run again.
        stale: how many of ``done`` are of other code and kept at the user's wish.
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
        expected: (benchmark, subset) -> images of the whole subset.
        data_hash: hash over every file and recipe of the benchmark as found.
        notes: what is to be known of rows that are stored, a line each.
        view, marks: what the store should remember of the benchmark and of its rows.
    """

    cells: tuple[CellPlan, ...]
    blocked: tuple[Blocked, ...]
    expected: Mapping[tuple[str, str], int]
    data_hash: str
    notes: tuple[str, ...] = ()
    view: View = View("")
    marks: Marks = Marks()

    @property
    def todo(self) -> Iterator[Task]:
        """The images to run, method by method."""
        return (task for cell in self.cells for task in cell.todo)

    def lacks(self, names: Iterable[str], variants: Iterable[str] = ()) -> bool:
        """Whether one of these methods or variants has no place in it, or images failed before."""
        have = {cell.cell.contender.method.info.name for cell in self.cells}
        shown = {cell.cell.variant for cell in self.cells}
        failed = any(cell.failed for cell in self.cells)
        return failed or not have.issuperset(names) or not shown.issuperset(variants)


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        weights: method name -> checkpoint files, each with the train setting if one was given.
        limit: at most that many images per subset, the first ones by id; 0 for all.
        images: ids to run; empty for all.
        retry_failed: run images again that failed before.
        alphas: folder for mattes, None if they are not kept.
        shard: (i, n) to run every n-th image only, beginning with the i-th, i from 1.
        precision, compiled: how networks are run, see `p3mbench.harness.engine`.
        keep_stale: keep scores whose code or libraries are not today's, and mark them.
        threads: CPU threads per worker.
    """

    methods: tuple[Method, ...]
    variants: tuple[str, ...]
    weights: Mapping[str, tuple[tuple[Path, str | None], ...]] = field(default_factory=dict)
    limit: int = 0
    images: tuple[str, ...] = ()
    retry_failed: bool = False
    alphas: Path | None = None
    shard: tuple[int, int] = (1, 1)
    precision: str = "fp32"
    compiled: bool = False
    keep_stale: bool = False
    threads: int = 1


def select_methods(names: str, plugins: Sequence[Path]) -> tuple[tuple[Method, ...], list[Blocked]]:
    """The methods named in a comma-separated list, or all usable ones.

    Returns:
        The methods that can be used, and the broken ones with their problems.

    Raises:
        MethodError: a named method is unknown.
    """
    found = {entry.name: entry for entry in find(plugins)}
    if names == "all":
        broken = [Blocked(e.name, e.problem or "") for e in found.values() if e.method is None]
        return tuple(e.method for e in found.values() if e.method is not None), broken
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not wanted:
        raise MethodError("no method is named; give --methods all or a list such as coarse,knn")
    methods, broken = [], []
    for name in wanted:
        if name not in found:
            raise MethodError(unknown(name, found, "method"))
        method = found[name].method
        if method is None:
            broken.append(Blocked(name, f"cannot be used: {found[name].problem}"))
        else:
            methods.append(method)
    return tuple(methods), broken


def contenders(
    request: Request, folder: Path | None = None
) -> tuple[list[Contender], list[Blocked]]:
    """Each method with each of its checkpoints; a learned one without any is blocked.

    Checkpoints are those the user names, else those in ``folder``, which come with the benchmark,
    else those in the user's weights folder.
    """
    ready, blocked = [], []
    for method in request.methods:
        info = method.info
        given = request.weights.get(info.name, ())
        if given and not info.learned:
            raise MethodError(
                f"{info.name} learns nothing; --weights {info.name}=... cannot be used"
            )
        if unable := _unable(info, request):
            blocked.append(Blocked(info.name, unable))
            continue
        if not info.learned:
            ready.append(Contender(method, threads=request.threads))
            continue
        files, odd = _weights_of(info, given, folder)
        blocked += odd
        missing = missing_extra(info)
        if files and missing:
            blocked.append(Blocked(info.name, missing))
            continue
        for weights in files:
            try:
                ready.append(_contender(method, weights, request))
            except RecordError as error:
                blocked.append(Blocked(info.name, str(error)))
        if not files and not odd:
            blocked.append(Blocked(info.name, needs_weights(info)))
    return ready, blocked


def _weights_of(
    info: MethodInfo, given: Sequence[tuple[Path, str | None]], folder: Path | None
) -> tuple[list[Weights], list[Blocked]]:
    """A method's checkpoints, and those whose record says something impossible."""
    odd: list[Blocked] = []
    files: list[Weights] = []
    for path, setting in given:
        try:
            files.append(checkpoints.given(info, path, setting))
        except RecordError as error:
            odd.append(Blocked(info.name, str(error)))
    if given:
        return files, odd
    try:
        return checkpoints.shipped(info, folder) or checkpoints.found(info), []
    except RecordError as error:
        return [], [Blocked(info.name, str(error))]


def _contender(method: Method, weights: Weights, request: Request) -> Contender:
    """With the options that the weights ask for, but for those that the user has changed."""
    return Contender(
        checkpoints.as_trained(method, weights),
        weights,
        precision=request.precision,
        compiled=request.compiled,
        threads=request.threads,
    )


def _unable(info: MethodInfo, request: Request) -> str:
    """Why a method cannot run as it is asked to, "" if it can; never run otherwise than it says."""
    if request.precision not in info.precisions:
        able = ", ".join(info.precisions)
        return f"runs in {able} only; skipped under --precision {request.precision}"
    if request.compiled and not info.learned:
        return "has no network to compile; skipped under --compile"
    return ""


def make_plan(opened: Opened, request: Request, store: Store) -> Plan:
    """Work out every row that is wanted and which of them the store lacks.

    Raises:
        MethodError, DataError: the request cannot be met as it stands.
        StoreError: the store holds another benchmark of this name.
    """
    benchmark = opened.benchmark
    ready, blocked = contenders(request, benchmark.checkpoints)
    ready = _with_code(ready)
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
    cells = []
    for place in places:
        for contender in ready:
            reason = _unfit(contender, place.subset, benchmark)
            if reason:
                blocked.append(Blocked(f"{contender.label} on {place.subset.name}", reason))
            else:
                cell = _cell(contender, benchmark, place)
                cells.append(_cell_plan(cell, place.content, known, request.shard))
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


def _with_code(ready: Sequence[Contender]) -> list[Contender]:
    prints = Fingerprints()
    return [replace(contender, code=prints.of(contender.method)) for contender in ready]


def _unfit(contender: Contender, subset: Subset, benchmark: Benchmark) -> str | None:
    needs = contender.method.info.needs_trimap
    if needs and benchmark.trimap.kernel is None and not subset.has_trimaps:
        return (
            "needs trimaps and some are missing; make them from the alphas with --trimap kernel-25"
        )
    return None


def _cell(contender: Contender, benchmark: Benchmark, place: Place) -> Cell:
    return Cell(
        contender=contender,
        benchmark=benchmark.name,
        subset=place.subset.name,
        variant=place.variant,
        trimap=benchmark.trimap,
        convention=benchmark.convention,
        obfuscation=place.obfuscation,
        seen=_seen(contender, benchmark, place.subset),
    )


def _seen(contender: Contender, benchmark: Benchmark, subset: Subset) -> bool:
    """Whether a checkpoint says it was trained on what it is tested on."""
    trained = set(contender.weights.train_sets) if contender.weights else set()
    if benchmark.source == "p3m10k":
        return bool(trained & {f"P3M-10k/{SUBSET_FOLDERS[subset.name]}", "P3M-10k/validation"})
    return f"{benchmark.name}/{subset.name}" in trained


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
