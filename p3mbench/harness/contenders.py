"""Contenders: methods with options and checkpoints. Methods that cannot run, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from p3mbench import checkpoints
from p3mbench.checkpoints import Weights
from p3mbench.errors import MethodError
from p3mbench.fingerprint import Code, Fingerprints
from p3mbench.method import Method, MethodInfo, missing_extra, options_of, strategy_of
from p3mbench.provenance import hash_of
from p3mbench.registry import find, unknown_method
from p3mbench.weights import RecordError, needs_weights


@dataclass(frozen=True)
class Contender:
    """A method with its options and, if it is learned, one checkpoint: a line of the plan."""

    method: Method
    weights: Weights | None = None
    precision: str = "fp32"
    compiled: bool = False
    threads: int = 1
    code: Code = Code()

    @property
    def options(self) -> dict[str, Any]:
        """The method's parameters, and the settings of the run that differ from the default."""
        found = options_of(self.method)
        if self.method.info.learned:
            found |= {"precision": self.precision} if self.precision != "fp32" else {}
            found |= {"compiled": True} if self.compiled else {}
        # sums over several threads differ in the last bits: scores move by some 3e-6
        return found | ({"threads": self.threads} if self.threads != 1 else {})

    @property
    def label(self) -> str:
        """A name that tells contenders of one run apart; also the folder of their mattes."""
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
class Blocked:
    """Something that cannot run, and a reason that says how to mend it."""

    what: str
    reason: str


@dataclass(frozen=True)
class Request:
    """The part of a request that the plan needs.

    Attributes:
        weights: method name -> checkpoint files, each with the train setting if one was given.
        limit: the largest number of images per subset, the first ones by id; 0 for all.
        images: ids to run; empty for all.
        retry_failed: run images again that failed before.
        alphas: folder for mattes, None if they are not kept.
        shard: (i, n) to run only every n-th image, beginning with the i-th, i from 1.
        precision, compiled: how networks are run, see `p3mbench.harness.engine`.
        keep_stale: keep scores of code or libraries other than today's, and mark them.
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
    """Return `named_methods` of a comma-separated list."""
    return named_methods([name.strip() for name in names.split(",") if name.strip()], plugins)


def named_methods(
    names: Sequence[str], plugins: Sequence[Path]
) -> tuple[tuple[Method, ...], list[Blocked]]:
    """Return the methods with these names, or every usable one for ``["all"]``.

    Returns:
        The methods that can be used, and the broken ones with their problems.

    Raises:
        MethodError: a named method is unknown.
    """
    found = {entry.name: entry for entry in find(plugins)}
    if list(names) == ["all"]:
        broken = [Blocked(e.name, e.problem or "") for e in found.values() if e.method is None]
        usable = [e.method for e in found.values() if e.method is not None]
        absent = [method for method in usable if _absent(method.info)]
        if absent:
            broken.append(Blocked(f"{len(absent)} models as files", _ABSENT))
        return tuple(method for method in usable if method not in absent), broken
    if not names:
        raise MethodError("no method is named; give --methods all or a list such as coarse,knn")
    methods, broken = [], []
    for name in dict.fromkeys(names):
        if name not in found:
            raise MethodError(unknown_method(name, found))
        method = found[name].method
        if method is None:
            broken.append(Blocked(name, f"cannot be used: {found[name].problem}"))
        else:
            methods.append(method)
    return tuple(methods), broken


_ABSENT = "their weights are not here; name one to see where to get them, or see p3mbench methods"


def _absent(info: MethodInfo) -> bool:
    """Return whether a method is a model file without any weights here; "all" leaves it out."""
    return bool(info.model_file) and not checkpoints.found(info)


def contenders(
    request: Request, folder: Path | None = None
) -> tuple[list[Contender], list[Blocked]]:
    """Return each method with each of its checkpoints; a learned one without any is blocked.

    The checkpoints are those that the user names. Without any, they are those in ``folder``, which
    come with the benchmark, and else those in the user's weights folder.
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
    """Return a method's checkpoints, and those with a record that is impossible."""
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
    """Make a contender with the options that its weights need, except those the user changed."""
    return Contender(
        checkpoints.as_trained(method, weights),
        weights,
        precision=request.precision,
        compiled=request.compiled,
        threads=request.threads,
    )


def _unable(info: MethodInfo, request: Request) -> str:
    """Say why a method cannot run as requested, "" if it can. It never runs in another way."""
    if request.precision not in info.precisions:
        able = ", ".join(info.precisions)
        return f"runs in {able} only; skipped under --precision {request.precision}"
    if request.compiled and not info.learned:
        return "has no network to compile; skipped under --compile"
    return ""


def with_code(ready: Sequence[Contender]) -> list[Contender]:
    """Return the contenders with the hashes of their code; each file is hashed once."""
    prints = Fingerprints()
    return [replace(contender, code=prints.of(contender.method)) for contender in ready]
