"""Values of the original code: all conventions, on the synthetic pairs and on real portraits."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.metrics import score

GOLDEN = Path(__file__).parent / "golden"
RELATIVE = {"dim": 5e-6, "dim-masked": 5e-6, "dim-indexnet": 5e-6}  # Octave sums in float32
GRAD_ABSOLUTE = 1e-8

# What the originals do that we deliberately do not inherit: pair -> reason.
REFUSED_PAIRS = {
    "nan_all_f64": "NaN predictions give NaN, or silently skip it; we raise",
    "shape_mismatch_u8": "errors of all kinds; we raise",
    "shape_broadcast_u8": "a (1, W) prediction is broadcast, MAD becomes 40; we raise",
}
REFUSED_TRIMAPS = {
    "tri_127_u8": "127 is unknown, known or nothing, depending on the project; we raise",
    "tri_jpeg_like_u8": "129 and 254 likewise; we raise",
    "shape_trimap_mismatch_u8": "errors of all kinds; we raise",
}
NO_UNKNOWN = {"tri_no_unknown_u8": "0, inf, NaN or the whole image's sum; ours is NaN, flagged"}
CASES_NOT_INHERITED = {
    ("tiny_17x1_u8", "paddleseg", "grad"): "it squeezes the axis away; we follow the formula",
    ("tiny_17x1_u8", "paddleseg", "grad_whole"): "the same",
    ("tiny_17x1_u8", "paddleseg", "conn"): "the same, an IndexError",
    ("tiny_17x1_u8", "paddleseg", "conn_whole"): "the same",
    ("tiny_1x1_u8", "paddleseg", "conn"): "the same, an OpenCV error",
    ("tiny_1x1_u8", "paddleseg", "conn_whole"): "the same",
}
compared = Counter[str]()


def tell(record_property: Callable[[str, object], None]) -> None:
    """Say what was compared since the last time; the summary of the session prints the sums."""
    for what, count in compared.items():
        record_property(f"golden metrics, {what}", count)
    compared.clear()


def our_name(convention: str, key: str) -> tuple[str, bool]:
    """Our metric for a golden's key, and whether the trimap is passed."""
    if key.endswith("_whole"):
        return key.removesuffix("_whole"), False
    if convention in ("p3m", "p3m-8bit"):
        on_trimap = key.endswith(("_trimap", "_fg", "_bg"))
        return key.replace("_trimap", "_t"), on_trimap
    if convention in ("gca-whole", "rvm"):
        return key, False
    return f"{key}_t", True


def check(pair: str, mattes: dict[str, np.ndarray], expected: dict) -> None:
    for convention, values in expected.items():
        for key, want in values.items():
            name, on_trimap = our_name(convention, key)
            trimap = mattes["trimap"] if on_trimap else None
            arguments = (mattes["pred"], mattes["gt"], trimap, convention)
            if pair in REFUSED_PAIRS or (on_trimap and pair in REFUSED_TRIMAPS):
                with pytest.raises(
                    ValueError, match="pred: " if pair in REFUSED_PAIRS else "trimap: "
                ):
                    score(*arguments, metrics=(name,))
                compared["not inherited"] += 1
                continue
            scores = score(*arguments, metrics=(name,))
            got = scores[name]
            if (pair, convention, key) in CASES_NOT_INHERITED:
                assert math.isfinite(got)
                compared["not inherited"] += 1
            elif pair in NO_UNKNOWN and name.endswith("_t"):
                assert math.isnan(got)
                assert "no_unknown" in scores.flags
                compared["not inherited"] += 1
            else:
                tolerance = RELATIVE.get(convention, 1e-6) * abs(want)
                tolerance += GRAD_ABSOLUTE if key.startswith("grad") else 1e-12
                assert abs(got - want) <= tolerance, (pair, convention, key, got, want)
                compared["values"] += 1


SYNTHETIC = json.loads((GOLDEN / "expected.json").read_text())


@pytest.mark.parametrize("pair", sorted(SYNTHETIC))
def test_synthetic_pairs_match_the_original_code(
    pair: str, record_property: Callable[[str, object], None]
) -> None:
    name = pair.removeprefix("syn/")
    with np.load(GOLDEN / f"{name}.npz") as stored:
        mattes = {key: stored[key] for key in stored}
    check(name, mattes, SYNTHETIC[pair])
    tell(record_property)


def p3m_trimap(alpha: np.ndarray, size: int) -> np.ndarray:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    solid = cv2.erode((alpha == 255).astype(np.uint8), kernel) > 0
    reach = cv2.dilate((alpha != 0).astype(np.uint8), kernel) > 0
    return np.select([solid, reach], [np.uint8(255), np.uint8(128)], np.uint8(0))


def real_mattes(shared: Path, pair: str) -> dict[str, np.ndarray]:
    stem, _, size = pair.partition("/")[2].partition("@k")
    if pair.startswith("small/"):
        with np.load(shared / "golden" / "metrics" / "real" / f"{stem}.npz") as stored:
            return {key: stored[key] for key in stored}
    demo = shared / "data" / "p3m-demo"
    (truth,) = demo.glob(f"validation/*/mask/{stem}.png")
    alpha = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE)
    pred = cv2.imread(str(demo / "predictions/p3mnet-r34" / f"{stem}.png"), cv2.IMREAD_GRAYSCALE)
    return {"pred": pred, "gt": alpha, "trimap": p3m_trimap(alpha, int(size))}


@pytest.mark.slow
def test_real_portraits_match_the_original_code(
    shared: Path, record_property: Callable[[str, object], None]
) -> None:
    expected = json.loads((shared / "golden/metrics/real/expected.json").read_text())
    for pair in sorted(expected):
        check(pair, real_mattes(shared, pair), expected[pair])
    tell(record_property)


def test_there_are_many_values() -> None:
    """Of the pairs that every copy of the project has."""
    pairs = [pair for pair in SYNTHETIC if pair.removeprefix("syn/") not in REFUSED_PAIRS]
    assert sum(len(values) for pair in pairs for values in SYNTHETIC[pair].values()) > 1000
