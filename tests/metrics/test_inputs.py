"""What is refused, what is accepted, and what is flagged."""

from __future__ import annotations

import math
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

from p3mbench.metrics import CONVENTIONS, METRICS, Scores, defined_metrics, score

DISC = np.zeros((30, 40), np.uint8)
DISC[8:22, 10:30] = 255
SOFT = DISC.copy()
SOFT[8:22, 9] = SOFT[8:22, 30] = 120
TRIMAP = DISC.copy()
TRIMAP[6:24, 8:12] = TRIMAP[6:24, 28:32] = 128
FACE = DISC > 0
HALF = SOFT / 255
BAD_MATTES = [
    (DISC[:, :-1], "has shape (30, 39)"),
    (DISC[:1], "has shape (1, 40)"),
    (DISC[:, :1], "has shape (30, 1)"),
    (DISC.T, "has shape (40, 30)"),
    (DISC[..., None], "one channel"),
    (np.zeros((0, 3), np.uint8), "one channel"),
    (DISC.astype(np.int32), "dtype int32"),
    (DISC.astype(np.uint16), "dtype uint16"),
    (DISC.astype(np.int8), "dtype int8"),
    (DISC > 0, "mask.astype(float)"),
    (HALF.astype(complex), "dtype complex128"),
    (HALF.astype(object), "dtype object"),
    (DISC.astype(float), "divide 0..255 by 255"),
    (HALF - 0.01, "from -0.01"),
    (np.where(DISC, np.nan, 0.0), "NaN or infinite"),
    (np.where(DISC, np.inf, 0.0), "NaN or infinite"),
    (HALF.tolist(), "is a list"),
    (None, "is a NoneType"),
]


@pytest.mark.parametrize(("matte", "message"), BAD_MATTES)
def test_bad_mattes_are_refused_by_name(matte, message) -> None:
    with pytest.raises(ValueError, match="^pred: .*" + re.escape(message)):
        score(matte, SOFT)
    if "shape (" not in message:
        with pytest.raises(ValueError, match="^alpha: .*" + re.escape(message)):
            score(SOFT, matte)


@pytest.mark.parametrize(
    ("trimap", "message"),
    [
        (TRIMAP[1:], "has shape (29, 40)"),
        (TRIMAP.astype(float), "is float64"),
        (TRIMAP > 0, "is bool"),
        (np.where(TRIMAP == 128, 127, TRIMAP).astype(np.uint8), "contains 127 beside"),
        ([[0]], "is list"),
    ],
)
def test_bad_trimaps_are_refused(trimap, message) -> None:
    with pytest.raises(ValueError, match="^trimap: .*" + re.escape(message)):
        score(SOFT, SOFT, trimap)


@pytest.mark.parametrize(
    ("face", "message"), [(DISC, "is uint8"), (FACE[1:], "has shape (29, 40)"), (1, "is int")]
)
def test_bad_face_areas_are_refused(face, message) -> None:
    with pytest.raises(ValueError, match="^face: .*" + re.escape(message)):
        score(SOFT, SOFT, face=face)


def test_conventions_and_metrics_are_named_when_unknown() -> None:
    with pytest.raises(ValueError, match="^convention: 'p4m' is unknown; did you mean p3m"):
        score(SOFT, SOFT, convention="p4m")
    with pytest.raises(ValueError, match="^metrics: 'psnr' is unknown"):
        score(SOFT, SOFT, metrics=("psnr",))
    with pytest.raises(ValueError, match="^metrics: pass a tuple"):
        score(SOFT, SOFT, metrics="sad")
    with pytest.raises(ValueError, match="^metrics: 'sad_t' is not defined .* without a trimap"):
        score(SOFT, SOFT, metrics=("sad_t",))
    with pytest.raises(ValueError, match="^metrics: 'sad_face' is not defined by .* 'dim'"):
        score(SOFT, SOFT, TRIMAP, "dim", face=FACE, metrics=("sad_face",))


@pytest.mark.parametrize("name", [c.name for c in CONVENTIONS.values() if c.needs_trimap])
def test_conventions_of_the_unknown_region_ask_for_a_trimap(name) -> None:
    with pytest.raises(ValueError, match="^trimap: the convention"):
        score(SOFT, SOFT, convention=name)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_convention_gives_exactly_what_it_defines(name) -> None:
    scores = score(SOFT, DISC, TRIMAP, name, face=FACE)
    assert tuple(scores) == defined_metrics(name, trimap=True, face=True)
    assert set(scores) <= set(METRICS)
    assert all(type(value) is float for value in scores.values())


def test_what_each_convention_defines() -> None:
    unknown = ("sad_t", "mse_t", "grad_t", "conn_t")
    assert defined_metrics("dim", trimap=True, face=True) == unknown
    assert defined_metrics("gca", trimap=True, face=False) == unknown
    assert defined_metrics("paddleseg", trimap=False, face=False) == ("sad", "mse", "grad", "conn")
    assert defined_metrics("rvm", trimap=True, face=False) == ("mad", "mse", "grad", "conn")
    whole = ("sad", "mse", "mad", "grad", "conn")
    assert defined_metrics(trimap=False, face=False) == (*whole, "sad_boundary")
    everything = defined_metrics(trimap=True, face=True)
    assert everything[5:10] == ("sad_t", "mse_t", "mad_t", "sad_fg", "sad_bg")
    assert everything[10:] == ("sad_boundary", "sad_face", "mad_face")


