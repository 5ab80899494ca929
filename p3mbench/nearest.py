"""Whose checkpoint a file is: the registered networks that take it, or the one that comes nearest.

Networks are built without memory (on PyTorch's ``meta`` device) and only compared by the names and
shapes of their tensors, so that this can wait until a checkpoint did not fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.errors import P3MBenchError
from p3mbench.method import Method, Predictor
from p3mbench.weightfiles.fitting import Expected
from p3mbench.weightfiles.reading import kept_contents, read
from p3mbench.weightfiles.unwrapping import state_dicts
from p3mbench.weights import KIN, MisfitError, Probed, choices, probing

if TYPE_CHECKING:
    from torch import Tensor

Methods = Callable[[], Iterable[Method]]
CLOSEST = 10  # networks compared in a hint, those with the most similar number of parameters


@dataclass(frozen=True)
class Likeness:
    """How a checkpoint compares with a method's network.

    Attributes:
        fits: every tensor by name and shape, and none left over.
        shared: names that agree in shape too, and how many there are in the larger of both.
    """

    method: Method
    fits: bool
    shared: int
    of: int

    @property
    def share(self) -> float:
        """The part of names and shapes that agree, 0 to 1."""
        return self.shared / self.of


def likenesses(path: Path, methods: Iterable[Method]) -> Iterator[Likeness]:
    """How a file compares with each learned method whose network can be built.

    Raises:
        WeightsError: the file is no checkpoint, or not one that can be read safely.
    """
    with kept_contents():
        read(path)
        for method in methods:
            expected = expected_by(method, path) if method.info.learned else None
            if expected is None:
                continue
            fits = choices(path, expected)
            best = max(fits, key=lambda fit: (not fit.problems, fit.shared))
            most = max(len(expected.tensors), len(best.tensors))
            yield Likeness(method, not best.problems, best.shared, max(1, most))


def expected_by(method: Method, path: Path) -> Expected | None:
    """What a method's network for this file takes; None if that cannot be told."""
    import torch

    for device in ("meta", "cpu"):
        try:
            with probing(), torch.device(device):
                method.load("cpu", path)
        except Probed as probed:
            return probed.expected
        except P3MBenchError:
            return None
        except Exception:  # noqa: S112  # some networks compute while they are built: on the CPU
            continue
        return None  # it reads the file in a way of its own
    return None


def load(method: Method, device: str, weights: Path | None, others: Methods) -> Predictor:
    """``method.load``, but a checkpoint of another network is said to be that network's.

    Args:
        others: gives the methods to compare with; called only if the checkpoint does not fit.

    Raises:
        P3MBenchError: as ``method.load``.
    """
    try:
        return method.load(device, weights)
    except MisfitError as error:
        hint = hint_for(error, method, others())
        raise MisfitError(f"{error}; {hint}", error.path, error.kin) from None


def hint_for(error: MisfitError, method: Method, others: Iterable[Method]) -> str:
    """Whose a checkpoint is that did not fit, in a few words."""
    strangers = [other for other in others if other.info.name != method.info.name]
    found: list[Likeness] = []
    for one in likenesses(error.path, _by_size(error.path, strangers)[:CLOSEST]):
        if any(other.fits for other in found) and not one.fits:
            break  # those of one size come one after the other
        found.append(one)
    takers = [one.method.info.name for one in found if one.fits]
    if takers:
        return (
            f"it is the checkpoint of another network, {' or '.join(takers)}: "
            f"p3mbench weights add {error.path.name} --method {takers[0]}"
        )
    near = max(found, key=lambda one: one.share, default=None)
    if near is not None and near.share >= KIN and not error.kin:
        return (
            f"the nearest network here is {near.method.info.name}, with which {near.shared} of "
            f"{near.of} tensors agree"
        )
    return "no other network here takes it"


def _storage(tensor: Tensor) -> int:
    """What tensors of one memory have in common; sparse ones and those of no device have none."""
    blocks = str(tensor.layout) == "torch.strided" and not tensor.is_meta
    return tensor.data_ptr() if blocks else id(tensor)


def _by_size(path: Path, methods: Iterable[Method]) -> list[Method]:
    """Learned methods, those with a like number of parameters first."""
    tensors = state_dicts(read(path), path)[0].tensors
    sizes = {_storage(tensor): tensor.numel() for tensor in tensors.values()}
    size = max(1, sum(sizes.values()))

    def distance(method: Method) -> float:
        return abs(math.log(max(1, method.info.parameters or 1) / size))

    return sorted((one for one in methods if one.info.learned), key=distance)
