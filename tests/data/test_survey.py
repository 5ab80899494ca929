"""Many images are looked at once, in parallel, and what was found is remembered."""

from __future__ import annotations

import time

import numpy as np
import pytest
from odd_files import binary, read, write

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data import survey as module
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.pairing import pair_subset
from p3mbench.data.sources.p3m10k import folders_of
from p3mbench.data.survey import Memory, survey


@pytest.fixture
def work(p3m_folder):
    folder = p3m_folder / "validation" / "P3M-500-P"
    binary(folder / "mask" / "p_2.png")
    samples = pair_subset("P", folders_of(folder), 0, Obfuscation()).whole().samples
    return [(sample, ("B",)) for sample in samples]


def flags(found):
    return [[one.flag for one in ones] for ones in found]


@pytest.mark.slow
def test_processes_find_what_this_one_finds(work):
    steps = []
    found = survey(work, jobs=2, progress=steps.append)
    assert found == survey(work)
    assert flags(found) == [[], ["matte_0_1"], []]
    assert sum(steps) == 3


def test_what_was_found_is_not_looked_for_again(work, tmp_path, monkeypatch):
    memory = Memory(tmp_path / "deep" / "findings.sqlite")
    found = survey(work, memory=memory)
    read_now = []
    inspect = module.inspect
    monkeypatch.setattr(module, "inspect", lambda *x: read_now.append(x[0].id) or inspect(*x))
    assert survey(work, memory=memory) == found
    assert read_now == []
    path = work[0][0].alpha
    time.sleep(0.01)
    write(path, (read(path) > 127).astype(np.uint8))
    assert flags(survey(work, memory=memory)) == [["matte_0_1"], ["matte_0_1"], []]
    assert read_now == ["p_1"]


def test_a_memory_that_cannot_be_written_costs_time_only(work, tmp_path):
    (tmp_path / "file").write_text("x" * 5000)
    for path in (tmp_path / "file", tmp_path / "file" / "findings.sqlite"):
        assert flags(survey(work, memory=Memory(path))) == [[], ["matte_0_1"], []]
    assert (tmp_path / "file").read_text() == "x" * 5000


def test_drawn_samples_have_no_findings():
    samples = open_benchmark(get("mini"), None).subsets[0].samples[:3]
    assert survey([(sample, ("B", "N")) for sample in samples]) == [(), (), ()]
