"""The manifest of a run: the request, the machine, the versions and the inputs."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from p3mbench.harness.plan import Plan
from p3mbench.plugins import content_hash
from p3mbench.provenance import environment
from p3mbench.runs import MethodRecord, RunRecord
from p3mbench.store import Store
from p3mbench.writing import write_text

FILE_NAME = "manifest.json"


def begin(store: Store, plan: Plan, options: Mapping[str, Any], jobs: int) -> str:
    """Record a run in the store and, for people, as ``manifest.json`` beside it.

    Args:
        store: of the rows.
        plan: what will run.
        options: the request, as `p3mbench.harness.request.RunRequest.recorded` returns it.
        jobs: worker processes.

    Returns:
        The id of the run, which every row carries. Ids sort by time.
    """
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%dT%H%M%S}.{now:%f}-{secrets.token_hex(3)}"
    run = RunRecord(
        run_id=run_id,
        started=now.isoformat(timespec="seconds"),
        command=tuple(sys.argv[1:]),
        benchmark=plan.view.benchmark,
        options=options,
        jobs=jobs,
        environment=environment(),
        data_sha256=plan.data_hash,
        subsets={f"{name} {subset}": n for (name, subset), n in plan.expected.items()},
        methods=methods_of(plan),
        cannot_run={blocked.what: blocked.reason for blocked in plan.blocked},
        plugins={path: content_hash(Path(path)) for path in options.get("plugins", ())},
    )
    store.begin_run(run, plan.expected)
    write_manifests(store)
    return run_id


def remember(store: Store, plan: Plan) -> None:
    """Tell the store what this run sees of the benchmark and of the stored rows."""
    store.see(plan.view, plan.marks, datetime.now(UTC).isoformat(timespec="microseconds"))


def write_manifests(store: Store) -> None:
    """Write the manifests of all runs of a store beside it, for people to read."""
    text = json.dumps([run.to_json() for run in store.runs()], indent=1, ensure_ascii=False)
    write_text(store.folder / FILE_NAME, text + "\n")


def methods_of(plan: Plan) -> dict[str, MethodRecord]:
    """Return label -> what runs; cells with the same contender share its record."""
    found = {}
    for planned in plan.cells:
        contender = planned.cell.contender
        columns = planned.cell.columns
        found[contender.label] = MethodRecord(
            method=columns["method"],
            strategy=columns["strategy"],
            options=columns["options"],
            checkpoint=columns["checkpoint"],
            checkpoint_sha256=columns["checkpoint_sha256"],
            train_setting=columns["train_setting"],
            version=contender.method.info.version,
            code_sha256=contender.code.sha256,
            code_files=dict(contender.code.files),
            libraries=dict(contender.code.libraries),
            weights=contender.weights.path.name if contender.weights else None,
        )
    return found
