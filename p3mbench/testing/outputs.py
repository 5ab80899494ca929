"""Checks of the output of ``predict``: type, range, sizes, contents, strategies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from p3mbench.errors import P3MBenchError
from p3mbench.method import with_options
from p3mbench.testing.finding import Broken, Odd
from p3mbench.testing.scenes import CONTENTS, CheckScene, scene
from p3mbench.testing.subject import CheckedMethod, checked

USUAL = (64, 96)
SIZES = (  # (height, width): a point, lines, odd and prime sides, tall, wide
    (1, 1), (1, 29), (31, 1), (2, 3), (33, 47), (53, 37), (257, 19), (17, 263), (64, 64),
)  # fmt: skip


def matte(subject: CheckedMethod) -> str:
    """``predict`` returns a plain float32 array of the image's size, finite and in [0, 1]."""
    alpha = subject.matte(scene(*USUAL))
    return f"float32, {USUAL[0]}x{USUAL[1]}, from {alpha.min():.2f} to {alpha.max():.2f}"


def contents(subject: CheckedMethod) -> str:
    """Mattes of black, white, flat and noise images are valid."""
    for content in CONTENTS:
        try:
            subject.matte(scene(*USUAL, content=content))
        except Broken as problem:
            text = f"on a {content} image {problem.detail}"
            raise Broken(text, problem.mend) from None
    return f"finite and in [0, 1] on {', '.join(CONTENTS)}"


def sizes(subject: CheckedMethod) -> str:
    """Mattes at odd and extreme sizes are valid, within the limits that the method declares."""
    least, most = limits(subject)
    refused = 0
    for size in SIZES:
        if min(size) >= least and (most is None or max(size) <= most):
            subject.matte(scene(*size))
        else:
            refused += _beyond(subject, scene(*size))
    note = f"; {refused} beyond its limits are refused" if refused else ""
    return f"{', '.join(f'{w}x{h}' for h, w in SIZES)}{note}"


def limits(subject: CheckedMethod) -> tuple[int, int | None]:
    """Return the smallest and greatest image side that the method's class declares.

    ``min_side`` and ``max_side`` are optional class attributes, in pixels.
    """
    least = getattr(subject.method, "min_side", 1)
    most = getattr(subject.method, "max_side", None)
    for name, value in (("min_side", least), ("max_side", most)):
        if value is not None and (not isinstance(value, int) or value < 1):
            raise Broken(f"{name} is {value!r}", f"give {name}: ClassVar[int] in pixels")
    if least > USUAL[0] or (most is not None and most < USUAL[1]):
        raise Odd(
            f"its limits leave out {USUAL[1]}x{USUAL[0]}, so sizes are not checked",
            "resize inside predict: users have small and large images",
        )
    return least, most


def _beyond(subject: CheckedMethod, case: CheckScene) -> bool:
    """Whether a size beyond the declared limits is refused with a clear error."""
    try:
        return not checked(subject.predictor.predict(*given(subject, case)), case).size
    except (P3MBenchError, ValueError):
        return True


def strategies(subject: CheckedMethod) -> str:
    """Every declared strategy can be set, loads, and gives a matte."""
    names = subject.info.strategies
    if len(names) > 1 and not hasattr(subject.method, "strategy"):
        raise Broken(
            f"info names {len(names)} strategies, but there is no parameter to choose one",
            f'add the field: strategy: str = "{names[0]}"',
        )
    for name in names if len(names) > 1 else ():
        predictor = subject.load(with_options(subject.method, {"strategy": name}))
        try:
            subject.matte(scene(70, 90), predictor)
        except Broken as problem:
            raise Broken(f"strategy {name}: {problem.detail}", problem.mend) from None
    return ", ".join(names)


def trimap(subject: CheckedMethod) -> str:
    """A trimap-free method needs no trimap; a trimap-based one uses it and accepts extreme ones."""
    case = scene(*USUAL)
    if not subject.info.needs_trimap:
        with_none = subject.guarded(
            "predict(image, None)", lambda: subject.predictor.predict(case.image.copy(), None)
        )
        checked(with_none, case)
        return "needs no trimap"
    for name, value in (("all foreground", 255), ("all background", 0)):
        flat = np.full(USUAL, value, np.uint8)
        try:
            subject.matte(replace(case, trimap=flat))
        except Broken as problem:
            raise Broken(
                f"on a trimap that is {name} {problem.detail}",
                "return the trimap's own opacity if no pixel is unknown",
            ) from None
    swapped = (255 - case.trimap.astype(int)).clip(0, 255).astype(np.uint8)
    swapped[case.trimap == 128] = 128
    unknown = case.trimap == 128
    first, second = subject.matte(case), subject.matte(replace(case, trimap=swapped))
    if np.array_equal(first, second):
        raise Odd("swapping the trimap changes nothing", "is it trimap-free?")
    difference = float(np.abs(first - second)[unknown].mean())
    return f"used: swapping it moves unknown pixels by {difference:.2f} on average"


def given(subject: CheckedMethod, case: CheckScene) -> tuple[Any, ...]:
    """Return the arguments of ``predict`` for a scene, as writable copies."""
    if subject.info.needs_trimap:
        return case.image.copy(), case.trimap.copy()
    return (case.image.copy(),)