def test_a_subset_equals_the_whole() -> None:
    everything = score(SOFT, DISC, TRIMAP, face=FACE)
    for name in everything:
        assert score(SOFT, DISC, TRIMAP, face=FACE, metrics=(name,))[name] == everything[name]


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_inputs_are_never_modified(dtype) -> None:
    for name in CONVENTIONS:
        pred = SOFT.copy() if dtype == np.uint8 else (SOFT / 255).astype(dtype)
        arrays = [pred, DISC.copy(), TRIMAP.copy(), FACE.copy()]
        for array in arrays:
            array.setflags(write=False)
        before = [array.copy() for array in arrays]
        score(*arrays[:3], name, face=arrays[3])
        assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))


def test_layout_and_byte_order_do_not_matter() -> None:
    want = score(SOFT, DISC, TRIMAP)
    fortran = [np.asfortranarray(array) for array in (SOFT, DISC, TRIMAP)]
    assert score(*fortran) == want
    strided = [np.repeat(array, 2, axis=1)[:, ::2] for array in (SOFT, DISC, TRIMAP)]
    assert score(*strided) == want
    big_endian = (SOFT / 255).astype(">f8")
    assert score(big_endian, DISC) == score(SOFT / 255, DISC)


def test_values_do_not_depend_on_where_arrays_lie_in_memory() -> None:
    rng = np.random.default_rng(0)
    alpha = rng.integers(0, 256, (70, 90)).astype(np.uint8)
    pred = np.roll(alpha, 1) / np.float32(255)
    want = score(pred, alpha)
    for shift in range(0, 64, 4):
        room = np.empty(pred.nbytes + 64, np.uint8)
        moved = room[shift : shift + pred.nbytes].view(np.float32).reshape(pred.shape)
        moved[...] = pred
        assert score(moved, alpha) == want


def test_rounding_outside_the_range_is_clipped_and_flagged() -> None:
    over = DISC / np.float32(255) * np.float32(1 + 3e-7)
    scores = score(over, DISC)
    assert scores["sad"] == 0
    assert "clipped" in scores.flags
    assert "clipped" not in score(HALF, DISC).flags


def test_floats_become_bytes_where_files_are_meant() -> None:
    near = np.full((8, 8), 127.9 / 255)
    full = np.full((8, 8), 255, np.uint8)
    cut = score(near, full, convention="p3m-8bit", metrics=("mad",))
    assert cut["mad"] == pytest.approx(128 / 255)
    assert cut.flags == ("quantised",)
    unknown = np.full((8, 8), 128, np.uint8)
    rounded = score(near, full, unknown, "dim", metrics=("mse_t",))
    assert rounded["mse_t"] == pytest.approx((127 / 255) ** 2)
    assert score(near, full, metrics=("mad",))["mad"] == pytest.approx(127.1 / 255)


def test_no_unknown_pixel_leaves_region_metrics_missing() -> None:
    for name in ("p3m", "dim", "mmagic", "paddleseg", "gca"):
        scores = score(SOFT, DISC, DISC, name)
        missing = {key for key, value in scores.items() if math.isnan(value)}
        assert missing == {key for key in scores if key.endswith("_t")}
        assert scores.flags.count("no_unknown") == 1


def test_the_empty_prediction_is_flagged_where_conn_calls_it_perfect() -> None:
    nothing = np.zeros_like(DISC)
    scores = score(nothing, DISC)
    assert scores["conn"] == 0
    assert {"empty_prediction", "conn_empty_level"} <= set(scores.flags)
    assert not METRICS["conn"].ranks_alone
    assert score(nothing, DISC, convention="rvm")["conn"] > 0.2
    assert "empty_alpha" in score(DISC, nothing).flags


def test_ties_the_background_bug_and_odd_ground_truths_are_flagged() -> None:
    twins = np.zeros((9, 20), np.uint8)
    twins[2:6, 2:6] = twins[2:6, 10:14] = 255
    assert "conn_tie" in score(twins, twins).flags
    assert "conn_tie" not in score(DISC, DISC).flags
    assert "conn_background" in score(SOFT, DISC, convention="gca").flags
    unknown_only_inside = np.where(DISC > 0, 128, 0).astype(np.uint8)
    assert "known_not_binary" in score(SOFT, SOFT, unknown_only_inside).flags
    assert score(DISC, DISC, TRIMAP).flags == ()


def test_missing_face_and_boundary() -> None:
    scores = score(SOFT, np.zeros_like(DISC), face=np.zeros_like(FACE))
    assert all(math.isnan(scores[name]) for name in ("sad_boundary", "sad_face", "mad_face"))
    assert {"no_face", "no_boundary"} <= set(scores.flags)


def test_face_and_boundary_split_the_error() -> None:
    pred = DISC.copy()
    pred[0, 0] = 255  # far away
    pred[8, 10] = 0  # on the edge and in the face
    pred[15, 20] = 55  # inside the face only
    scores = score(pred, DISC, face=FACE)
    assert scores["sad_boundary"] == pytest.approx(1 / 1000)
    assert scores["sad_face"] == pytest.approx((1 + 200 / 255) / 1000)
    assert scores["mad_face"] == pytest.approx((1 + 200 / 255) / FACE.sum())


def test_scores_survive_pickling() -> None:
    scores = pickle.loads(pickle.dumps(Scores({"sad": 1.0}, ["empty_alpha"])))  # noqa: S301
    assert scores == {"sad": 1.0}
    assert scores.flags == ("empty_alpha",)
    assert isinstance(scores, dict)
    assert Scores().flags == ()


def test_the_import_is_light() -> None:
    code = (
        "import sys, p3mbench.metrics; "
        "print([m for m in ('torch', 'pandas', 'scipy', 'skimage') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
