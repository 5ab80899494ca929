"""A whole run, asked for by the command line and by Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import p3mbench
from p3mbench.cli import main
from p3mbench.errors import MethodError
from p3mbench.harness.request import RunRequest
from p3mbench.harness.run import Listener, run_request
from p3mbench.store import Store

VARYING = ["seconds", "peak_mib", "run_id"]
RECORDED = ["run_id", "started_utc", "command", "environment"]


def test_the_same_request_by_command_and_by_python_gives_the_same_rows(
    tmp_path: Path, p3m_folder: Path, plugin_file: Path
) -> None:
    given = ["--methods", "grey,coarse", "--plugin", plugin_file, "--set", "grey.level=0.5"]
    given += ["--benchmark", "p3m500", "--data", p3m_folder, "--limit", 2, "--jobs", 1]
    command = [*given, "--trimap", "kernel-5", "--save-alphas", "--out", tmp_path / "a"]
    done = CliRunner().invoke(main, ["run", *map(str, command)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    results = p3mbench.run(
        ["grey", "coarse"],
        "p3m500",
        p3m_folder,
        tmp_path / "b",
        plugins=(plugin_file,),
        options={"grey": {"level": "0.5"}},
        limit=2,
        jobs=1,
        trimap="kernel-5",
        save_alphas=True,
    )
    result = results.outcome
    assert (result.todo, result.report.ok, result.exit_code) == (8, 8, 0)
    assert (result.out, result.benchmark) == (tmp_path / "b", "p3m500")
    with Store(tmp_path / "a") as one, Store(tmp_path / "b") as two:
        rows, same = (s.frame().drop(columns=VARYING) for s in (one, two))
        records = [{k: v for k, v in s.runs()[0].to_json().items() if k not in RECORDED}
                   for s in (one, two)]  # fmt: skip
    assert rows.equals(same) and len(rows) == 8
    for record in records:
        assert Path(record["options"].pop("out")).name in "ab"
    assert records[0] == records[1]


def test_what_is_there_is_not_done_again(tmp_path: Path, p3m_folder: Path) -> None:
    for todo, done in ((4, 0), (0, 4)):
        results = p3mbench.run("coarse", data=p3m_folder, out=tmp_path, limit=2, jobs=1)
        result = results.outcome
        assert (result.todo, result.done, result.exit_code) == (todo, done, 0)


class Heard(Listener):
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def recognised(self, data: Path, benchmark: str) -> None:
        self.said.append(f"recognised {benchmark}")

    def planned(self, plan, benchmark, broken) -> None:
        self.said.append(f"planned {benchmark.name}")

    def examined(self, kinds, opened) -> None:
        self.said.append("examined")


def test_a_listener_hears_of_each_step(tmp_path: Path, p3m_folder: Path) -> None:
    heard = Heard()
    request = RunRequest(methods=("coarse",), data=p3m_folder, out=tmp_path, dry_run=True)
    result = run_request(request, heard)
    assert heard.said == ["recognised p3m500", "planned p3m500", "examined"]
    assert result.todo > 0 and result.report.ok == 0
    with Store(tmp_path) as store:
        assert store.runs() == [] and store.frame().empty


def test_a_variant_that_is_nowhere_to_be_had_is_an_exit_code(
    tmp_path: Path, p3m_folder: Path
) -> None:
    results = p3mbench.run(
        "coarse", data=p3m_folder, out=tmp_path, limit=1, jobs=1, variants=("B", "mosaic-0.10")
    )
    result = results.outcome
    assert result.exit_code == 3 and result.report.ok == 1


def test_names_and_paths_may_be_text(tmp_path: Path, plugin_file: Path) -> None:
    asked = {"methods": "grey", "plugins": str(plugin_file), "variants": "B,N", "limit": 1}
    results = p3mbench.run(benchmark=Path("mini"), out=str(tmp_path), dry_run=True, **asked)
    assert results.outcome.todo == 4


def test_mistakes_are_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a test variant"):
        p3mbench.run("coarse", out=tmp_path / "o", variants=("X",))
    with pytest.raises(TypeError, match="colour"):
        p3mbench.run("coarse", out=tmp_path / "o", colour=1)
    with pytest.raises(MethodError, match="unknown method in --set"):
        p3mbench.run("coarse", out=tmp_path / "o", options={"knn": {}})
    assert not (tmp_path / "o").exists()
