"""A method made ready for photographs, or why it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from p3mbench.errors import DataError, MethodError, WeightsError
from p3mbench.ready import PredictRequest, chosen_method, make_ready


def request(**fields: object) -> PredictRequest:
    return PredictRequest(**{"method": "coarse", "images": ("a.png",)} | fields)  # type: ignore[arg-type]


def test_options_and_trimaps_are_checked_first(tmp_path: Path) -> None:
    method = chosen_method(request(options={"unknown": "0.25"}, trimaps=tmp_path))
    assert getattr(method, "unknown") == 0.25  # noqa: B009 - a field of this method alone
    with pytest.raises(MethodError, match="coarse is trimap-based"):
        chosen_method(request())
    with pytest.raises(MethodError, match="modnet is trimap-free"):
        chosen_method(request(method="modnet", trimaps=tmp_path))
    with pytest.raises(DataError, match="does not exist"):
        chosen_method(request(trimaps=tmp_path / "none"))


def test_weights_are_those_that_are_given_or_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path))
    asked = request(trimaps=tmp_path)
    ready = make_ready(chosen_method(asked), asked)
    assert ready.weights is None and ready.load() is not None
    wrong = request(trimaps=tmp_path, weights=tmp_path / "w.pth")
    with pytest.raises(MethodError, match="learns nothing"):
        make_ready(chosen_method(wrong), wrong)
    none = request(method="p3mnet-r34")
    with pytest.raises(WeightsError, match="needs weights: give --weights FILE, or put p3mnet"):
        make_ready(chosen_method(none), none)


def test_the_request_says_what_is_to_be_made(tmp_path: Path) -> None:
    wish = request(out=tmp_path, cutout=True, overwrite=True).wish
    assert (wish.out, wish.cutout, wish.overwrite, wish.trimaps) == (tmp_path, True, True, None)
