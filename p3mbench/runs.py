"""The record of a run: the request, the machine, the versions and the inputs.

A store keeps one JSON object per run, its *manifest*, and ``manifest.json`` beside the store shows
all of them to people. `RunRecord` is that object with types. It also reads the manifests of older
versions and of imports, which contain less: missing values have defaults.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path("results") / "run"  # default folder of results

_ROW_COLUMNS = (
    "method", "strategy", "options", "checkpoint", "checkpoint_sha256", "train_setting",
)  # fmt: skip


def environment_entries(value: Any, prefix: str = "") -> dict[str, str]:
    """Return the entries of a recorded environment by name, as text.

    >>> environment_entries({"cpu": "x", "versions": {"numpy": "2.4"}})
    {'cpu': 'x', 'versions numpy': '2.4'}
    """
    if isinstance(value, Mapping):
        found: dict[str, str] = {}
        for key, part in value.items():
            found |= environment_entries(part, f"{prefix}{key} ")
        return found
    return {prefix.strip(): value if isinstance(value, str) else json.dumps(value)}


def _texts(value: Any) -> dict[str, str]:
    """Return the entries of a mapping of texts; {} for anything else that a store may contain."""
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {k: v for k, v in pairs if isinstance(k, str) and isinstance(v, str)}


@dataclass(frozen=True)
class MethodRecord:
    """A method with its options and one checkpoint in a run.

    Attributes:
        method, strategy, options, checkpoint, checkpoint_sha256, train_setting: as the columns of
            `p3mbench.rows.Row`; "" if an older version did not record them.
        version: version of the method.
        code_sha256, code_files: hash of its code, and of each of its modules or files.
        libraries: package -> version.
        weights: file name of its weights without the folder, which could reveal the authors of a
            blind paper. None if it has no weights.
    """

    method: str = ""
    strategy: str = ""
    options: str = ""
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    train_setting: str = ""
    version: int = 0
    code_sha256: str = ""
    code_files: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    weights: str | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> MethodRecord:
        """Read one entry of ``methods`` in a manifest."""
        code = stored.get("code") or {}
        return cls(
            **{name: str(stored.get(name) or "") for name in _ROW_COLUMNS},
            version=int(stored.get("version") or 0),
            code_sha256=str(code.get("sha256") or ""),
            code_files=dict(code.get("files") or {}),
            libraries=dict(stored.get("libraries") or {}),
            weights=stored.get("weights"),
        )

    def to_json(self) -> dict[str, Any]:
        """As a manifest holds it."""
        return {name: getattr(self, name) for name in _ROW_COLUMNS} | {
            "version": self.version,
            "code": {"sha256": self.code_sha256, "files": dict(self.code_files)},
            "libraries": dict(self.libraries),
            "weights": self.weights,
        }


@dataclass(frozen=True)
class ImportRecord:
    """The file of an import: its name, SHA-256 and number of rows."""

    file: str
    sha256: str
    rows: int

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> ImportRecord:
        """Read ``imported`` in a manifest."""
        name, digest = (str(stored.get(key) or "") for key in ("file", "sha256"))
        return cls(name, digest, int(stored.get("rows") or 0))

    def to_json(self) -> dict[str, Any]:
        """As a manifest holds it."""
        return {"file": self.file, "sha256": self.sha256, "rows": self.rows}


@dataclass(frozen=True)
class RunRecord:
    """The record of one run, made before its first row.

    Attributes:
        run_id: the id in its rows; ids sort by time.
        started: ISO 8601 in UTC, seconds.
        command: arguments of the command line, or of the program that called p3mbench.
        benchmark: name of the benchmark; "" if an older version did not record it.
        options: option of ``p3mbench run`` -> value, for options that were set or have a default.
            `definition`, `data` and the other properties read the values that locate the images.
        jobs: worker processes.
        environment: versions and hardware, see `p3mbench.provenance.environment`.
        data_sha256: hash of all files and recipes of the benchmark.
        subsets: "BENCHMARK SUBSET" -> number of images of the complete subset.
        methods: label -> the method that ran.
        cannot_run: method or part that could not run -> reason.
        imported: the file of an import, None for a run.
        plugins: absolute path of each plugin file -> SHA-256 of its bytes.
        stored: the object that the record was read from; None for a new record.
    """

    run_id: str = ""
    started: str = ""
    command: tuple[str, ...] = ()
    benchmark: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 0
    environment: Mapping[str, Any] = field(default_factory=dict)
    data_sha256: str = ""
    subsets: Mapping[str, int] = field(default_factory=dict)
    methods: Mapping[str, MethodRecord] = field(default_factory=dict)
    cannot_run: Mapping[str, str] = field(default_factory=dict)
    imported: ImportRecord | None = None
    plugins: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> RunRecord:
        """Read the manifest of a run or an import, of this version or an older one.

        >>> old = RunRecord.of({"options": {"benchmark": "p3m500", "data": "/data"}})
        >>> old.definition, str(old.data), old.trimap, old.saves_alphas, old.started
        ('p3m500', '/data', None, False, '')
        """
        imported, methods = manifest.get("imported"), manifest.get("methods") or {}
        return cls(
            run_id=str(manifest.get("run_id") or ""),
            started=str(manifest.get("started_utc") or ""),
            command=tuple(manifest.get("command") or ()),
            benchmark=str(manifest.get("benchmark") or ""),
            options=dict(manifest.get("options") or {}),
            jobs=int(manifest.get("jobs") or 0),
            environment=dict(manifest.get("environment") or {}),
            data_sha256=str(manifest.get("data_sha256") or ""),
            subsets=dict(manifest.get("subsets") or {}),
            methods={label: MethodRecord.of(one) for label, one in methods.items()},
            cannot_run=dict(manifest.get("cannot_run") or {}),
            imported=ImportRecord.of(imported) if imported else None,
            plugins=_texts(manifest.get("plugins")),
            stored=manifest,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the manifest; for a record that was read, exactly the object that was read."""
        if self.stored is not None:
            return dict(self.stored)
        head = {"run_id": self.run_id, "started_utc": self.started}
        if self.imported is not None:
            return head | {
                "imported": self.imported.to_json(),
                "environment": dict(self.environment),
            }
        return head | {
            "command": list(self.command),
            "benchmark": self.benchmark,
            "options": dict(self.options),
            "jobs": self.jobs,
            "environment": dict(self.environment),
            "data_sha256": self.data_sha256,
            "subsets": dict(self.subsets),
            "methods": {label: one.to_json() for label, one in self.methods.items()},
            "cannot_run": dict(self.cannot_run),
            "plugins": dict(self.plugins),
        }

    @property
    def is_of_images(self) -> bool:
        """Whether the run opened a benchmark, so that its images may be found again."""
        return bool(self.subsets)

    @property
    def definition(self) -> str:
        """The requested benchmark: a name, or the absolute path of a TOML file.

        If an older version did not record it, this is the name of the benchmark.
        """
        return str(self.options.get("benchmark") or self.benchmark)

    @property
    def data(self) -> Path | None:
        """The data folder, absolute since version 0.2; None if the benchmark reads none."""
        found = self.options.get("data")
        return Path(found) if found else None

    @property
    def trimap(self) -> str | None:
        """The requested trimap source; None for the benchmark's own."""
        return self.options.get("trimap")

    @property
    def faces(self) -> str | None:
        """The requested source of faces; None for the benchmark's own."""
        return self.options.get("faces")

    @property
    def variants(self) -> tuple[str, ...]:
        """The requested test variants; empty for all of the benchmark."""
        text = str(self.options.get("variants") or "")
        return tuple(part.strip() for part in text.split(",") if part.strip())

    @property
    def saves_alphas(self) -> bool:
        """Whether the run kept mattes."""
        return bool(self.options.get("save_alphas"))
