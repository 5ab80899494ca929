"""The plan: what will run, what is done already, and what cannot run and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from p3mbench import checkpoints
from p3mbench.benchmark import Benchmark, Opened
from p3mbench.checkpoints import Weights
from p3mbench.data.folder import Subset
from p3mbench.data.p3m10k import SUBSET_FOLDERS
from p3mbench.data.sample import Sample, TrimapSource
from p3mbench.errors import DataError, MethodError
from p3mbench.method import (
    Method,
    TrainSetting,
    missing_extra,
    options_of,
    strategy_of,
)
from p3mbench.metrics import METRICS_VERSION
from p3mbench.provenance import canonical, hash_files, hash_of
from p3mbench.registry import find, unknown
from p3mbench.store import Store
from p3mbench.weights import needs_weights

# Statuses that stay unless they are retried by name. Skipped images are tried again: what kept the
# method from loading is mended outside.
SETTLED = ("failed", "timeout", "oom")


@dataclass(frozen=True)
class Contender:
    """A method with its options and, if it learns, one checkpoint: a line of the plan."""

    method: Method
    weights: Weights | None = None
    precision: str = "fp32"
    compiled: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The method's parameters, and what else is not as it is by default."""
        found = options_of(self.method)
        if self.method.info.learned:
            found |= {"precision": self.precision} if self.precision != "fp32" else {}
            found |= {"compiled": True} if self.compiled else {}
        return found

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
        }


@dataclass(frozen=True)
class Task:
    """One image to run; ``key`` is that of its row.

    ``counted`` marks the first image of a cell, whose row also gets what takes a second prediction:
    multiply-adds, and how far a lower precision moves the matte.
    """

    cell: Cell
    sample: Sample
    key: str
    counted: bool = False


@dataclass(frozen=True)
class Blocked:
    """What cannot run, and why, in words that tell how to mend it."""

    what: str
    reason: str


@dataclass(frozen=True)
class CellPlan:
    """A cell with its images: those to run, and how many are stored."""

    cell: Cell
    todo: tuple[Task, ...]
    done: int
    failed: int


@dataclass(frozen=True)
class Plan:
    """Everything a run will do.

    Attributes:
        expected: (benchmark, subset) -> images of the whole subset.
        data_hash: hash over every file and recipe of the benchmark as found.
    """

    cells: tuple[CellPlan, ...]
    blocked: tuple[Blocked, ...]
    expected: Mapping[tuple[str, str], int]
    data_hash: str

    @property
    def todo(self) -> Iterator[Task]:
        """The images to run, method by method."""
        return (task for cell in self.cells for task in cell.todo)


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


def select_methods(names: str, plugins: Sequence[Path]) -> tuple[tuple[Method, ...], list[Blocked]]:
    """The methods named in a comma-separated list, or all usable ones.

    Returns:
        The methods, and for ``all`` the broken plugins with their problems.

    Raises:
        MethodError: a named method is unknown or broken.
    """
    found = {entry.name: entry for entry in find(plugins)}
    if names == "all":
        broken = [Blocked(e.name, e.problem or "") for e in found.values() if e.method is None]
        return tuple(e.method for e in found.values() if e.method is not None), broken
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not wanted:
        raise MethodError("no method is named; give --methods all or a list such as coarse,knn")
    methods = []
    for name in wanted:
        if name not in found:
            raise MethodError(unknown(name, found, "method"))
        method = found[name].method
        if method is None:
            raise MethodError(f"method {name} cannot be used: {found[name].problem}")
        methods.append(method)
    return tuple(methods), []


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
        if not info.learned:
            ready.append(Contender(method))
            continue
        files = [checkpoints.given(info, path, setting) for path, setting in given]
        files = files or checkpoints.shipped(info, folder) or checkpoints.found(info)
        missing = missing_extra(info)
        if files and missing:
            blocked.append(Blocked(info.name, missing))
        elif files:
            ready += [
                Contender(checkpoints.as_trained(method, w), w, request.precision, request.compiled)
                for w in files
            ]
        else:
            blocked.append(Blocked(info.name, needs_weights(info)))
    return ready, blocked


