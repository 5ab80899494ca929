"""Each check finds the fault that it is for, and says how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import Checkpoint, Kind, MethodInfo, TrainSetting
from p3mbench.testing import CheckFinding, Status, check_method, passed
from p3mbench.testing.checks import CHECKS
from p3mbench.testing.scenes import CONTENTS, scene


def info(**changes: Any) -> MethodInfo:
    plain: dict[str, Any] = {
        "name": "sound", "title": "Sound", "kind": Kind.TRIMAP_FREE, "year": 2026,
        "citation": "Somebody, 2026",
    }  # fmt: skip
    return MethodInfo(**(plain | changes))


@dataclass(frozen=True)
class Sound:
    """Keeps every promise; the faulty ones below change one thing each."""

    level: float = 0.5
    info: ClassVar[MethodInfo] = info()

    def load(self, device: str, weights: Path | None) -> Any:
        return self

    def predict(self, image: Any, trimap: Any = None) -> Any:
        return (image.mean(axis=2) / 255 * self.level).astype(np.float32)


def by_name(method: Any, **options: Any) -> dict[str, CheckFinding]:
    return {finding.check: finding for finding in check_method(method, **options)}


def test_a_sound_method_passes_every_check():
    findings = by_name(Sound())
    assert list(findings) == [check.name for check in CHECKS]
    assert [str(f) for f in findings.values() if f.status in ("failed", "warning")] == []
    assert passed(list(findings.values()))


class Ramp(Sound):
    def predict(self, image, trimap=None):
        return (image.mean(axis=2) / 255).astype(np.float64)


class Bytes(Sound):
    def predict(self, image, trimap=None):
        return image[..., 0].copy()


class Doubled(Sound):
    def predict(self, image, trimap=None):
        return super().predict(image)[..., None]


class Loud(Sound):
    def predict(self, image, trimap=None):
        return super().predict(image) * 4 - 1


class Masked(Sound):
    def predict(self, image, trimap=None):
        return np.ma.masked_array(super().predict(image))


class Standardised(Sound):
    """NaN where nothing varies, which only flat images show."""

    def predict(self, image, trimap=None):
        grey = image.mean(axis=2)
        with np.errstate(all="ignore"):
            return np.clip((grey - grey.min()) / (grey.max() - grey.min()), 0, 1).astype(np.float32)


class Halved(Sound):
    """Works at half size, which a side of 1 does not have, and odd sides lose a pixel."""

    def predict(self, image, trimap=None):
        half = super().predict(image[::2, ::2])
        return half.repeat(2, 0).repeat(2, 1)


class Random(Sound):
    def predict(self, image, trimap=None):
        return np.random.default_rng().random(image.shape[:2]).astype(np.float32)


class RandomWeights(Sound):
    def load(self, device, weights):
        loaded = Sound(float(np.random.default_rng().random()))
        object.__setattr__(loaded, "predict", lambda image, _=None: Sound.predict(loaded, image))
        return loaded


class Sticky(Sound):
    """Looks different after an image of another size."""

    def load(self, device, weights):
        return StickyPredictor()


class StickyPredictor:
    before: tuple[int, ...] = (64, 96)

    def predict(self, image, trimap=None):
        shape, before = image.shape[:2], self.before
        self.before = shape
        return np.full(shape, 0.5 if shape == before else 0.6, np.float32)


class Painter(Sound):
    def predict(self, image, trimap=None):
        alpha = super().predict(image)
        if image.flags.writeable:
            image[:] = 0
        return alpha


class Stubborn(Sound):
    def predict(self, image, trimap=None):
        image -= image.min()
        return super().predict(image)


class Buffered(Sound):
    """Writes every matte into one array."""

    def load(self, device, weights):
        return Buffer()


class Buffer:
    def __init__(self) -> None:
        self.room = np.zeros((512, 512), np.float32)

    def predict(self, image, trimap=None):
        view = self.room[: image.shape[0], : image.shape[1]]
        view[:] = image.mean(axis=2) / 255
        return view


class Hoarder(Sound):
    def load(self, device, weights):
        return Hoard()


class Hoard:
    def __init__(self) -> None:
        self.kept: list[Any] = []

    def predict(self, image, trimap=None):
        self.kept.append(image.astype(np.float32))
        return (image.mean(axis=2) / 255).astype(np.float32)


class TensorHoarder(Sound):
    def load(self, device, weights):
        return TensorHoard()


class TensorHoard:
    def __init__(self) -> None:
        self.kept: list[Any] = []

    def predict(self, image, trimap=None):
        import torch

        self.kept.append(torch.tensor(image, dtype=torch.float32))
        return (image.mean(axis=2) / 255).astype(np.float32)


class NeedsTrimap(Sound):
    def predict(self, image, trimap):
        return (trimap / 255).astype(np.float32)


class Blind(Sound):
    """Says that it is trimap-based, and never looks at the trimap."""

    info: ClassVar[MethodInfo] = info(kind=Kind.TRIMAP_BASED)


class Unknowing(Sound):
    """Divides by the number of unknown pixels."""

    info: ClassVar[MethodInfo] = info(kind=Kind.TRIMAP_BASED)

    def predict(self, image, trimap=None):
        share = (trimap == 255).sum() / (trimap == 128).sum()
        return np.full(image.shape[:2], min(share, 1), np.float32)


class Empty(Sound):
    def load(self, device, weights):
        return None


class Keyword(Sound):
    def load(self, *, device, weights):
        return self


class Strategies(Sound):
    info: ClassVar[MethodInfo] = info(strategies=("native", "resize"))


class OldYear(Sound):
    info: ClassVar[MethodInfo] = info(year=20)


class NoLicence(Sound):
    info: ClassVar[MethodInfo] = info(code_licence="")


class NoTrainSets(Sound):
    info: ClassVar[MethodInfo] = info(
        checkpoints=(
            Checkpoint(
                name="b", file="b.pth", where="here", train_setting=TrainSetting.BLURRED,
                train_sets=(), licence="MIT",
            ),
        ),
    )  # fmt: skip


class Capital(Sound):
    info: ClassVar[MethodInfo] = info(name="My Net")


@dataclass(frozen=True)
class Listed(Sound):
    widths: list[int] = field(default_factory=lambda: [1, 2])


class Locked(Sound):
    def __reduce__(self):
        raise TypeError("cannot pickle a lock")


class Halved16(Sound):
    """It says that it runs in bf16 and shows no modules."""

    info: ClassVar[MethodInfo] = info(precisions=("fp32", "bf16"))


FAULTS = [
    (Halved16, "precision", "bf16 is declared", "modules"),
    (Ramp, "matte", "float64", "float32"),
    (Bytes, "matte", "uint8", "astype"),
    (Doubled, "matte", r"shape \(64, 96, 1\)", "image.shape"),
    (Loud, "matte", "not in", "clip"),
    (Masked, "matte", "masked array", ""),
    (Standardised, "contents", "black image .*NaN", "flat image"),
    (Halved, "sizes", r"shape \(2, 2\)", "resize"),
    (Random, "determinism", "second call", "seed"),
    (RandomWeights, "determinism", "newly loaded", "no random weights"),
    (Sticky, "order", "images before", "keep nothing"),
    (Painter, "inputs", "changes its image", r"image\.copy"),
    (Stubborn, "matte", "read-only", r"image\.copy"),
    (Buffered, "alias", "overwrites the previous matte", "copy of the buffer"),
    (Hoarder, "memory", "keeps .* KiB", "no list"),
    (TensorHoarder, "memory", "keeps .* KiB", "no list"),
    (NeedsTrimap, "matte", "TypeError", "trimap=None"),
    (Unknowing, "trimap", "all background", "no pixel is unknown"),
    (Empty, "load", "NoneType", "predict"),
    (Keyword, "interface", "load cannot be called", "device, weights"),
    (Strategies, "strategies", "2 strategies", "strategy: str"),
    (OldYear, "metadata", "20", "year"),
    (NoLicence, "metadata", "code_licence is empty", "code_licence"),
    (NoTrainSets, "metadata", "no train_sets", "train_sets"),
    (Capital, "metadata", "kebab", "hyphens"),
    (Listed, "options", "row's key", "tuple"),
    (Locked, "pickling", "cannot pickle a lock", "plain values"),
]


@pytest.mark.parametrize(("faulty", "check", "detail", "mend"), FAULTS)
def test_a_fault_is_found_and_explained(faulty, check, detail, mend):
    import re

    findings = by_name(faulty)
    failed = [name for name, finding in findings.items() if finding.status == "failed"]
    assert failed[:1] == [check], [str(finding) for finding in findings.values()]
    assert re.search(detail, findings[check].detail), findings[check]
    assert re.search(mend, findings[check].mend), findings[check]
    assert "\n" not in str(findings[check])


def test_what_needs_a_failed_check_is_skipped():
    findings = by_name(Empty)
    assert findings["matte"].status == Status.SKIPPED and "needs load" in findings["matte"].detail
    assert not passed(list(findings.values()))


@pytest.mark.parametrize("odd", ["a string", 3, int, Path])
def test_what_is_no_method_is_said(odd):
    if isinstance(odd, str):
        with pytest.raises(MethodError, match="unknown method"):
            check_method(odd)
    else:
        cls = odd if isinstance(odd, type) else type(odd)
        detail = by_name(odd)["interface"].detail
        assert detail.endswith(f"{cls.__name__}: it is not a dataclass")


def test_a_trimap_that_is_not_used_is_a_warning():
    assert by_name(Blind)["trimap"].status == Status.WARNING


@dataclass(frozen=True)
class Placeholder(Sound):
    info: ClassVar[MethodInfo] = info(citation="TODO")


def test_a_placeholder_is_a_warning_and_passes():
    findings = by_name(Placeholder)
    assert findings["metadata"].status == Status.WARNING
    assert passed(list(findings.values()))


class Limited(Halved):
    """Says what it cannot do, and refuses it."""

    min_side: ClassVar[int] = 40

    def predict(self, image, trimap=None):
        if min(image.shape[:2]) < self.min_side:
            raise ValueError("too small")
        return Sound.predict(self, image)


def test_declared_limits_are_kept_to():
    finding = by_name(Limited)["sizes"]
    assert finding.status == "ok" and "8 beyond its limits are refused" in finding.detail


@dataclass(frozen=True)
class Learned(Sound):
    """Reads its weights itself; ``careless`` does not look at what it reads."""

    careless: bool = False
    info: ClassVar[MethodInfo] = info(learned=True)

    def load(self, device, weights):
        if weights is None:
            raise WeightsError("needs weights")
        if self.careless:
            return Sound(float(weights.read_bytes()[:1] or b"1"))
        if not weights.is_file() or weights.read_bytes() != b"0.5 as it should be":
            raise WeightsError(f"{weights} is no checkpoint of this method")
        return Sound(0.5)

    def sample_weights(self, folder: Path) -> Path:
        path = folder / "sample.txt"
        path.write_bytes(b"0.5 as it should be")
        return path


def test_bad_weights_are_refused_clearly():
    finding = by_name(Learned)["weights"]
    assert finding.status == "ok", finding
    for what in ("missing", "empty", "web page", "folder", "another network", "half"):
        assert what in finding.detail


def test_a_careless_reader_of_weights_fails():
    finding = by_name(Learned(careless=True))["weights"]
    assert finding.status == "failed" and "not a WeightsError" in finding.detail
    assert "load_into" in finding.mend


@dataclass(frozen=True)
class WithoutWeights(Sound):
    info: ClassVar[MethodInfo] = info(learned=True)


def test_a_learned_method_without_weights_says_how_to_bring_some(tmp_path, monkeypatch):
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path))
    finding = by_name(WithoutWeights)["interface"]
    assert finding.status == "failed" and "sample_weights" in finding.detail
    assert "--weights" in finding.mend


def test_weights_for_a_method_that_learns_nothing_are_refused(tmp_path):
    finding = by_name(Sound(), weights=tmp_path / "x.pth")["interface"]
    assert "learns nothing" in finding.detail


@pytest.mark.parametrize("content", CONTENTS)
def test_scenes_have_their_size_and_a_full_trimap(content):
    for height, width in ((1, 1), (1, 2), (1, 3), (2, 2), (33, 47), (257, 19)):
        made = scene(height, width, content=content)
        assert made.image.shape == (height, width, 3) and made.image.dtype == np.uint8
        assert made.shape == (height, width) and made.size == f"{width}x{height}"
        labels = set(np.unique(made.trimap))
        wanted = {1: {255}, 2: {0, 255}}.get(height * width, {0, 128, 255})
        assert labels == wanted, (height, width)
