"""Rows from elsewhere are stored all or none, and nothing measured is lost."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from files import GOOD, HEADER, P3M, imported, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p3mbench.cli import main
from p3mbench.errors import DataError, P3MBenchError, StoreError
from p3mbench.ingest import import_file
from p3mbench.store import Row, Store


def test_rows_are_stored_raw_and_flagged(tmp_path: Path) -> None:
    with Store(tmp_path / "out", create=True) as store:
        assert import_file(written(tmp_path, "\ufeff" + GOOD), store, P3M).new == 2
        frame = store.frame()
        assert frame["sad"].tolist() == [1.5, 2.5] and frame["mse"].isna().tolist() == [False, True]
        assert set(frame["flags"]) == {"imported"} and set(frame["benchmark"]) == {"p3m500"}
        manifest = store.runs()[-1].to_json()
        assert manifest["imported"]["rows"] == 2 and len(manifest["imported"]["sha256"]) == 64


def test_again_replaces_imported_rows_only(tmp_path: Path) -> None:
    with Store(tmp_path / "out", create=True) as store:
        import_file(written(tmp_path, GOOD), store, P3M)
        import_file(written(tmp_path, GOOD.replace("1.5", "9")), store, P3M)
        assert store.frame()["sad"].tolist() == [9.0, 2.5]
        measured = {**vars(_a_row(store)), "flags": "", "metrics": {"sad": 4.0}}
        store.add(Row(**measured))
        with pytest.raises(StoreError, match="imported scores do not replace measured ones"):
            import_file(written(tmp_path, GOOD), store, P3M)
        assert store.frame()["sad"].tolist() == [4.0, 2.5]


def _a_row(store: Store) -> Row:
    record = store.frame().iloc[0].to_dict()
    names = Row.__dataclass_fields__
    found = {k: v for k, v in record.items() if k in names}
    numbers = ("seconds", "height", "width", "parameters", "macs", "peak_mib")
    return Row(**{**found, **dict.fromkeys(numbers), "metrics": {}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no header and no line"),
        (HEADER, "header and no line"),
        ("method,image,sad\na,b,1\n", "lacks variant, train_setting"),
        ("method,image\na,b\n", "names no metric such as sad"),
        ("method,image,variant,train_setting\n", "names no metric such as sad"),
        (f"{HEADER},sad\n", "names 'sad' twice"),
        (f"{HEADER}\na,one,B,B,1\n", "line 2: has 5 fields, the header has 6"),
        (f"{HEADER}\na,one,X,B,1,1\n", "'X' is not a test variant"),
        (f"{HEADER}\na,one,B,Q,1,1\n", "'Q' is not a train setting"),
        (f"{HEADER}\na,,B,B,1,1\n", "image is empty"),
        (f"{HEADER}\na,one,B,B,bad,1\n", "sad is not a number: 'bad'"),
        (f"{HEADER}\na,one,B,B,inf,1\n", "sad must be finite"),
        (f"{HEADER}\na,one,B,B,-1,1\n", "not negative"),
        (f"{HEADER}\na,one,B,B,,\n", "has no score"),
        (f"{HEADER}\na,one,B,B,1,1\na,one,B,B,2,1\n", "lines 2 and 3: a on image one"),
        (f'{HEADER}\na,"one,B,B,1,1\n', "is not CSV"),
        (f"{HEADER},height\na,one,B,B,1,1,2.5\n", "height must be a whole number"),
        (f"{HEADER},options\na,one,B,B,1,1,[]\n", "options must be a JSON object"),
        (f"{HEADER},convention\na,one,B,B,1,1,mine\nb,one,B,B,1,1,p3m\n", "several values of con"),
        (b"\xff\xfe\x00", "is not text in UTF-8"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_stored(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    with Store(tmp_path / "out", create=True) as store:
        with pytest.raises(DataError, match="scores.csv") as error:
            import_file(written(tmp_path, text), store, P3M)
        assert words in str(error.value) and "\n" not in str(error.value)
        assert store.frame().empty and store.runs() == []


@pytest.mark.slow
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}".encode()),
        st.lists(st.sampled_from([*HEADER.split(","), "B", "1", "nan", '"', "\n", "\0"])).map(
            lambda parts: ",".join(parts).encode()
        ),
    )
)
def test_whatever_the_file_holds_it_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    with Store(tmp_path / "out", create=True) as store:
        try:
            import_file(written(tmp_path, content), store, P3M)
        except P3MBenchError as error:
            assert "\n" not in str(error).strip()


def test_new_replaced_and_equal_rows_are_counted(tmp_path: Path) -> None:
    first = "image,sad,mse\na,1,0.1\nb,2,0.2\nc,3,0.3\n"
    _, outcome = imported(tmp_path, first)
    assert (outcome.new, outcome.replaced, outcome.equal) == (3, 0, 0)
    _, outcome = imported(tmp_path, first.replace("b,2", "b,9") + "d,4,0.4\n")
    assert (outcome.new, outcome.replaced, outcome.equal, outcome.rows) == (1, 1, 2, 4)
    frame, outcome = imported(tmp_path, first)
    assert (outcome.new, outcome.replaced, outcome.equal) == (0, 1, 2)
    assert frame["sad"].tolist() == [1, 2, 3, 4]


def test_what_evaluate_writes_is_imported_with_method_and_setting(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for folder in ("pred", "P3M-500-NP/mask", "mine"):
        (tmp_path / folder).mkdir(parents=True)
        for i in range(3):
            cv2.imwrite(str(tmp_path / folder / f"p_{i}.png"),
                        random.integers(0, 256, (20, 30)).astype(np.uint8))  # fmt: skip
    run = CliRunner().invoke
    for gt, benchmark, subset in (("P3M-500-NP/mask", "p3m500", "NP"), ("mine", "mine", "all")):
        csv, out = tmp_path / f"{benchmark}.csv", tmp_path / benchmark
        scored = run(main, ["evaluate", str(tmp_path / "pred"), str(tmp_path / gt), "--jobs", "1",
                            "--format", "csv", "--out", str(csv)])  # fmt: skip
        assert scored.exit_code == 0, scored.output
        done = run(main, ["import", str(csv), "--method", "mine", "--setting", "B:N",
                          "--out", str(out)])  # fmt: skip
        assert done.exit_code == 0, done.output
        with Store(out) as store:
            frame = store.frame()
        assert set(frame["benchmark"]) == {benchmark} and set(frame["subset"]) == {subset}
        assert set(frame["variant"]) == {"N"} and set(frame["convention"]) == {"p3m"}
        assert len(frame) == 3 and frame["sad"].notna().all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image;sad;mse\na;1,5;0.2\n", "decimal comma where others have a decimal point"),
        ("image,sad,mse\na,1,5,0,2\n", "separate the columns by semicolons"),
        ('image,sad\na,"1,234"\n', "may mean thousands or decimals"),
        ("image,sad\na,8_7.3\n", "is not a number: '8_7.3'"),
        ("image,sad\nMODNet,\na,1\n", "a heading between lines must go"),
        ("image,sad,mad\na,1,12.5\n", "probably multiplied by 1000"),
        ("image,sad,mse,mad\na,1,2.5,0.001\n", "line 2 (a): mse is 2.5"),
        ("image,sad,mse,mad\na,1,2.5,0.001\nb,1,2.5,0.001\n", "and 1 more lines"),
        ("image,sad\np_1.png,1\np_1.jpg,2\n", "lines 2 and 3"),
        ("image,sad\np_1,1\np_1,1\n", "lines 2 and 3"),
        ("image,sad\n..,1\n", "begins with a dot"),
        ("image,sad\na\x1bb,1\n", "it contains the character"),
        ('{"images": []}', "is JSON"),
        ("<html></html>", "web page"),
        (b"PK\x03\x04xlsx", "spreadsheet"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(DataError) as caught:
        imported(tmp_path, text)
    assert words in str(caught.value) and "\n" not in str(caught.value)
