"""Give the members of an ``nn.ModuleList`` their class, which the list's type does not tell."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Member = TypeVar("Member", bound=nn.Module)


def members(modules: nn.ModuleList, kind: type[Member]) -> list[Member]:
    """Return the modules of a list, in order.

    Args:
        modules: all of one class.
        kind: that class.

    Raises:
        TypeError: a module is of another class.
    """
    found = [module for module in modules if isinstance(module, kind)]
    if len(found) != len(modules):
        raise TypeError(f"a module of the list is not a {kind.__name__}")
    return found
