"""Several trimap sources in one run, also made from a run's mattes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from p3mbench.cli import main
from p3mbench.store import Store

RUN = ["run", "--limit", "1", "--variants", "N", "--jobs", "1"]


def p3mbench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def frame(folder: Path) -> pd.DataFrame:
    with Store(folder) as store:
        return store.frame()


@pytest.mark.slow
def test_trimap_based_methods_run_with_each_source(tmp_path: Path) -> None:
    done = p3mbench(*RUN, "--methods", "modnet", "--save-alphas", "--out", tmp_path / "first")
    assert done.exit_code == 0, done.output
    label = sorted((tmp_path / "first" / "alphas" / "mini").iterdir())[0]
    sources = f"kernel-3,kernel-9,kernel-3@{label}"
    both = [*RUN, "--methods", "coarse,modnet", "--trimap", sources, "--out", tmp_path / "second"]
    assert p3mbench(*both).exit_code == 0
    found = frame(tmp_path / "second")
    names = found[found["method"] == "coarse"]["trimap_source"]
    assert sorted(set(names)) == ["kernel-3", *sorted({n for n in names if "@" in n}), "kernel-9"]
    assert set(found[found["method"] == "modnet"]["trimap_source"]) == {"kernel-3"}
    errors = found[(found["method"] == "coarse") & (found["subset"] == "P")]
    by = errors.groupby("trimap_source")["sad"].mean()
    assert by["kernel-3"] < by["kernel-9"]
    predicted = next(value for name, value in by.items() if "@" in str(name))
    assert predicted > 2 * by["kernel-3"]  # the network's mattes are wrong outside its trimap, too
    again = p3mbench(*both)
    assert "nothing left to do" in again.output, again.output
    matte = next((label / "P-N").iterdir())
    matte.write_bytes(next((label / "NP-N").iterdir()).read_bytes())
    p3mbench(*both)
    assert len(set(frame(tmp_path / "second")["trimap_source"])) == 4  # other mattes, another name


def test_a_folder_without_mattes_is_one_line(tmp_path: Path) -> None:
    done = p3mbench(*RUN, "--methods", "coarse", "--trimap", f"kernel-3@{tmp_path}",
                    "--out", tmp_path / "run")  # fmt: skip
    assert done.exit_code == 1
    assert f"{tmp_path}: has no mattes; name the folder of one method" in done.output
