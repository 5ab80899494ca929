from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from p3mbench.errors import StoreError
from p3mbench.store import FILE_NAME, Row, Store, metric_columns

ROW = Row(
    key="k1",
    benchmark="mini",
    subset="P",
    variant="B",
    image="a",
    method="coarse",
    title="Coarse",
    kind="trimap-based",
    learned=False,
    options="{}",
    strategy="native",
    checkpoint="",
    checkpoint_sha256="",
    train_setting="-",
    seed="",
    trimap_source="dataset",
    convention="p3m",
    obfuscation="",
    status="ok",
    reason="",
    flags="",
    metrics={"sad": 1 / 3, "mse_t": math.nan},
    seconds=0.5,
    height=4,
    width=5,
    device="cpu",
    run_id="r1",
)


def test_rows_come_back_exactly(tmp_path):
    with Store(tmp_path, create=True) as store:
        store.add(ROW)
    with Store(tmp_path) as store:
        frame = store.frame()
        assert store.statuses() == {"k1": "ok"}
    (row,) = frame.to_dict("records")
    assert row["sad"] == 1 / 3
    assert math.isnan(row["mse_t"])
    assert row["learned"] is False
    assert metric_columns(frame) == ["sad", "mse_t"]


def test_an_empty_store_gives_an_empty_frame(tmp_path):
    with Store(tmp_path, create=True) as store:
        assert store.frame().empty
        assert store.manifests() == []


def test_a_row_for_the_same_question_replaces_the_older_one(tmp_path):
    """An edited trimap gives a new key; the old answer must not be averaged in as well."""
    with Store(tmp_path, create=True) as store:
        store.add(ROW)
        store.add(replace(ROW, key="k2", metrics={"sad": 2.0}))
        store.add(replace(ROW, key="k3", image="b"))
        frame = store.frame()
    assert list(frame["key"]) == ["k2", "k3"]


def test_the_frame_does_not_depend_on_the_order_of_runs(tmp_path):
    rows = [replace(ROW, key=f"k{i}", image=f"i{i}", variant="BN"[i % 2]) for i in range(6)]
    frames = []
    for name, order in (("one", rows), ("two", rows[::-1])):
        with Store(tmp_path / name, create=True) as store:
            for row in order:
                store.add(row)
            frames.append(store.frame())
    assert frames[0].equals(frames[1])


def test_there_is_nothing_to_open(tmp_path):
    with pytest.raises(StoreError, match="holds no results; make some with p3mbench run --out"):
        Store(tmp_path)


@pytest.mark.parametrize("content", [b"garbage" * 400, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_store_is_refused(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(StoreError, match="cannot be opened as a results store"):
        Store(tmp_path)


def test_a_store_of_another_version_is_refused(tmp_path):
    with Store(tmp_path, create=True):
        pass
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match=r"another version of p3mbench \(schema 99"):
        Store(tmp_path)


def test_another_programs_database_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("CREATE TABLE people (name TEXT)")
    db.close()
    with pytest.raises(StoreError, match="schema 0"):
        Store(tmp_path)


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import ROW
from p3mbench.store import Store
with Store(Path(sys.argv[1]), create=True) as store:
    for i in range(20):
        store.add(replace(ROW, key=f"k{i}", image=f"i{i}"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_loses_no_stored_row(tmp_path, request):
    here = str(request.path.parent)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), here], check=False)
    assert done.returncode == -9
    with Store(tmp_path) as store:
        assert len(store.frame()) == 20


def test_two_writers_share_a_store(tmp_path):
    with Store(tmp_path, create=True) as one, Store(tmp_path, create=True) as two:
        for i in range(10):
            (one, two)[i % 2].add(replace(ROW, key=f"k{i}", image=f"i{i}"))
        one.add(replace(ROW, key="k1", image="i1"))
        assert len(two.frame()) == 10


def test_expected_counts_are_kept(tmp_path):
    with Store(tmp_path, create=True) as store:
        store.begin_run("r1", {"run_id": "r1"}, {("mini", "P"): 24})
        assert store.expected() == {("mini", "P"): 24}
        assert store.manifests() == [{"run_id": "r1"}]


def test_a_store_of_the_first_schema_is_migrated(tmp_path):
    with Store(tmp_path, create=True) as store:
        store.add(ROW)
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        for column in ("parameters", "macs", "peak_mib", "log"):
            db.execute(f"ALTER TABLE rows DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 1")
    db.close()
    with Store(tmp_path) as store:
        frame = store.frame()
        assert len(frame) == 1 and frame["macs"].isna().all()
        store.add(replace(ROW, key="another", image="another", macs=5))
        assert store.frame()["macs"].sum() == 5
