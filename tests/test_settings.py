"""The vocabulary of variants and settings."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p3mbench import settings
from p3mbench.settings import Setting, TrainSetting

KINDS = st.sampled_from(sorted(settings.KINDS))
STRENGTHS = st.integers(1, 10000).map(lambda n: f"{n / 10000:.4f}")
VARIANTS = st.one_of(
    st.sampled_from(["B", "N", "zero", "swap", "tool-faceswap"]),
    st.tuples(KINDS, STRENGTHS).map("-".join).map(settings.spelt),
)


@given(VARIANTS)
def test_every_variant_is_a_train_setting_and_reads_back(name):
    assert settings.is_variant(name) and settings.is_train_setting(name)
    setting = Setting(TrainSetting(name), name)
    assert Setting.parse(setting.title) == setting
    assert settings.is_private(name) is (name != "N")
    assert pickle.loads(pickle.dumps(TrainSetting(name)))  # noqa: S301 == name


@pytest.mark.parametrize(
    "name",
    ["", "b", "n", "BN", "mosiac-0.10", "mosaic", "mosaic-", "mosaic-0", "mosaic-0.0",
     "mosaic-0.00", "mosaic-2.5", "mosaic-.", "mosaic--0.1", "mosaic-nan", "mosaic-1e-1",
     "zero-0.1", "zero-1", "zero-1.00", "zero-0", "swap-", "Mosaic-0.10", "tool-",
     "tool-a b", "tool-../x", "mosaic-0.10\n", "other", "-"],
)  # fmt: skip
def test_what_is_no_variant_is_refused_with_what_is(name):
    assert not settings.is_variant(name)
    with pytest.raises(
        ValueError,
        match=r"N \(faces visible\).*mosaic-0\.10.*tool-NAME|write (B|N|mosaic-0\.10|zero)",
    ):
        settings.check_variant(name)


@pytest.mark.parametrize("name", ["b+cp", "unknown", "BB", "N+CP", "mosaic"])
def test_what_is_no_train_setting_is_refused(name):
    with pytest.raises(ValueError, match="not a train setting"):
        TrainSetting(name)


def test_a_train_setting_is_its_text():
    assert TrainSetting.BLURRED == "B" and str(TrainSetting.NONE) == "-"
    assert f"{TrainSetting('mosaic-0.10')}" == TrainSetting("mosaic-0.10").value == "mosaic-0.10"
    assert {TrainSetting.NORMAL: 1}["N"] == 1


def test_what_a_name_says_of_the_recipe():
    assert settings.recipe_of("gaussian-0.08") == ("gaussian", 0.08)
    assert settings.recipe_of("mosaic-1.00") == ("mosaic", 1.0)
    assert settings.recipe_of("zero") == ("zero", None)
    assert settings.recipe_of("N") is settings.recipe_of("tool-swap") is None


def test_paper_settings_are_in_the_papers_order():
    assert [s.title for s in settings.paper_settings()] == ["B:B", "B:N", "N:B", "N:N"]
    assert [s.title for s in settings.untrained_settings()] == ["–:B", "–:N"]
    four = sorted(
        [Setting(train, test) for train in ("-", "N", "zero", "B+CP", "B") for test in ("N", "B")],
        key=lambda setting: setting.order,
    )
    assert [s.title for s in four] == [
        "B:B", "B:N", "B+CP:B", "B+CP:N", "zero:B", "zero:N", "N:B", "N:N", "–:B", "–:N",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["B", "B:", ":N", "B:X", "B:other", "B;N", ""])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(ValueError, match="TRAIN:TEST"):
        Setting.parse(text)


def test_contrasts_of_the_paper():
    found = [(c.name, c.formula) for c in settings.contrasts({"B", "B+CP", "N", "other", "-"})]
    assert found == [
        ("PPT gap", "B:N − B:B"),
        ("PPT gap", "B+CP:N − B+CP:B"),
        ("Privacy cost", "B:N − N:N"),
        ("Privacy cost", "B+CP:N − N:N"),
        ("Obfuscation shift", "N:B − N:N"),
        ("Obfuscation shift", "other:B − other:N"),
        ("Obfuscation shift", "–:B − –:N"),
    ]


def test_a_further_variant_has_the_contrasts_of_b():
    found = settings.contrasts({"B", "mosaic-0.10", "N"}, ["B", "N", "mosaic-0.10"])
    assert [(c.name, c.formula) for c in found] == [
        ("PPT gap", "B:N − B:B"),
        ("PPT gap", "mosaic-0.10:N − mosaic-0.10:mosaic-0.10"),
        ("Privacy cost", "B:N − N:N"),
        ("Privacy cost", "mosaic-0.10:N − N:N"),
        ("Obfuscation shift", "N:B − N:N"),
        ("Obfuscation shift", "N:mosaic-0.10 − N:N"),
    ]
    assert found[1].meaning == "worse on normal faces than with faces hidden by mosaic-0.10"


def test_no_privacy_cost_without_a_model_that_saw_faces():
    assert {c.name for c in settings.contrasts({"B"})} == {"PPT gap"}


def test_where_p_exists_normal_it_is_the_reference_of_np():
    assert settings.subset_contrast("B", [Setting("B", "B")]).formula == "NP B:N − P B:B"
    both = [Setting("B", "B"), Setting("B", "N")]
    assert settings.subset_contrast("B", both).formula == "NP B:N − P B:N"


@given(KINDS, st.integers(1, 10000))
def test_a_recipe_has_one_name_however_it_is_written(kind, n):
    texts = {f"{n / 10000:.4f}", f"{n / 10000:g}", f"{n / 10000:.4f}".lstrip("0") or "0"}
    written = {f"{kind}-{text}" for text in texts if "e" not in text and float(text) <= 1}
    (name,) = {settings.spelt(text) for text in written}
    opaque = n == 10000 and not settings.KINDS[kind]
    assert settings.recipe_of(name) == (kind, None if opaque else n / 10000)
    assert settings.variant_of(kind, n / 10000) == name
    for other in written - {name}:
        with pytest.raises(ValueError, match=f"write {name}"):
            settings.check_variant(other)
