"""Families of metrics, one file each. A new file here is found without any list of names.

Each file declares ``FAMILY``, a `p3mbench.metrics.family.Family`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from p3mbench.metrics.family import Family


def families() -> tuple[Family, ...]:
    """Load the families of all files, in the order of tables.

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
