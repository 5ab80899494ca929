"""How many examples a property test tries: fewer in the quick loop, all in the whole suite.

The quick loop is ``pytest -m "not slow"``; ``conftest.py`` tells it here before a test is read.
"""

from __future__ import annotations

from hypothesis import settings

PART = 5  # of the examples, one in so many is tried in the quick loop
_quick = False


def quick_loop(quick: bool) -> None:
    """Say whether this is the quick loop, before any test module is imported."""
    global _quick
    _quick = quick
    settings.register_profile("p3mbench", max_examples=examples(100))
    settings.load_profile("p3mbench")


def examples(whole: int) -> int:
    """How many to try of those that the whole suite tries."""
    return max(5, whole // PART) if _quick else whole
