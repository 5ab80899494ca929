"""Scores from elsewhere: what is read, what is refused, and that nothing measured is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p3mbench.errors import DataError, P3MBenchError, StoreError
from p3mbench.ingest import Defaults, import_file
from p3mbench.store import Row, Store

P3M = Defaults(convention="p3m")
HEADER = "method,image,variant,train_setting,sad,mse"
GOOD = f"{HEADER}\na,one,B,B,1.5,0.25\na,one,N,B,2.5,\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "scores.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_rows_are_stored_raw_and_flagged(tmp_path: Path) -> None:
    with Store(tmp_path / "out", create=True) as store:
        assert import_file(written(tmp_path, "\ufeff" + GOOD), store, P3M) == 2
        frame = store.frame()
        assert frame["sad"].tolist() == [1.5, 2.5] and frame["mse"].isna().tolist() == [False, True]
        assert set(frame["flags"]) == {"imported"} and set(frame["benchmark"]) == {"p3m500"}
        manifest = store.manifests()[-1]
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
        ("", "header and no line"),
        (HEADER, "header and no line"),
        ("method,image\na,b\n", "lacks variant, train_setting"),
        ("method,image,variant,train_setting\n", "names no metric such as sad"),
        (f"{HEADER},sad\n", "names 'sad' twice"),
        (f"{HEADER},my score\n", "not 'my score'"),
        (f"{HEADER}\na,one,B,B,1\n", "line 2: has 5 fields, the header has 6"),
        (f"{HEADER}\na,one,X,B,1,1\n", "variant must be one of B, N, not 'X'"),
        (f"{HEADER}\na,one,B,Q,1,1\n", "train_setting must be one of"),
        (f"{HEADER}\na,,B,B,1,1\n", "image is empty"),
        (f"{HEADER}\na,one,B,B,bad,1\n", "sad is not a number: 'bad'"),
        (f"{HEADER}\na,one,B,B,inf,1\n", "sad must be finite"),
        (f"{HEADER}\na,one,B,B,-1,1\n", "not negative"),
        (f"{HEADER}\na,one,B,B,,\n", "has no score"),
        (f"{HEADER}\na,one,B,B,1,1\na,one,B,B,2,2\n", "stands there twice"),
        (f'{HEADER}\na,"one,B,B,1,1\n', "is not CSV"),
        (f"{HEADER},height\na,one,B,B,1,1,2.5\n", "height must be a whole number"),
        (f"{HEADER},options\na,one,B,B,1,1,[]\n", "options must be a JSON object"),
        (f"{HEADER},convention\na,one,B,B,1,1,mine\n", "convention must be one of"),
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
        assert store.frame().empty and store.manifests() == []


def test_a_convention_is_never_guessed(tmp_path: Path) -> None:
    with (
        Store(tmp_path / "out", create=True) as store,
        pytest.raises(DataError, match="none is given: use --convention"),
    ):
        import_file(written(tmp_path, GOOD), store, Defaults())


def test_a_failed_image_needs_no_score(tmp_path: Path) -> None:
    text = f"{HEADER},status\na,one,B,B,,,failed\na,two,B,B,1,1,\n"
    with Store(tmp_path / "out", create=True) as store:
        import_file(written(tmp_path, text), store, P3M)
        assert store.frame()["status"].tolist() == ["failed", "ok"]


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
