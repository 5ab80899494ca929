"""Families of metrics, a file each. A file that is put here is found; nothing else names it.

Each file says what it declares in ``FAMILY``, a `p3mbench.metrics.family.Family`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from p3mbench.metrics.family import Family


def families() -> tuple[Family, ...]:
    """The families of all files, in the order that tables show them.

    Raises:
        TypeError: a file declares no ``FAMILY``.
    """
    found = []
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        family = getattr(import_module(f"{__name__}.{module.name}"), "FAMILY", None)
        if not isinstance(family, Family):
            raise TypeError(f"{__name__}.{module.name} must declare FAMILY, a Family of metrics")
        found.append(family)
    return tuple(sorted(found, key=lambda family: family.place))
