"""The leak: it cries where only people are hidden, and not where blur is everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from p3mbench.benchmark import Benchmark, open_benchmark, parse
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.privacy.artefact import Leak, _leak, _Pair, auc_of, leaks_of, local_features


def benchmark(world: str, seed: int, count: int, variants: str = '"B", "N"') -> Benchmark:
    return parse(
        f'name = "tiny"\nsource = "synthetic"\nvariants = [{variants}]\n'
        f'[synthetic]\nworld = "{world}"\nseed = {seed}\n'
        f'[[subsets]]\nname = "P"\ncount = {count}\n',
        "tiny.toml",
        None,
    )


def leak_of(world: str, seed: int, count: int) -> Leak:
    opened = open_benchmark(benchmark(world, seed, count), None)
    (found,) = leaks_of(opened.subsets[0], Obfuscation())
    assert isinstance(found, Leak)
    return found


@pytest.mark.slow
def test_the_old_world_leaks_and_the_new_one_does_not() -> None:
    old, new = leak_of("mannequins", 2021, 12), leak_of("collection", 2026, 16)
    assert old.cries and old.auc > 0.9 and "the artefact alone finds the person" in old.line
    assert not new.cries and new.auc < 0.7
    assert min(old.classifier, new.classifier) > 0.75
    assert max(old.normal_auc, new.normal_auc) < 0.5


def test_too_few_images_are_said() -> None:
    opened = open_benchmark(benchmark("collection", 2026, 2), None)
    (said,) = leaks_of(opened.subsets[0], Obfuscation())
    assert said == (
        "leak, P B: not measured: 2 images have both variants and a known face, and 4 are needed"
    )


def test_verdicts_follow_the_figures() -> None:
    def leak(auc: float, classifier: float = 0.9) -> Leak:
        return Leak("P", "B", auc, 0.1, classifier, 0.6, 0.5, 24)

    assert leak(0.9).cries and not leak(0.9, classifier=0.6).cries
    assert leak(0.5).verdict == "the artefact does not find the person"
    assert leak(0.7).verdict == "the artefact partly finds the person"
    assert leak(0.9, classifier=0.6).verdict.startswith("unknown")


def test_features_do_not_see_colour_or_brightness() -> None:
    noise = np.random.default_rng(0).integers(0, 60, (64, 64, 1)).astype(np.uint8)
    dark, bright = noise + np.uint8(20), noise + np.uint8(180)
    one, other = (local_features(np.repeat(image, 3, axis=2)) for image in (dark, bright))
    assert np.allclose(one, other, atol=1e-3)


def test_the_auc_counts_ties_as_half() -> None:
    assert auc_of([1, 2], [1, 2]) == 0.5
    assert np.isnan(auc_of([], [1]))


def test_without_a_recipe_the_artefact_is_learned_from_the_hidden_faces() -> None:
    rng = np.random.default_rng(0)
    alpha = np.zeros((96, 72), np.uint8)
    alpha[20:90, 20:50] = 255
    area = np.zeros((96, 72), bool)
    area[30:50, 26:44] = True
    pairs = []
    for _ in range(6):
        normal = rng.integers(0, 255, (96, 72, 3)).astype(np.uint8)
        hidden = np.where(area[..., None], np.uint8(0), normal)
        pairs.append(_Pair(normal, hidden, alpha, area))
    found = _leak("P", "tool-black", pairs, None)
    assert found.cries and found.auc > 0.95 and found.classifier > 0.95
    unchanged = [_Pair(one.normal, one.normal, alpha, area) for one in pairs]
    assert _leak("P", "tool-nothing", unchanged, None).verdict.startswith("unknown")
