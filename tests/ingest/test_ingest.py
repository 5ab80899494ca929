"""Scores from elsewhere: what is read, what is refused, and that nothing measured is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p3mbench.cli import main
from p3mbench.errors import DataError, P3MBenchError, StoreError
from p3mbench.ingest import Defaults, import_file
from p3mbench.ingest.rows import is_summary
from p3mbench.store import Row, Store

P3M = Defaults(convention="p3m", subset="P")
HEADER = "method,image,variant,train_setting,sad,mse"
GOOD = f"{HEADER}\na,one,B,B,1.5,0.00025\na,one,N,B,2.5,\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "scores.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


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
        (f"{HEADER}\na,one,X,B,1,1\n", "'X' is no test variant"),
        (f"{HEADER}\na,one,B,Q,1,1\n", "'Q' is no train setting"),
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


def test_a_convention_is_never_guessed(tmp_path: Path) -> None:
    with (
        Store(tmp_path / "out", create=True) as store,
        pytest.raises(DataError, match="none is given: use --convention"),
    ):
        import_file(written(tmp_path, GOOD), store, Defaults(subset="P"))


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


ANY = Defaults(method="m", setting="B:N", subset="P", convention="p3m")


def imported(tmp_path: Path, text: str | bytes, said: Defaults = ANY):
    """The frame of a fresh store that took a file, and the outcome."""
    with Store(tmp_path / "fresh", create=True) as store:
        outcome = import_file(written(tmp_path, text), store, said)
        return store.frame(), outcome


@pytest.mark.parametrize(
    "name",
    ["mean", "Mean", "Average", "AVG.", "total", "ALL", "std", "Sum:", "mean of 3",
     "Mean (3 images)", "平均", "合計", "Mittelwert", "moyenne", "median", "overall", "Std Dev",
     "Mean ± std", "Ø", "Média", "Gemiddelde", "среднее значение", "均值 (5张)", "5 images",
     "Mean on P3M-500-P", "P3M-500 mean", "mean_all", "Średnia", "avg_NP", "**Average**"],
)  # fmt: skip
def test_a_line_that_sums_up_is_left_out_and_said(tmp_path: Path, name: str) -> None:
    frame, outcome = imported(tmp_path, f"image,sad,mse\na,1,0.1\nb,2,0.2\n{name},1.7,0.3\n")
    assert frame["image"].tolist() == ["a", "b"]
    assert any("left out what is no image" in note and name in note for note in outcome.notes)
    with pytest.raises(DataError, match="--strict"):
        imported(tmp_path, f"image,sad\na,1\n{name},1\n", replace(ANY, strict=True))


@pytest.mark.parametrize("name", ["Ergebnis", "zusammen", "m", "00-P3M"])
@pytest.mark.parametrize("what", ["mean", "sum"])
@pytest.mark.parametrize("first", [True, False])
def test_a_line_that_is_the_others_mean_is_known_by_its_numbers(
    tmp_path: Path, name: str, what: str, first: bool
) -> None:
    values = [(1.25, 0.013), (2.5, 0.022), (7.75, 0.031), (3.1, 0.012), (0.9, 0.017)]
    parts = 1 if what == "sum" else len(values)
    sums = [sum(column) / parts for column in zip(*values, strict=True)]
    lines = [f"p_{i},{sad},{mse}" for i, (sad, mse) in enumerate(values)]
    lines.insert(0 if first else len(lines), f"{name},{sums[0]:.2f},{sums[1]:.4f}")
    frame, outcome = imported(tmp_path, "image,sad,mse\n" + "\n".join(lines))
    assert len(frame) == 5 and name not in set(frame["image"])
    assert any(f"is the {what} of the 5 lines" in note for note in outcome.notes)


@pytest.mark.parametrize("first", [True, False])
def test_a_mean_with_a_deviation_beyond_it_takes_it_along(tmp_path: Path, first: bool) -> None:
    values = [8.7312, 5.12, 6.33, 3.21, 4.11]
    lines = [f"p_{i},{value}" for i, value in enumerate(values)]
    beyond = ["x1,5.50024", "x2,2.135"]
    lines = [*reversed(beyond), *lines] if first else [*lines, *beyond]
    frame, outcome = imported(tmp_path, "image,sad\n" + "\n".join(lines))
    assert sorted(frame["sad"]) == sorted(values)
    assert any("'x1' (and 1 beyond it) is the mean of the 5" in note for note in outcome.notes)


def test_a_mean_amid_the_lines_is_known_where_its_digits_leave_no_doubt(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.gamma(2, 4, 40).round(6)
    lines = [f"p_{i},{value:.6f}" for i, value in enumerate(values)]
    lines.insert(17, f"p_x,{values.mean():.6f}")
    frame, _ = imported(tmp_path, "image,sad\n" + "\n".join(lines))
    assert len(frame) == 40 and "p_x" not in set(frame["image"])
    coarse = [f"p_{i},{value:.1f}" for i, value in enumerate(values)]
    coarse.insert(17, f"p_x,{values.mean():.1f}")
    assert len(imported(tmp_path, "image,sad\n" + "\n".join(coarse))[0]) == 41


def test_a_name_unlike_the_others_is_flagged_and_said(tmp_path: Path) -> None:
    lines = "".join(f"p_{i},{i + 1}.5\n" for i in range(5))
    frame, outcome = imported(tmp_path, f"image,sad\n{lines}Results,9.25\n")
    odd = frame[frame["flags"].str.contains("odd_scores")]
    assert odd["image"].tolist() == ["Results"]
    assert "'Results' is named unlike the other images" in outcome.notes[0]


def test_scores_of_both_variants_side_by_side_are_refused(tmp_path: Path) -> None:
    """SAD-B alone is SAD over the boundary."""
    for header in ("image,SAD_B,SAD_N", "image,SAD (B),SAD (N)", "image,sad,MSE-B,MSE-N"):
        row = "a," + ",".join("1" for _ in header.split(",")[1:])
        with pytest.raises(DataError, match="looks like scores of the variant N"):
            imported(tmp_path, f"{header}\n{row}\n")
    assert imported(tmp_path, "image,SAD-B\na,1\n")[0]["sad_boundary"].tolist() == [1]


@pytest.mark.parametrize(
    ("subset", "variant", "train"),
    [("P3M-500-NP", "original", "blurred"), ("np", "n", "b"), ("p3m_500_np", "Normal", "B")],
)
def test_other_spellings_of_subsets_and_variants_are_known(
    tmp_path: Path, subset: str, variant: str, train: str
) -> None:
    text = f"method,image,subset,variant,train_setting,sad\nm,a,{subset},{variant},{train},1\n"
    with Store(tmp_path / "out", create=True) as store:
        import_file(written(tmp_path, text), store, Defaults(convention="p3m"))
        row = store.frame().iloc[0]
    assert (row["subset"], row["variant"], row["train_setting"]) == ("NP", "N", "B")


def test_alike_lines_are_no_means_of_each_other(tmp_path: Path) -> None:
    text = "image,sad,mse\n" + "".join(f"p{i},1,0.5\n" for i in range(6))
    assert len(imported(tmp_path, text)[0]) == 6


@pytest.mark.parametrize(
    "name", ["allan", "meanwhile", "total_recall", "p_mean_1", "sumo", "max_01", "n_1"]
)
def test_names_that_only_look_like_sums_stay(tmp_path: Path, name: str) -> None:
    frame, _ = imported(tmp_path, f"image,sad,mse\na,1,0.1\n{name},2,0.2\n")
    assert name in set(frame["image"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("image;SAD;MSE\na;1,5;0,25\n", [1.5, 0.25]),
        ("image\tSAD\tMSE\na\t1.5\t0.25\n", [1.5, 0.25]),
        ("image\tSAD\tMSE\na\t1,5\t0,25\n", [1.5, 0.25]),
        ("image|sad|mse\na|1.5|0.25\n", [1.5, 0.25]),
        ("| Image | SAD ↓ | MSE |\n| --- | ---: | :-: |\n| a | **1.5** | 0.25 |\n", [1.5, 0.25]),
        ("Image | SAD | MSE\n--- | --- | ---\na | 1.5 | 0.25\n", [1.5, 0.25]),
        ('image,SAD,MSE\na,"1,5","0,25"\n', [1.5, 0.25]),
        ("Bild;SAD;MSE ($\\times 10^{-3}$)\na;1,5;250\n", [1.5, 0.25]),
        ("图像,SAD,MSE (‰)\na,1.5,250\n", [1.5, 0.25]),
        ('image,sad,mse\n"a",1.5,0.25\n', [1.5, 0.25]),
        ("sep=;\nimage;sad;mse\na;1,5;0,25\n", [1.5, 0.25]),
        (",image,sad,mse\n0,a,1.5,0.25\n", [1.5, 0.25]),
        ("Unnamed: 0,image,sad,mse\n0,a,1.5,0.25\n", [1.5, 0.25]),
        (",sad,mse\na,1.5,0.25\n", [1.5, 0.25]),
        ("# by our script\nimage,sad,mse\n\na,1.5,0.25\n,,\n", [1.5, 0.25]),
        ("image,sad,mse\na,1.5,0.25\nimage,sad,mse\n", [1.5, 0.25]),
        ("filename,SAD,MSE (1e-3)\na.png,1.5,250\n", [1.5, 0.25]),
        ("Image,SAD/1000,MSE x1000\na.png,1.5,250\n", [1.5, 0.25]),
        ("image,sad,mse\r\na,1.5,2.5e-1\r\n", [1.5, 0.25]),
        ("image,sad,mse\n'=a,1.5,0.25\n".replace("'=a", "a"), [1.5, 0.25]),
        ("image,sad,mse\na,1.5,0.25\n".encode("utf-16"), [1.5, 0.25]),
        ("dir/x,image,sad,mse\n1,blurred_image/a.jpg,1.5,0.25\n", [1.5, 0.25]),
    ],
)
def test_tables_as_others_write_them(
    tmp_path: Path, text: str | bytes, values: list[float]
) -> None:
    frame, _ = imported(tmp_path, text)
    assert frame["image"].tolist() == ["a"]
    assert [frame["sad"][0], frame["mse"][0]] == values


def test_a_unit_is_of_the_convention_that_has_it(tmp_path: Path) -> None:
    """RVM multiplies MSE by 1000 itself: what stands under (1e-3) is its raw value."""
    frame, _ = imported(tmp_path, "image,MSE (1e-3)\na,2.5\n", replace(ANY, convention="rvm"))
    assert frame["mse"].tolist() == [2.5]


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
        ("image,sad\na\x1bb,1\n", "it holds the character"),
        ('{"images": []}', "is JSON"),
        ("<html></html>", "web page"),
        (b"PK\x03\x04xlsx", "spreadsheet"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(DataError) as caught:
        imported(tmp_path, text)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_merged_cells_are_named(tmp_path: Path) -> None:
    text = "method,image,sad\nm,a,1\n,b,1\n"
    with pytest.raises(DataError, match="line 3: method is empty .merged cells must be filled"):
        imported(tmp_path, text, replace(ANY, method=""))


def test_unknown_columns_are_listed_and_kept_only_if_asked_for(tmp_path: Path) -> None:
    text = "image,sad,hair,comment\na,1,0.5,fine\n"
    frame, outcome = imported(tmp_path, text)
    assert "hair" not in frame
    assert any(
        "2 columns are not known and were left out: hair, comment" in n for n in outcome.notes
    )
    frame, _ = imported(tmp_path, text, replace(ANY, keep=("hair",), method="other"))
    assert frame[frame["method"] == "other"]["hair"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "method,image,variant,train_setting,sad",
            "lacks subset; add the column, or give --subset",
        ),
        (
            "image,subset,variant,train_setting,sad",
            "lacks method; add the column, or give --method",
        ),
        ("method,image,subset,sad", "give --setting TRAIN:TEST"),
        ("method,subset,variant,train_setting,sad", "lacks image; it is needed"),
    ],
)
def test_what_must_be_said_is_asked_for(tmp_path: Path, header: str, words: str) -> None:
    line = ",".join({"variant": "B", "train_setting": "B", "sad": "1"}.get(name, "x")
                    for name in header.split(","))  # fmt: skip
    with pytest.raises(DataError) as caught:
        imported(tmp_path, f"{header}\n{line}\n", Defaults(convention="p3m"))
    assert words in str(caught.value)


def test_subsets_of_a_published_benchmark_are_its_own(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="p3m500 has the subsets P and NP, not 'all'"):
        imported(tmp_path, "image,sad\na,1\n", replace(ANY, subset="all"))
    lines = "".join(f"i{i},{i}\n" for i in range(501))
    with pytest.raises(DataError, match="501 images of p3m500, subset P, which has 500"):
        imported(tmp_path, f"image,sad\n{lines}")


def test_a_part_of_a_published_benchmark_is_said_to_be_one(tmp_path: Path) -> None:
    with Store(tmp_path / "fresh", create=True) as store:
        import_file(written(tmp_path, "image,sad\na,1\nb,2\nc,3\nd,5\n"), store, ANY)
        assert store.expected() == {("p3m500", "P"): 500}
    shown = CliRunner().invoke(main, ["report", "--results", str(tmp_path / "fresh")])
    assert "4 of 500" in shown.output, shown.output


def test_new_replaced_and_equal_rows_are_counted(tmp_path: Path) -> None:
    first = "image,sad,mse\na,1,0.1\nb,2,0.2\nc,3,0.3\n"
    _, outcome = imported(tmp_path, first)
    assert (outcome.new, outcome.replaced, outcome.equal) == (3, 0, 0)
    _, outcome = imported(tmp_path, first.replace("b,2", "b,9") + "d,4,0.4\n")
    assert (outcome.new, outcome.replaced, outcome.equal, outcome.rows) == (1, 1, 2, 4)
    frame, outcome = imported(tmp_path, first)
    assert (outcome.new, outcome.replaced, outcome.equal) == (0, 1, 2)
    assert frame["sad"].tolist() == [1, 2, 3, 4]


def test_names_are_paired_whatever_their_unicode_form(tmp_path: Path) -> None:
    composed, decomposed = "Jos\u00e9", "Jose\u0301"
    frame, _ = imported(tmp_path, f"image,sad\n{decomposed}.png,1\n")
    assert frame["image"].tolist() == [composed]
    _, outcome = imported(tmp_path, f"image,sad\n{composed},1\n")
    assert outcome.equal == 1


def test_a_suspicious_row_is_flagged_and_said(tmp_path: Path) -> None:
    frame, outcome = imported(tmp_path, "image,sad,mad\na,8.73,0.5\n")
    assert (
        frame["flags"].tolist() == ["imported,odd_scores"] and "17,460 pixels" in frame["reason"][0]
    )
    assert any("was it resized" in note for note in outcome.notes)


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
    "name",
    ["mean" + "_" * 5000 + "x", "mean of " + "p3m-" * 3000 + "!", "mean" + " 1" * 3000 + "x"],
)
def test_no_name_takes_long_to_read(name):
    """Each of these once took longer than anybody waits."""
    assert not is_summary(name)
