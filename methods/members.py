"""The members of an ``nn.ModuleList`` with their class, which that list's type does not know."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Member = TypeVar("Member", bound=nn.Module)


def members(modules: nn.ModuleList, kind: type[Member]) -> list[Member]:
    """The modules of a list, in its order.

    Args:
        modules: all of one class.
        kind: that class.

    Raises:
        TypeError: a module is of another class.
    """
    found = [module for module in modules if isinstance(module, kind)]
    if len(found) != len(modules):
        raise TypeError(f"a module of the list is no {kind.__name__}")
    return found
