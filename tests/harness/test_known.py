"""What runs again and what counts: edited data, code and libraries; images that come and go.

Rows are made from the plan's tasks, without running anything: the score is the image's number.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.benchmark import get, open_benchmark
from p3mbench.errors import StoreError
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.manifest import begin, remember
from p3mbench.harness.plan import Plan, Task, make_plan
from p3mbench.report.analysis.current import current
from p3mbench.store import FILE_NAME, Row, Store

TOML = """
name = "office"
source = "folder"
variants = ["N"]
[[subsets]]
name = "P"
alpha = "{root}/mask"
original = "{root}/image"
"""


def images(root: Path, **shades: int) -> Path:
    """Small pictures by id, each of one shade."""
    for name, values in (("image", shades), ("mask", dict.fromkeys(shades, 128))):
        (root / name).mkdir(parents=True, exist_ok=True)
        for stem, value in values.items():
            pixels = np.full((70, 70), value, np.uint8)
            pixels[:30] = 255 if name == "mask" else value
            cv2.imwrite(str(root / name / f"{stem}.png"), pixels)
    return root


class Desk:
    """A benchmark of four images, a plugin and a store, to be run again and again."""

    def __init__(self, folder: Path, plugin: str) -> None:
        self.folder = folder
        self.data = images(folder / "office", i1=10, i2=20, i3=30, i4=40)
        self.toml = folder / "office.toml"
        self.toml.write_text(TOML.format(root="office"))
        self.plugin = folder / "grey.py"
        self.plugin.write_text(plugin)
        self.out = folder / "out"
        self.first_schema = ""

    def plan(self, store: Store, names: str = "grey", **asked: object) -> Plan:
        methods, _ = select_methods(names, (self.plugin,))
        asked.setdefault("variants", ("N",))
        request = Request(methods=methods, **asked)  # type: ignore[arg-type]
        return make_plan(open_benchmark(get(str(self.toml)), None), request, store)

    def run(
        self, names: str = "grey", stop: int | None = None, status: str = "ok", **asked: object
    ) -> Plan:
        """Do what a run does, with made-up scores; Ctrl-C after ``stop`` rows."""
        with Store(self.out, create=True) as store:
            plan = self.plan(store, names, **asked)
            remember(store, plan)
            run_id = begin(store, plan, {}, 1)
            store.add_all([row_of(task, run_id, status) for task in list(plan.todo)[:stop]])
        return plan

    def edit(self) -> None:
        self.plugin.write_text(self.plugin.read_text() + "\n# edited\n")

    def counted(self) -> tuple[list[str], str]:
        """Ids of the images in the mean, and the notes."""
        with Store(self.out) as store:
            rows = current(store)
        assert not rows.frame.duplicated(["method", "image"]).any()
        return sorted(rows.frame["image"]), " ".join(rows.notes)


def row_of(task: Task, run_id: str, status: str) -> Row:
    metrics = {"sad": 1.0} if status == "ok" else {}
    return Row(
        key=task.key, image=task.sample.id, status=status, reason="", flags="", metrics=metrics,
        seconds=1.0, height=1, width=1, device="cpu", run_id=run_id, content=task.content,
        **task.cell.columns,
    )  # fmt: skip


def todo(plan: Plan) -> list[str]:
    return sorted(task.sample.id for task in plan.todo)


@pytest.fixture
def desk(tmp_path, plugin_file, first_schema):
    text = plugin_file.read_text()
    plugin_file.unlink()
    made = Desk(tmp_path, text)
    made.first_schema = first_schema
    return made


def test_one_character_runs_exactly_its_rows_again_and_touch_none(desk):
    assert len(todo(desk.run("grey,coarse", images=()))) >= 4
    os.utime(desk.plugin, (1, 1))
    assert todo(desk.run()) == []
    desk.edit()
    with Store(desk.out) as store:
        plan = desk.plan(store)
    assert todo(plan) == ["i1", "i2", "i3", "i4"]
    (note,) = plan.notes
    assert "grey: its code changed since 4 rows were made (grey.py); they run again" in note
    assert "--keep-stale keeps them" in note


def test_rows_of_older_code_are_not_averaged_with_new_ones(desk):
    desk.run()
    desk.edit()
    desk.run(limit=2)
    found, notes = desk.counted()
    assert found == ["i1", "i2"]
    assert "2 rows are left out: they were made by an older grey.py (grey)." in notes
    desk.run()
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")


def test_an_edit_and_ctrl_c_before_the_first_row_leave_the_old_rows(desk):
    desk.run()
    desk.edit()
    desk.run(stop=0)
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")


@pytest.mark.slow
def test_going_back_to_the_old_code_brings_its_rows_back(desk):
    before = desk.plugin.read_text()
    desk.run()
    desk.edit()
    desk.run(status="failed", limit=2)
    assert desk.counted()[0] == ["i1", "i2"]  # failed with the present code
    desk.plugin.write_text(before)
    assert todo(desk.run()) == []
    found, _ = desk.counted()
    assert found == ["i1", "i2", "i3", "i4"]
    with Store(desk.out) as store:
        assert set(current(store).frame["status"]) == {"ok"}


def test_a_version_that_is_raised_runs_again(desk):
    desk.run()
    desk.plugin.write_text(desk.plugin.read_text().replace('citation="nobody"', 'citation="me"'))
    assert todo(desk.run(limit=1)) == ["i1"]
    assert desk.counted()[0] == ["i1"]


def test_kept_rows_are_marked_until_they_are_made_again(desk):
    desk.run()
    desk.edit()
    plan = desk.run(keep_stale=True)
    assert todo(plan) == [] and plan.cells[0].stale == 4
    assert "kept and flagged as stale" in plan.notes[0]
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")
    assert flags_of(desk) == {"stale": 4}
    assert len(todo(desk.run())) == 4
    assert flags_of(desk) == {}


def test_kept_rows_of_code_that_comes_back_lose_their_mark(desk):
    before = desk.plugin.read_text()
    desk.run()
    desk.edit()
    desk.run(keep_stale=True)
    desk.plugin.write_text(before)
    desk.run()
    assert flags_of(desk) == {} and desk.counted()[1] == ""


def flags_of(desk: Desk) -> dict[str, int]:
    with Store(desk.out) as store:
        return dict(Counter(flag for flag in store.frame()["flags"] if flag))


def test_rows_of_edited_data_are_never_kept(desk):
    desk.run()
    images(desk.data, i1=11)
    plan = desk.run(keep_stale=True, stop=0)
    assert todo(plan) == ["i1"]
    found, notes = desk.counted()
    assert found == ["i2", "i3", "i4"]
    assert "1 row is left out: i1 of office P changed since they were made" in notes


@pytest.mark.parametrize("how", ["edited", "touch -r", "swapped", "replaced"])
@pytest.mark.slow
def test_edited_data_and_ctrl_c_leave_no_mixture(desk, how):
    desk.run()
    one, two = (desk.data / "image" / f"i{n}.png" for n in (1, 2))
    stat, changed = one.stat(), ["i1"]
    if how == "swapped":
        one.rename(desk.folder / "aside")
        two.rename(one)
        (desk.folder / "aside").rename(two)
        changed = ["i1", "i2"]
    elif how == "replaced":
        images(desk.folder / "other", i1=99)
        shutil.copystat(one, desk.folder / "other" / "image" / "i1.png")
        (desk.folder / "other" / "image" / "i1.png").replace(one)
    else:
        images(desk.data, i1=99)
        if how == "touch -r":
            os.utime(one, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    plan = desk.run(stop=0)
    assert todo(plan) == changed and "the data changed since" in plan.notes[0]
    assert desk.counted()[0] == [i for i in ("i1", "i2", "i3", "i4") if i not in changed]
    desk.run()
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")


def test_an_image_that_is_renamed_counts_once(desk):
    desk.run()
    for name in ("image", "mask"):
        (desk.data / name / "i3.png").rename(desk.data / name / "j3.png")
    assert todo(desk.run()) == ["j3"]
    found, notes = desk.counted()
    assert found == ["i1", "i2", "i4", "j3"]
    assert "1 row is left out: i3 is no longer in office P." in notes


def test_an_image_that_is_deleted_goes_though_nothing_is_left_to_do(desk):
    desk.run()
    for name in ("image", "mask"):
        (desk.data / name / "i4.png").unlink()
    assert todo(desk.run()) == []
    assert desk.counted()[0] == ["i1", "i2", "i3"]


def test_a_subset_that_grows_keeps_its_rows(desk):
    desk.run()
    images(desk.data, i5=50)
    assert todo(desk.run(limit=3)) == []
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")
    assert todo(desk.run()) == ["i5"]
    assert len(desk.counted()[0]) == 5


def test_images_that_a_run_did_not_look_at_keep_their_rows(desk):
    desk.run()
    desk.run(limit=1)
    desk.run(images=("i2",))
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")


def test_a_subset_that_is_no_longer_asked_for_is_out(desk):
    desk.run()
    desk.toml.write_text(desk.toml.read_text().replace('name = "P"', 'name = "Q"'))
    desk.run()
    with Store(desk.out) as store:
        rows = current(store)
    assert set(rows.frame["subset"]) == {"Q"}
    assert "4 rows are left out: i1, i2, i3, i4 are no longer in office P." in rows.notes


def test_two_benchmarks_of_one_name_do_not_merge(desk):
    desk.run()
    images(desk.folder / "other", k1=1, k2=2)
    desk.toml.write_text(TOML.format(root="other"))
    with pytest.raises(StoreError, match="contains a different benchmark called 'office'"):
        desk.run()
    assert desk.counted()[0] == ["i1", "i2", "i3", "i4"]


def test_two_benchmarks_of_one_name_and_equal_ids_do_not_merge(desk):
    desk.run()
    images(desk.folder / "other", i1=1, i2=2)
    desk.toml.write_text(TOML.format(root="other"))
    with pytest.raises(StoreError, match="change the name in the TOML file"):
        desk.run()


def test_a_benchmark_that_moves_stays_the_same(desk):
    desk.run()
    shutil.copytree(desk.data, desk.folder / "moved")
    desk.toml.write_text(TOML.format(root="moved"))
    assert todo(desk.run()) == []


def test_two_shards_are_one_benchmark(desk):
    with Store(desk.out, create=True):
        pass
    whole = desk.out
    for i in (1, 2):
        desk.out = desk.folder / f"shard{i}"
        assert len(todo(desk.run(shard=(i, 2)))) == 2
    with Store(whole) as store:
        for i in (1, 2):
            with Store(desk.folder / f"shard{i}") as other:
                assert store.merge(other).rows == 2
    desk.out = whole
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")
    assert todo(desk.run()) == []


def test_stores_of_two_benchmarks_of_one_name_are_not_merged(desk):
    desk.run()
    mine, desk.out = desk.out, desk.folder / "theirs"
    images(desk.folder / "other", k1=1, k2=2)
    desk.toml.write_text(TOML.format(root="other"))
    desk.run()
    with (
        Store(mine) as store,
        Store(desk.out) as other,
        pytest.raises(StoreError, match="its benchmark 'office' has other images"),
    ):
        store.merge(other)
    desk.out = mine
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")


def test_an_image_that_a_run_did_not_look_at_is_out_if_it_changed(desk):
    desk.run()
    images(desk.data, i3=99)
    desk.run(limit=1)
    ids, notes = desk.counted()
    assert ids == ["i1", "i2", "i4"] and "i3 of office P changed since" in notes


def blurred(desk: Desk, root: str, *more: str) -> None:
    """Let the benchmark have a variant B at ``root``, and perhaps N."""
    lines = [f'blurred = "{root}/image"', *more]
    text = TOML.format(root=root).replace(f'original = "{root}/image"', "\n".join(lines))
    desk.toml.write_text(text)


def test_a_variant_that_a_run_did_not_look_at_is_out_if_its_alpha_changed(desk):
    """The gap between both would be between two ground truths."""
    blurred(desk, "office", 'original = "office/normal"')
    shutil.copytree(desk.data / "image", desk.data / "normal")
    desk.run(variants=("B",))
    for stem in ("i1", "i2", "i3", "i4"):
        file = str(desk.data / "mask" / f"{stem}.png")
        cv2.imwrite(file, 255 - cv2.imread(file, 0))
    desk.run(variants=("N",))
    with Store(desk.out) as store:
        rows = current(store)
    assert set(rows.frame["variant"]) == {"N"} and len(rows.frame) == 4
    assert "4 rows are left out: i1, i2, i3, i4 of office P changed" in rows.notes[0]


@pytest.mark.parametrize("same", [True, False])
def test_two_benchmarks_of_one_name_without_a_common_variant(desk, same):
    """They are one if the alphas are the same."""
    blurred(desk, "office")
    desk.run(variants=("B",))
    shutil.copytree(desk.data, desk.folder / "other")
    if not same:
        for file in (desk.folder / "other" / "mask").iterdir():
            cv2.imwrite(str(file), 255 - cv2.imread(str(file), 0))
    desk.toml.write_text(TOML.format(root="other"))
    if same:
        assert len(todo(desk.run())) == 4
        return
    with pytest.raises(StoreError, match="contains a different benchmark called 'office'"):
        desk.run()


@pytest.mark.parametrize("newer", ["mine", "theirs"])
def test_a_merge_takes_the_size_that_was_seen_last(desk, newer):
    small, large = desk.folder / "small", desk.folder / "large"
    desk.out = large
    desk.run()
    for name in ("image", "mask"):
        (desk.data / name / "i4.png").unlink()
    desk.out = small
    desk.run()
    into, other_one = (small, large) if newer == "mine" else (large, small)
    with Store(into) as store, Store(other_one) as other:
        store.merge(other)
        assert store.expected() == {("office", "P"): 3}


def test_a_merge_knows_what_the_newer_store_saw(desk):
    desk.run()
    mine, desk.out = desk.out, desk.folder / "theirs"
    for name in ("image", "mask"):
        (desk.data / name / "i4.png").unlink()
    desk.run(limit=1)
    with Store(mine) as store, Store(desk.out) as other:
        assert store.merge(other).rows == 0
    desk.out = mine
    assert desk.counted()[0] == ["i1", "i2", "i3"]


def test_a_failure_with_new_code_leaves_the_score_and_is_told(desk):
    desk.run()
    desk.edit()
    desk.run(status="failed")
    with Store(desk.out) as store:
        assert Counter(store.frame()["status"]) == {"ok": 4, "failed": 4}
        assert set(current(store).frame["status"]) == {"failed"}
    assert desk.plan(Store(desk.out)).cells[0].failed == 4
    assert len(todo(desk.run(retry_failed=True))) == 4
    with Store(desk.out) as store:
        assert Counter(store.frame()["status"]) == {"ok": 4}


def test_the_manifest_says_which_code_and_where_the_data_is(desk):
    desk.run()
    (manifest,) = json.loads((desk.out / "manifest.json").read_text())
    grey = manifest["methods"]["grey"]
    assert set(grey["code"]["files"]) >= {"grey.py", "p3mbench.method"}
    assert len(grey["code"]["sha256"]) == 64 and "numpy" in grey["libraries"]


LATER = """
ALTER TABLE rows ADD COLUMN parameters INTEGER;
ALTER TABLE rows ADD COLUMN macs INTEGER;
ALTER TABLE rows ADD COLUMN peak_mib REAL;
ALTER TABLE rows ADD COLUMN log TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 3;
"""


def old_store(desk: Desk) -> None:
    """The store that version 94c99ff would have written of the desk's four images."""
    from p3mbench.harness.known import keys_of
    from p3mbench.metrics import METRICS_VERSION
    from p3mbench.rows import values_of

    with Store(desk.out, create=True) as store:
        tasks = list(desk.plan(store).todo)
    shutil.rmtree(desk.out)
    desk.out.mkdir()
    with sqlite3.connect(desk.out / FILE_NAME) as db:
        db.executescript(desk.first_schema + LATER)
        columns = [row[1] for row in db.execute("PRAGMA table_info(rows)")]
        for task in tasks:
            recipe = {
                role: digest
                for role, (_, digest) in zip(("image", "alpha"), task.files, strict=True)
            }
            keys = keys_of(task.cell.columns, (1, METRICS_VERSION))
            key = keys.before(task.sample.id, recipe)
            values = values_of(replace(row_of(task, "20260101T000000-abcdef", "ok"), key=key))
            marks = ", ".join(f":{name}" for name in columns)
            db.execute(f"INSERT INTO rows VALUES ({marks})", values)  # noqa: S608
        methods = {"grey": {k: values[k] for k in ("method", "strategy", "options")}}
        manifest = {"options": {"save_alphas": True}, "methods": methods}
        db.execute("INSERT INTO runs VALUES ('20260101T000000-abcdef', ?)", (json.dumps(manifest),))
    db.close()


