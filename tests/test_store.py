from __future__ import annotations

import math
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from p3mbench.errors import DataError, StoreError
from p3mbench.rows import values_of
from p3mbench.runs import RunRecord
from p3mbench.store import FILE_NAME, Row, Store, metric_columns
from p3mbench.writing import write_bytes

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
        assert store.runs() == []


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
    with pytest.raises(StoreError, match="contains no results; make some with p3mbench run --out"):
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


def test_a_writer_killed_within_a_commit_loses_no_stored_row(tmp_path):
    """Its journal lies beside the store, and the next reader rolls it back."""
    with Store(tmp_path / "own", create=True) as store:
        store.add(ROW)
    db = sqlite3.connect(tmp_path / "own" / FILE_NAME, isolation_level=None)
    db.execute("PRAGMA cache_size = 1")  # so that pages reach the file before the commit
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE rows SET log = ?, key = 'k2'", ("x" * 100_000,))
    shutil.copytree(tmp_path / "own", tmp_path / "left")
    db.close()
    assert (tmp_path / "left" / f"{FILE_NAME}-journal").stat().st_size
    with Store(tmp_path / "left") as store:
        assert store.statuses() == {"k1": "ok"}


def test_two_writers_share_a_store(tmp_path):
    with Store(tmp_path, create=True) as one, Store(tmp_path, create=True) as two:
        for i in range(10):
            (one, two)[i % 2].add(replace(ROW, key=f"k{i}", image=f"i{i}"))
        one.add(replace(ROW, key="k1", image="i1"))
        assert len(two.frame()) == 10


def test_expected_counts_are_kept(tmp_path):
    with Store(tmp_path, create=True) as store:
        store.begin_run(RunRecord.of({"run_id": "r1"}), {("mini", "P"): 24})
        assert store.expected() == {("mini", "P"): 24}
        assert [run.to_json() for run in store.runs()] == [{"run_id": "r1"}]


def test_a_store_of_the_first_schema_is_migrated(tmp_path, first_schema):
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.executescript(first_schema)
        names = [row[1] for row in db.execute("PRAGMA table_info(rows)")]
        marks = ", ".join(f":{name}" for name in names)
        db.execute(f"INSERT INTO rows VALUES ({marks})", values_of(ROW))  # noqa: S608
        imported = values_of(replace(ROW, key="k2", image="b", flags="imported"))
        db.execute(f"INSERT INTO rows VALUES ({marks})", imported)  # noqa: S608
    db.close()
    with Store(tmp_path) as store:
        frame = store.frame()
        assert len(frame) == 2 and frame["macs"].isna().all()
        assert frame["flags"].tolist() == ["code_unknown", "imported"]
        store.add(replace(ROW, key="another", image="another", macs=5))
        assert store.frame()["macs"].sum() == 5


def statuses(store: Store) -> dict[str, str]:
    return dict(sorted(store.statuses().items()))


@pytest.mark.parametrize("status", ["failed", "timeout", "oom", "skipped"])
def test_a_failure_never_takes_the_place_of_a_score(tmp_path, status):
    late = replace(ROW, status=status, metrics={})
    with Store(tmp_path, create=True) as store:
        store.add(ROW)
        assert store.add_all([late]) == {"kept": 1}  # two runs at once
        assert statuses(store) == {"k1": "ok"}
        assert store.add_all([replace(late, key="k2")]) == {"new": 1}  # other code
        assert statuses(store) == {"k1": "ok", "k2": status}
        assert store.add_all([replace(late, key="k3")]) == {"equal": 1}
        assert statuses(store) == {"k1": "ok", "k3": status}
        assert store.add_all([replace(ROW, key="k3")]) == {"equal": 1}
        assert statuses(store) == {"k3": "ok"}


def test_rows_that_come_again_are_counted(tmp_path):
    with Store(tmp_path, create=True) as store:
        assert store.add_all([ROW, replace(ROW, key="b", image="b")]) == {"new": 2}
        changed = replace(ROW, key="k2", metrics={"sad": 3.0})
        assert store.add_all([changed, replace(ROW, key="b", image="b")]) == {
            "replaced": 1,
            "equal": 1,
        }


def test_a_matte_goes_with_its_row(tmp_path):
    with Store(tmp_path, create=True) as store:
        for name in ("one", "two"):
            write_bytes(tmp_path / "alphas" / "mini" / f"{name}.png", b"x")
        store.add(replace(ROW, matte="mini/one.png"))
        assert store.with_mattes() == {"k1"}
        store.add(replace(ROW, key="k2", matte="mini/two.png"))
        assert store.with_mattes() == {"k2"}
    assert [path.name for path in (tmp_path / "alphas").rglob("*.png")] == ["two.png"]


def test_a_row_cannot_name_a_file_outside_its_store(tmp_path):
    precious = tmp_path / "precious.png"
    precious.write_bytes(b"x")
    with Store(tmp_path / "store", create=True) as store:
        store.add(replace(ROW, matte="../../precious.png"))
        assert store.with_mattes() == set()
        store.add(replace(ROW, key="k2"))
    assert precious.exists()


