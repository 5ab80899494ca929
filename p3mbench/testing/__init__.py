"""The conformance test of a method, as run by ``p3mbench check``, for any test suite.

In the tests of a plugin::

    import pytest
    from p3mbench.testing import check_method

    @pytest.mark.parametrize("finding", check_method("my-net"), ids=lambda f: f.check)
    def test_it_conforms(finding):
        assert finding.status != "failed", finding
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.testing.finding import CheckFinding, Status, passed

if TYPE_CHECKING:
    from p3mbench.method import Method

__all__ = ["CheckFinding", "Status", "check_method", "passed"]


def check_method(
    method: Method | type[Method] | str,
    weights: str | Path | None = None,
    *,
    device: str = "cpu",
) -> list[CheckFinding]:
    """Check that a method conforms to the interface, in this process.

    Args:
        method: the method, its class, or the name under which it is registered.
        weights: checkpoint of a learned method. None takes the published one from the weights
            folder, one that ships with p3mbench, or random weights if the method can write them
            (``sample_weights(folder)``, or a training recipe).
        device: ``cpu``, ``cuda`` or ``auto``.

    Returns:
        One finding for each check, in the order of `p3mbench.testing.checks.CHECKS`.

    Raises:
        MethodError: no method has that name.

    >>> from p3mbench.testing import check_method, passed
    >>> passed(check_method("coarse"))
    True
    """
    from p3mbench.registry import get
    from p3mbench.testing.checks import findings

    found = get(method) if isinstance(method, str) else method
    if isinstance(found, type):
        try:
            found = found()
        except TypeError as error:
            line = f"its parameters need defaults ({error})"
            return [CheckFinding("interface", Status.FAILED, line, "give every field a default")]
    return list(findings(found, Path(weights) if weights is not None else None, device))
