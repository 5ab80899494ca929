"""Who runs: methods with their options and checkpoints, and who cannot run and why."""

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
from p3mbench.registry import find, unknown
from p3mbench.weights import RecordError, needs_weights


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
class Blocked:
    """What cannot run, and why, in words that tell how to mend it."""

    what: str
    reason: str


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
    """`named_methods` of a comma-separated list."""
    return named_methods([name.strip() for name in names.split(",") if name.strip()], plugins)


def named_methods(
    names: Sequence[str], plugins: Sequence[Path]
) -> tuple[tuple[Method, ...], list[Blocked]]:
    """The methods of these names, or every usable one for ``["all"]``.

    Returns:
        The methods that can be used, and the broken ones with their problems.

    Raises:
        MethodError: a named method is unknown.
    """
    found = {entry.name: entry for entry in find(plugins)}
    if list(names) == ["all"]:
        broken = [Blocked(e.name, e.problem or "") for e in found.values() if e.method is None]
        return tuple(e.method for e in found.values() if e.method is not None), broken
    if not names:
        raise MethodError("no method is named; give --methods all or a list such as coarse,knn")
    methods, broken = [], []
    for name in dict.fromkeys(names):
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


def with_code(ready: Sequence[Contender]) -> list[Contender]:
    """Contenders that know which code they are; the same files are hashed once."""
    prints = Fingerprints()
    return [replace(contender, code=prints.of(contender.method)) for contender in ready]