def make_plan(opened: Opened, request: Request, store: Store) -> Plan:
    """Work out every row that is wanted and which of them the store lacks.

    Raises:
        MethodError, DataError: the request cannot be met as it stands.
    """
    benchmark = opened.benchmark
    ready, blocked = contenders(request, benchmark.checkpoints)
    blocked += [Blocked(f"subset {name}", reason) for name, reason in opened.absent.items()]
    _check_images(opened, request)
    statuses, cells, digests = store.statuses(), [], []
    for subset in opened.subsets:
        samples = _chosen(subset, request)
        for variant in request.variants:
            if variant not in subset.available:
                where = f"{subset.name}, variant {variant}"
                blocked.append(Blocked(where, subset.unavailable[variant]))
                continue
            content = _content(samples, variant, store)
            digests.append([subset.name, variant, [content[s.id] for s in samples]])
            for contender in ready:
                reason = _unfit(contender, subset, benchmark)
                if reason:
                    blocked.append(Blocked(f"{contender.label} on {subset.name}", reason))
                    continue
                cell = _cell(contender, benchmark, subset, variant)
                cells.append(_cell_plan(cell, samples, content, statuses, request))
    cells.sort(key=lambda c: c.cell.contender.label)  # one method is loaded at a time
    expected = {(benchmark.name, subset.name): subset.size for subset in opened.subsets}
    return Plan(tuple(cells), tuple(dict.fromkeys(blocked)), expected, hash_of(digests))


def _check_images(opened: Opened, request: Request) -> None:
    ids = {sample.id for subset in opened.subsets for sample in subset.samples}
    for image in request.images:
        if image not in ids:
            raise DataError(unknown(image, ids, "image"))


def _chosen(subset: Subset, request: Request) -> list[Sample]:
    samples = sorted(subset.samples, key=lambda sample: sample.id)
    if request.images:
        samples = [sample for sample in samples if sample.id in request.images]
    return samples[: request.limit or None]


def _unfit(contender: Contender, subset: Subset, benchmark: Benchmark) -> str | None:
    needs = contender.method.info.needs_trimap
    if needs and benchmark.trimap.kernel is None and not subset.has_trimaps:
        return (
            "needs trimaps and some are missing; make them from the alphas with --trimap kernel-25"
        )
    return None


def _cell(contender: Contender, benchmark: Benchmark, subset: Subset, variant: str) -> Cell:
    derived = any(s.recipe(variant).get("obfuscation") for s in subset.samples)
    obfuscation = benchmark.obfuscation.recipe if derived else ""
    return Cell(
        contender=contender,
        benchmark=benchmark.name,
        subset=subset.name,
        variant=variant,
        trimap=benchmark.trimap,
        convention=benchmark.convention,
        obfuscation=obfuscation,
        seen=_seen(contender, benchmark, subset),
    )


def _seen(contender: Contender, benchmark: Benchmark, subset: Subset) -> bool:
    """Whether a checkpoint says it was trained on what it is tested on."""
    trained = set(contender.weights.train_sets) if contender.weights else set()
    if benchmark.source == "p3m10k":
        return bool(trained & {f"P3M-10k/{SUBSET_FOLDERS[subset.name]}", "P3M-10k/validation"})
    return f"{benchmark.name}/{subset.name}" in trained


def _content(samples: Sequence[Sample], variant: str, store: Store) -> dict[str, dict[str, Any]]:
    """sample id -> what its pixels depend on: hashes of its files, and its recipe."""
    files = {sample.id: sample.files(variant) for sample in samples}
    hashes = hash_files((p for roles in files.values() for p in roles.values()), store)
    return {
        sample.id: {role: hashes[path] for role, path in files[sample.id].items()}
        | dict(sample.recipe(variant))
        for sample in samples
    }


def _cell_plan(
    cell: Cell,
    samples: Sequence[Sample],
    content: Mapping[str, Mapping[str, Any]],
    statuses: Mapping[str, str],
    request: Request,
) -> CellPlan:
    shared = cell.columns | {
        "method_version": cell.contender.method.info.version,
        "metrics_version": METRICS_VERSION,
    }
    shared.pop("title")  # a title changes no number
    todo, failed, done = [], 0, 0
    first, step = request.shard
    for sample in samples[first - 1 :: step]:
        key = hash_of(shared | {"image": sample.id, "content": content[sample.id]})
        status = statuses.get(key)
        if status in SETTLED and not request.retry_failed:
            failed += 1
        elif status == "ok" and not _lacks_alpha(request.alphas, cell, sample):
            done += 1
        else:
            counted = sample is samples[0] and cell.contender.method.info.learned
            todo.append(Task(cell, sample, key, counted))
    return CellPlan(cell, tuple(todo), done, failed)


def alpha_path(folder: Path, cell: Cell, image: str) -> Path:
    """Where the matte of an image is kept."""
    return folder / cell.contender.label / f"{cell.subset}-{cell.variant}" / f"{image}.png"


def _lacks_alpha(folder: Path | None, cell: Cell, sample: Sample) -> bool:
    return folder is not None and not alpha_path(folder, cell, sample.id).is_file()
