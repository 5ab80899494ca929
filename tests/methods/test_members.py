"""The members of a module list keep their class and order."""

from __future__ import annotations

import pytest
from p3mbench_methods.members import members
from torch import nn


def test_members_are_those_of_the_list_in_its_order() -> None:
    layers = [nn.Linear(1, 2), nn.Linear(2, 3)]
    assert members(nn.ModuleList(layers), nn.Linear) == layers


def test_a_member_of_another_class_is_refused() -> None:
    with pytest.raises(TypeError, match="is not a Linear"):
        members(nn.ModuleList([nn.Linear(1, 2), nn.ReLU()]), nn.Linear)
