"""Several trimap sources in one run, also made from a run's mattes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from p3mbench.cli import main
from p3mbench.store import Store
from p3mbench.writing import write_png

RUN = ["run", "--limit", "1", "--variants", "N", "--jobs", "1"]


def p3mbench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def frame(folder: Path) -> pd.DataFrame:
    with Store(folder) as store:
        return store.frame()


@pytest.mark.slow
def test_trimap_based_methods_run_with_each_source(tmp_path: Path, plugin_file: Path) -> None:
    plugin = ("--plugin", plugin_file)
    first = [*RUN, "--methods", "grey", *plugin, "--save-alphas", "--out", tmp_path / "first"]
    done = p3mbench(*first)
    assert done.exit_code == 0, done.output
    label = sorted((tmp_path / "first" / "alphas" / "mini").iterdir())[0]
    sources = f"kernel-3,kernel-9,kernel-3@{label}"
    both = [*RUN, "--methods", "coarse,grey", *plugin, "--trimap", sources]
    both += ["--out", tmp_path / "second"]
    assert p3mbench(*both).exit_code == 0
    found = frame(tmp_path / "second")
    names = found[found["method"] == "coarse"]["trimap_source"]
    assert sorted(set(names)) == ["kernel-3", *sorted({n for n in names if "@" in n}), "kernel-9"]
    assert set(found[found["method"] == "grey"]["trimap_source"]) == {"kernel-3"}
    errors = found[(found["method"] == "coarse") & (found["subset"] == "P")]
    by = errors.groupby("trimap_source")["sad"].mean()
    assert by["kernel-3"] < by["kernel-9"]
    predicted = next(value for name, value in by.items() if "@" in str(name))
    assert predicted > 2 * by["kernel-3"]  # its mattes are grey everywhere
    again = p3mbench(*both)
    assert "nothing left to do" in again.output, again.output
    matte = next((label / "P-N").iterdir())
    write_png(matte, np.zeros((256, 192), np.uint8))
    p3mbench(*both)
    assert len(set(frame(tmp_path / "second")["trimap_source"])) == 4  # other mattes, another name


def test_a_folder_without_mattes_is_one_line(tmp_path: Path) -> None:
    done = p3mbench(*RUN, "--methods", "coarse", "--trimap", f"kernel-3@{tmp_path}",
                    "--out", tmp_path / "run")  # fmt: skip
    assert done.exit_code == 1
    assert f"{tmp_path}: has no mattes; name the folder of one method" in done.output
