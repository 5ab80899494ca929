"""Runs of earlier runs: the plugins of a store, and what differs when a run is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from p3mbench.errors import MethodError, StoreError
from p3mbench.harness.manifest import methods_of
from p3mbench.harness.plan import Plan
from p3mbench.harness.request import RunRequest
from p3mbench.names import printable
from p3mbench.plugins import KnownPlugin, RefusedPlugin, usable
from p3mbench.provenance import environment, gpus
from p3mbench.registry import GROUP
from p3mbench.runs import RunRecord, environment_entries
from p3mbench.store import FILE_NAME, Store

NAMED = ("local", "dask", "slurm")  # schedulers that need no address


@dataclass(frozen=True)
class Repeated:
    """An earlier run that a new one repeats.

    Attributes:
        folder: of its store.
        record: of the run.
        devices: that its rows were made on, such as ``cpu``.
    """

    folder: Path
    record: RunRecord
    devices: frozenset[str] = frozenset()

    @property
    def options(self) -> dict[str, Any]:
        """Its command-line options by parameter, without its folder, plugins and scheduler.

        A scheduler by address is left out because its machine can send code to this one.
        """
        kept = {k: v for k, v in self.record.options.items() if k not in ("out", "plugins")}
        if kept.get("scheduler") not in NAMED:
            kept.pop("scheduler", None)
        return kept

    @property
    def left_out(self) -> list[str]:
        """What the user must give again, a line each."""
        scheduler = str(self.record.options.get("scheduler", "local"))
        if scheduler in NAMED:
            return []
        return [f"the scheduler {printable(scheduler)} is not used again; give it with --scheduler"]

    @property
    def out(self) -> Path:
        """The folder for the repetition, unless the user names one."""
        return self.folder.with_name(f"{self.folder.resolve().name}-again")

    def plugins(self) -> tuple[list[KnownPlugin], list[RefusedPlugin]]:
        """Return the plugins that may run, and those that need ``--plugin``."""
        names = str(self.options.get("methods", "all")).split(",")
        wanted = None if names == ["all"] else set(names) - _installed()
        return usable(self.record.plugins, wanted)


def read_repeated(folder: Path) -> Repeated:
    """Read the last run of a store.

    Raises:
        StoreError: there is no store, or it contains no run (imported rows cannot be repeated).
    """
    with Store(folder) as store:
        runs = [run for run in store.runs() if run.is_of_images]
        if not runs:
            raise StoreError(f"{folder}: contains no run to repeat; its rows were imported")
        rows = store.rows([runs[-1].benchmark])
        devices = frozenset(row.device for row in rows if row.run_id == runs[-1].run_id)
    return Repeated(folder, runs[-1], devices)


def with_plugins(request: RunRequest) -> tuple[RunRequest, list[KnownPlugin]]:
    """Add the plugins of the store's earlier runs if the user names their methods.

    Only if the user gave no ``--plugin``, and only files that the same user has run with the same
    content on this machine: see `p3mbench.plugins`.

    Raises:
        MethodError: a named method is in a plugin that needs ``--plugin``.
    """
    missing = set(request.names) - _installed() if not request.plugins else set()
    if not missing or not (request.out / FILE_NAME).is_file():
        return request, []
    with Store(request.out) as store:
        used = {path: sha for run in store.runs() for path, sha in run.plugins.items()}
    ready, refused = usable(used, missing)
    missing -= {name for plugin in ready for name in plugin.methods}
    if missing and refused:
        raise MethodError(f"unknown method {min(missing)!r}; {refused[-1].reason}")
    return replace(request, plugins=tuple(plugin.path for plugin in ready)), ready


def differences(repeated: Repeated, plan: Plan, device: str) -> list[str]:
    """Say in what a planned run differs from an earlier one.

    Args:
        repeated: the earlier run.
        plan: the new one.
        device: ``auto``, ``cpu`` or ``cuda``, as the new run requests it.

    Returns:
        A line for each difference of machine, versions, device, data, methods and code.
    """
    record = repeated.record
    return [
        *_environment(record),
        *_devices(repeated.devices, device),
        *_data(record, plan),
        *_methods(record, plan),
    ]


def _devices(before: frozenset[str], device: str) -> Iterator[str]:
    kinds = {"cpu" if name.startswith("cpu") else "GPU" for name in before}
    now = "cpu" if device == "cpu" or (device == "auto" and not gpus()) else "GPU"
    if "GPU" in kinds and now == "cpu":
        yield f"device: was {', '.join(sorted(before))}, is cpu"
    elif kinds == {"cpu"} and now == "GPU":
        yield "device: was cpu; networks now run on a GPU"


def _environment(record: RunRecord) -> Iterator[str]:
    before, now = environment_entries(record.environment), environment_entries(environment())
    for name in (*before, *(name for name in now if name not in before)):
        if before.get(name) != now.get(name):
            yield f"{name}: was {before.get(name, 'absent')}, is {now.get(name, 'absent')}"


def _data(record: RunRecord, plan: Plan) -> Iterator[str]:
    if record.data_sha256 and record.data_sha256 != plan.data_hash:
        was, now = _short(record.data_sha256), _short(plan.data_hash)
        yield f"data: other files or recipes (was {was}, is {now})"


def _methods(record: RunRecord, plan: Plan) -> Iterator[str]:
    now = methods_of(plan)
    for label in sorted({*record.methods, *now}):
        if label not in now:
            yield f"{label}: ran then and does not run now"
        elif label not in record.methods:
            yield f"{label}: runs now and did not run then"
        elif (old := record.methods[label].code_sha256) != now[label].code_sha256:
            yield f"{label}: other code (was {_short(old)}, is {_short(now[label].code_sha256)})"


def _short(sha256: str) -> str:
    return sha256[:8] or "not recorded"


def _installed() -> set[str]:
    return {point.name for point in entry_points(group=GROUP)}
