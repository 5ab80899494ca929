"""The record of a run reads and writes manifests of every version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from p3mbench.runs import ImportRecord, MethodRecord, RunRecord

REPO = Path(__file__).parents[1]

FIRST = {  # a manifest of version 0.1: no benchmark, no code, relative data
    "run_id": "20250101T000000-abcdef",
    "started_utc": "2025-01-01T00:00:00+00:00",
    "command": ["run", "--methods", "all"],
    "options": {"methods": "all", "benchmark": "p3m500", "data": "P3M-10k", "variants": "B, N"},
    "jobs": 2,
    "environment": {"versions": {"numpy": "2.0"}},
    "data_sha256": "0" * 64,
    "subsets": {"p3m500 P": 500},
    "methods": {"knn": {"method": "knn", "strategy": "native", "options": "{}", "weights": None}},
    "cannot_run": {},
}
IMPORT = {
    "run_id": "20250101T000000-abcdef",
    "started_utc": "2025-01-01T00:00:00+00:00",
    "imported": {"file": "a.csv", "sha256": "0" * 64, "rows": 3},
    "environment": {},
}


@pytest.mark.parametrize("manifest", [FIRST, IMPORT, {}, {"benchmark": "mine", "subsets": {}}])
def test_a_record_that_was_read_is_written_as_it_was(manifest: dict) -> None:
    assert json.dumps(RunRecord.of(manifest).to_json()) == json.dumps(manifest)


def test_an_older_run_has_defaults_for_what_it_does_not_say() -> None:
    record = RunRecord.of(FIRST)
    assert record.benchmark == "" and record.definition == "p3m500"
    assert record.data == Path("P3M-10k") and record.variants == ("B", "N")
    assert record.trimap is None and record.faces is None and not record.saves_alphas
    assert record.is_of_images and record.imported is None
    assert record.methods["knn"] == MethodRecord("knn", "native", "{}")


def test_an_import_opened_no_benchmark() -> None:
    record = RunRecord.of(IMPORT)
    assert record.imported == ImportRecord("a.csv", "0" * 64, 3)
    assert not record.is_of_images and record.data is None and record.definition == ""


def test_an_empty_record_of_nothing() -> None:
    record = RunRecord.of({})
    assert record == RunRecord() and record.started == ""


def test_a_new_record_is_written_in_the_layout_it_is_read_in() -> None:
    made = RunRecord(
        run_id="r",
        started="2026-01-01T00:00:00+00:00",
        command=("run",),
        benchmark="mini",
        options={"benchmark": "mini", "save_alphas": True},
        jobs=1,
        environment={"cores": 2},
        data_sha256="1",
        subsets={"mini P": 24},
        methods={"knn": MethodRecord("knn", version=1, code_files={"a": "b"}, weights="w.pth")},
        cannot_run={"gca": "needs weights"},
    )
    again = RunRecord.of(json.loads(json.dumps(made.to_json())))
    assert again == made and again.saves_alphas and again.definition == "mini"
    imported = RunRecord(run_id="r", started="s", imported=ImportRecord("a", "b", 1))
    assert RunRecord.of(imported.to_json()) == imported


def test_the_manifests_in_the_repository_have_the_keys_that_are_written() -> None:
    for manifest in json.loads((REPO / "results" / "mini" / "manifest.json").read_text()):
        record = RunRecord.of(manifest)
        assert record.is_of_images and record.definition == "mini" and record.saves_alphas
        assert record.methods["closed-form"].strategy == "native"
