"""The check of a plan's files before it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from p3mbench.data.findings import Finding, FindingKind, kinds_of, short_name
from p3mbench.data.sample import FileSample
from p3mbench.data.survey import Memory, survey
from p3mbench.harness.plan import CellPlan, Plan
from p3mbench.provenance import hash_files
from p3mbench.settings import hidden, is_hidden
from p3mbench.store import Store

_Key = tuple[str, str]  # subset and image
# flags of findings that a worker would miss, because it reads one variant only
MISSED = ("same_variants", "swapped_variants", "trimap_contrary", "full_alpha")


def samples_of(plan: Plan) -> dict[_Key, tuple[FileSample, tuple[str, ...]]]:
    """Return the samples with files that will run, each with all its relevant variants.

    A variant is relevant if it will run or has its own picture, which shows whether faces differ.
    """
    found: dict[_Key, tuple[FileSample, tuple[str, ...]]] = {}
    for task in plan.todo:
        if isinstance(task.sample, FileSample):
            key = (task.cell.subset, task.sample.id)
            before = found[key][1] if key in found else tuple(task.sample.images)
            variants = tuple(sorted({*before, task.cell.variant}))
            made = task.cell.trimap.kernel is not None  # then no trimap file is read
            sample = replace(task.sample, trimap=None) if made else task.sample
            found[key] = (sample, variants)
    return found


def examine(
    plan: Plan, store: Store, progress: Callable[[int], object] = lambda _: None
) -> tuple[Plan, list[FindingKind]]:
    """Look at every file that the plan will read; earlier findings are remembered.

    Args:
        plan: what will run.
        store: remembers hashes and findings.
        progress: called with the number of images after each one.

    Returns:
        The plan, with samples that carry what only several files together show, and the findings.
    """
    samples = samples_of(plan)
    if not samples:
        return plan, []
    content = _hashes(samples, store)
    found = survey(
        list(samples.values()),
        memory=Memory(store.path),
        content=content.get,
        progress=progress,
    )
    remarks = {
        key: tuple(one for one in ones if one.flag in MISSED)
        for key, ones in zip(samples, found, strict=True)
    }
    mark = partial(_marked, remarks=remarks)
    marked = replace(plan, cells=tuple(map(mark, plan.cells)))
    return marked, kinds_of(one for ones in found for one in ones)


def _hashes(
    samples: dict[_Key, tuple[FileSample, tuple[str, ...]]], store: Store
) -> dict[Path, object]:
    paths = {
        path
        for sample, variants in samples.values()
        for variant in variants
        for path in sample.files(variant).values()
    }
    return dict(hash_files(sorted(paths), store))


def _marked(cell: CellPlan, remarks: dict[_Key, tuple[Finding, ...]]) -> CellPlan:
    tasks = []
    for task in cell.todo:
        known = remarks.get((task.cell.subset, task.sample.id), ())
        if known and isinstance(task.sample, FileSample):
            mine = tuple(
                (f"{one.name}: {one.text}", one.flag)
                for one in known
                if _concerns(one, task.sample, task.cell.variant)
            )
            task = replace(task, sample=replace(task.sample, remarks=mine))
        tasks.append(task)
    return replace(cell, todo=tuple(tasks))


def _concerns(one: Finding, sample: FileSample, variant: str) -> bool:
    """Whether a finding concerns a variant: not if it is about another hidden picture."""
    others = [v for v in hidden(sample.images) if v != variant and is_hidden(variant)]
    return one.name not in {short_name(sample.images[v]) for v in others}
