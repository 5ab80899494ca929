"""Recipes: rates over the steps, and stages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p3mbench.training.recipe import Recipe, Stage


def test_rates_by_hand() -> None:
    plain = Recipe(steps=100, lr=1.0)
    assert plain.rate_at(0, 100) == plain.rate_at(99, 100) == 1
    cosine = replace(plain, schedule="cosine")
    assert cosine.rate_at(50, 100) == pytest.approx(0.5)
    assert cosine.rate_at(25, 100) == pytest.approx((1 + 2**-0.5) / 2)
    late = replace(plain, schedule="late-cosine", warmup=0.2)
    assert [late.rate_at(k, 100) for k in (9, 19, 20)] == pytest.approx([0.5, 1, 1])
    assert late.rate_at(60, 100) == pytest.approx(0.5)
    polynomial = replace(plain, schedule="polynomial")
    assert polynomial.rate_at(75, 100) == pytest.approx(0.25**0.9)
    steps = replace(plain, schedule="steps", milestones=(0.3, 0.9))
    assert [steps.rate_at(k, 100) for k in (29, 30, 90)] == pytest.approx([1, 0.1, 0.01])
    named = replace(steps, factors=(0.1, 0.05))
    assert [named.rate_at(k, 100) for k in (29, 30, 90)] == pytest.approx([1, 0.1, 0.05])
    warm = replace(plain, warmup=0.1)
    assert [warm.rate_at(k, 100) for k in (0, 4, 9, 10)] == pytest.approx([0.1, 0.5, 1, 1])


@given(shares=st.lists(st.integers(1, 9), min_size=1, max_size=5), total=st.integers(1, 300))
def test_stages_follow_each_other_and_fill_the_run(shares: list[int], total: int) -> None:
    stages = tuple(Stage(name=str(i), share=s / sum(shares)) for i, s in enumerate(shares))
    recipe = Recipe(steps=total, stages=stages)
    met = [recipe.stage_at(step, total) for step in range(total)]
    names = [stage.name for stage in met if stage is not None]
    assert len(names) == total and names == sorted(names)
    for stage in stages:
        assert abs(names.count(stage.name) - stage.share * total) <= 1


def test_recipes_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Recipe(steps=1, stages=(Stage(name="a", share=0.4),))
    with pytest.raises(ValueError, match="must have the same length"):
        Recipe(steps=1, milestones=(0.5,), factors=(0.1, 0.2))
    with pytest.raises(ValueError, match="formula must be one of code, text"):
        Recipe(steps=1, formula="paper")
    with pytest.raises(ValueError, match="needs_layers"):
        Recipe(steps=1, jitter=True)