def test_a_store_of_the_last_version_is_reported_and_continued(desk):
    old_store(desk)
    assert desk.counted() == (["i1", "i2", "i3", "i4"], "")
    assert flags_of(desk) == {"code_unknown": 4}
    plan = desk.run()
    assert todo(plan) == []
    assert "4 rows were stored by a version of p3mbench that did not record code" in plan.notes[0]
    assert flags_of(desk) == {"code_unknown": 4}
    assert desk.run().notes == ()  # said once
    desk.edit()  # from now on the code is known
    assert len(todo(desk.run(limit=2))) == 2
    assert desk.counted()[0] == ["i1", "i2"]


def test_old_rows_of_edited_data_run_again(desk):
    old_store(desk)
    images(desk.data, i2=21)
    plan = desk.run()
    assert todo(plan) == ["i2"]
    assert desk.counted()[0] == ["i1", "i2", "i3", "i4"]
    assert flags_of(desk) == {"code_unknown": 3}


def test_old_mattes_belong_to_rows_that_alone_can_have_written_them(desk):
    old_store(desk)
    with Store(desk.out) as store:
        assert store.frame()["matte"].tolist()[0] == "grey/P-N/i1.png"


def test_old_mattes_that_two_rows_may_have_written_belong_to_none(desk):
    old_store(desk)
    with sqlite3.connect(desk.out / FILE_NAME) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(rows)")]
        listed = ", ".join("'kernel-3'" if n == "trimap_source" else "key || 'x'" if n == "key"
                           else n for n in names)  # fmt: skip
        db.execute(f"INSERT INTO rows SELECT {listed} FROM rows")  # noqa: S608
    db.close()
    with Store(desk.out) as store:
        assert set(store.frame()["matte"]) == {""}


def test_a_variant_that_is_named_and_nowhere_to_be_had_is_lacking(desk):
    plan = desk.run(variants=("B", "N"))
    assert not plan.lacks(["grey"]) and not plan.lacks(["grey"], ["N"])
    assert plan.lacks(["grey"], ["B", "N"])
