"""The request for a run, from the command line or from Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from p3mbench.devices import check_name
from p3mbench.method import PRECISIONS
from p3mbench.runs import RESULTS
from p3mbench.settings import check_variant

ALL = ("all",)
FACES = ("facemask", "detect")
RETRIES = ("none", "failed")

WeightsFile = tuple[Path, str | None]
"""A checkpoint's file and its train setting; None if the file tells it."""


@dataclass(frozen=True)
class RunRequest:
    """The options of ``p3mbench run``, checked when the request is made.

    Attributes:
        methods: names, or ``("all",)``.
        plugins: Python files with more methods; they are executed.
        options: method -> parameter -> value. Text is read by the parameter's type.
        weights: method -> its checkpoints; other methods use those that come with the benchmark, or
            those in the weights folder.
        benchmark: name or FILE.toml; None for the one that ``data`` is laid out as, or ``mini``.
        data: the data folder; None for the benchmark's own.
        variants: test variants; empty for all that the benchmark declares.
        trimap: sources joined by commas, see `p3mbench.data.trimaps.TrimapSource`; None for the
            benchmark's own.
        faces: ``facemask`` or ``detect``; None for the benchmark's own way.
        limit: the largest number of images of each subset, the first ones by id; 0 for all.
        images: ids to run; empty for all.
        shard: (i, n) to run every n-th image, beginning with the i-th, i from 1.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        jobs: worker processes; None for as many as cores and memory allow, and 1 on a GPU.
        threads: CPU threads of a worker.
        precision: of networks, one of `p3mbench.method.PRECISIONS`.
        compiled: whether networks are compiled.
        timeout: seconds without progress after which an image is given up; 0 for never.
        memory_limit: GiB that a method's process may use; None for no limit.
        scheduler: ``local``, ``dask``, ``slurm`` or the address of a Dask scheduler.
        save_alphas: keep every matte as a PNG file.
        retry: ``failed`` to run failed images again; ``none``.
        keep_stale: keep scores of other code or libraries, and mark them.
        strict: run nothing if a file is suspicious.
        dry_run: plan, look at the files, and stop.
        out: folder of the results.
    """

    methods: tuple[str, ...] = ALL
    plugins: tuple[Path, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    weights: Mapping[str, tuple[WeightsFile, ...]] = field(default_factory=dict)
    benchmark: str | None = None
    data: Path | None = None
    variants: tuple[str, ...] = ()
    trimap: str | None = None
    faces: str | None = None
    limit: int = 0
    images: tuple[str, ...] = ()
    shard: tuple[int, int] = (1, 1)
    device: str = "auto"
    jobs: int | None = None
    threads: int = 1
    precision: str = "fp32"
    compiled: bool = False
    timeout: float = 3600.0
    memory_limit: float | None = None
    scheduler: str = "local"
    save_alphas: bool = False
    retry: str = "none"
    keep_stale: bool = False
    strict: bool = False
    dry_run: bool = False
    out: Path = RESULTS

    def __post_init__(self) -> None:
        """Check each field by itself.

        Raises:
            ValueError: a field has an impossible value; the message begins with the name of the
                command-line option.
        """
        for variant in self.variants:
            try:
                check_variant(variant)
            except ValueError as error:
                raise ValueError(f"--variants: {error}") from None
        try:
            check_name(self.device)
        except ValueError as error:
            raise ValueError(f"--device: {error}") from None
        first, step = self.shard
        if not 1 <= first <= step:
            raise ValueError(
                f"--shard takes I/N with I from 1 to N, such as 3/8, not '{first}/{step}'"
            )
        for name, choices in (("faces", (None, *FACES)), ("retry", RETRIES),
                              ("precision", PRECISIONS)):  # fmt: skip
            if getattr(self, name) not in choices:
                has = ", ".join(str(choice) for choice in choices if choice)
                raise ValueError(f"--{name} must be one of {has}, not {getattr(self, name)!r}")
        for name, lowest in (("limit", 0), ("jobs", 1), ("threads", 1), ("timeout", 0)):
            value = getattr(self, name)
            if value is not None and value < lowest:
                raise ValueError(f"--{name} must be {lowest} or more, not {value}")
        if self.memory_limit is not None and self.memory_limit <= 0:
            raise ValueError(f"--memory-limit must be more than 0 GiB, not {self.memory_limit}")

    @property
    def names(self) -> tuple[str, ...]:
        """The methods requested by name; none if all are requested."""
        return () if self.methods == ALL else self.methods

    @property
    def alphas(self) -> Path | None:
        """The folder of the mattes, None if they are not kept."""
        return self.out / "alphas" if self.save_alphas else None

    def recorded(self) -> dict[str, Any]:
        """Return the command-line options of the same request, as a run's record keeps them.

        Paths that lead to images are absolute; options that were not given are left out.
        """
        said = {
            "methods": ",".join(self.methods),
            "benchmark": self.benchmark,
            "data": self.data and str(self.data.resolve()),
            "variants": ",".join(self.variants),
            "trimap": self.trimap,
            "faces": self.faces,
            "limit": self.limit,
            "images": ",".join(self.images),
            "weights": self._weights_text(),
            "options": [
                f"{method}.{name}={value}"
                for method, changed in self.options.items()
                for name, value in changed.items()
            ],
            "device": self.device,
            "jobs": self.jobs,
            "threads": self.threads,
            "precision": self.precision,
            "compiled": self.compiled,
            "save_alphas": self.save_alphas,
            "retry": self.retry,
            "keep_stale": self.keep_stale,
            "timeout": float(self.timeout),
            "scheduler": self.scheduler,
            "memory_limit": self.memory_limit,
            "shard": "" if self.shard == (1, 1) else "/".join(map(str, self.shard)),
            "out": str(self.out),
            "strict": self.strict,
            "plugins": [str(path.resolve()) for path in self.plugins],
        }
        if str(self.benchmark).endswith(".toml"):
            said["benchmark"] = str(Path(str(self.benchmark)).resolve())
        return {name: value for name, value in said.items() if value}

    def _weights_text(self) -> list[str]:
        return [
            f"{method}={path.resolve()}" + (f"@{setting}" if setting else "")
            for method, files in self.weights.items()
            for path, setting in files
        ]


def as_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `RunRequest` from what people write in Python.

    Args:
        given: field -> value. Names may be one text, joined by commas. Paths may be text. One
            plugin or checkpoint may stand without a list, a checkpoint without a train setting.

    Returns:
        The same fields with the types that `RunRequest` declares; unknown ones as they are.
    """
    fields = dict(given)
    for name in ("methods", "variants", "images"):
        if isinstance(names := fields.get(name), str):
            fields[name] = tuple(part.strip() for part in names.split(",") if part.strip())
        elif names is not None:
            fields[name] = tuple(names)
    for name in ("data", "out"):
        if fields.get(name) is not None:
            fields[name] = Path(fields[name])
    if fields.get("benchmark") is not None:
        fields["benchmark"] = str(fields["benchmark"])
    if "plugins" in fields:
        fields["plugins"] = tuple(Path(one) for one in _several(fields["plugins"]))
    if "weights" in fields:
        fields["weights"] = {
            method: tuple(_weights_file(one) for one in _several(files))
            for method, files in fields["weights"].items()
        }
    return fields


def _several(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, str | PathLike) else tuple(value)


def _weights_file(given: Any) -> WeightsFile:
    """A checkpoint from its file, or from (file, train setting)."""
    if isinstance(given, str | PathLike):
        return Path(given), None
    path, setting = given
    return Path(path), setting