def filled(folder: Path, *rows: Row) -> Path:
    with Store(folder, create=True) as store:
        store.add_all(list(rows) or [ROW])
    return folder


@pytest.mark.parametrize(
    ("mine", "theirs", "taken", "left"),
    [
        ("ok", "failed", 0, "ok"),
        ("failed", "ok", 1, "ok"),
        ("failed", "failed", 0, "failed"),
        ("ok", "ok", 0, "ok"),
    ],
)
def test_a_merge_takes_scores_for_failures_and_never_the_reverse(
    tmp_path, mine, theirs, taken, left
):
    here = filled(tmp_path / "a", replace(ROW, status=mine))
    there = filled(tmp_path / "b", replace(ROW, status=theirs))
    with Store(here) as store, Store(there) as other:
        assert store.merge(other).rows == taken
        assert store.statuses() == {"k1": left}


def test_a_merge_keeps_the_score_and_leaves_a_failure_of_other_code(tmp_path):
    here = filled(tmp_path / "a")
    there = filled(tmp_path / "b", replace(ROW, key="k2", status="failed"))
    with Store(here) as store, Store(there) as other:
        assert store.merge(other).rows == 0
        assert store.statuses() == {"k1": "ok"}


def test_a_merge_of_other_inputs_is_refused(tmp_path):
    here, there = filled(tmp_path / "a"), filled(tmp_path / "b", replace(ROW, key="k2"))
    with (
        Store(here) as store,
        Store(there) as other,
        pytest.raises(StoreError, match="made from other data, code or libraries"),
    ):
        store.merge(other)


@pytest.mark.parametrize("where", ["file", "folder", "alphas"])
def test_a_merge_follows_no_link(tmp_path, where):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "one.png").write_bytes(b"secret")
    there = filled(tmp_path / "b", replace(ROW, matte="mini/one.png"))
    (there / "alphas" / "mini").mkdir(parents=True)
    links = {
        "file": (there / "alphas" / "mini" / "one.png", secret / "one.png"),
        "folder": (there / "alphas" / "mini", secret),
        "alphas": (there / "alphas", secret),
    }
    link, target = links[where]
    if link.is_dir():
        shutil.rmtree(link)
    link.symlink_to(target)
    if where == "alphas":
        (secret / "mini").mkdir()
        (secret / "mini" / "one.png").write_bytes(b"secret")
    with (
        Store(tmp_path / "a", create=True) as store,
        Store(there) as other,
        pytest.raises(DataError, match="is a symbolic link or below one"),
    ):
        store.merge(other)
    assert not (tmp_path / "a" / "alphas").exists()


def test_a_merged_matte_has_its_rows_key(tmp_path):
    there = filled(tmp_path / "b", replace(ROW, key="0123456789abcdef", matte="coarse/P-B/a.png"))
    write_bytes(there / "alphas" / "coarse" / "P-B" / "a.png", b"matte")
    with Store(tmp_path / "a", create=True) as store, Store(there) as other:
        assert store.merge(other).mattes == 1
        assert store.frame()["matte"].tolist() == ["coarse/P-B/a--0123456789ab.png"]
        assert store.with_mattes() == {"0123456789abcdef"}


@pytest.mark.parametrize("cut", [1, 100, 4096, 5000])
def test_a_store_that_is_cut_is_one_line(tmp_path, cut):
    filled(tmp_path, *(replace(ROW, key=f"k{i}", image=f"i{i}") for i in range(300)))
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(StoreError, match=r"store\.sqlite: (is truncated|cannot be opened)"):
        Store(tmp_path)


def test_a_store_damaged_in_the_middle_is_one_line(tmp_path):
    filled(tmp_path, *(replace(ROW, key=f"k{i}", image=f"i{i}") for i in range(300)))
    path = tmp_path / FILE_NAME
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xff" * (len(content) - 8192 - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"), Store(tmp_path) as store:
        store.frame()


def test_a_full_disk_is_said_and_nothing_stored_before_is_lost(tmp_path):
    filled(tmp_path)
    with Store(tmp_path) as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")  # as a full disk does
        many = [replace(ROW, key=f"k{i}", image=f"i{i}", log="x" * 3000) for i in range(50)]
        with pytest.raises(StoreError, match=r"50 rows: the disk is full.* make room"):
            store.add_all(many)
        assert store.statuses() == {"k1": "ok"}
    with Store(tmp_path) as store:
        assert store.statuses() == {"k1": "ok"}


def test_a_store_in_use_is_said(tmp_path):
    filled(tmp_path)
    with Store(tmp_path) as one, Store(tmp_path) as two:
        two._db.execute("PRAGMA busy_timeout = 1")
        one._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is in use by another process"):
            two.add(replace(ROW, key="k2", image="b"))


def test_a_store_can_be_read_where_it_cannot_be_written(tmp_path):
    filled(tmp_path)
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA query_only = ON")
        assert len(store.frame()) == 1
        with pytest.raises(StoreError, match="cannot be written"):
            store.add(replace(ROW, key="k2", image="b"))
