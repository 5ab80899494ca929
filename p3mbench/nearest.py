"""Find the registered networks that accept a checkpoint, or the nearest one.

Networks are built without memory (on PyTorch's ``meta`` device) and compared by the names and
shapes of their tensors. This runs only after a checkpoint did not fit.
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
CLOSEST = 10  # networks compared for a hint: those with the most similar number of parameters


@dataclass(frozen=True)
class Likeness:
    """How a checkpoint compares with a method's network.

    Attributes:
        fits: all tensors match in name and shape, and none is left over.
        shared: number of tensors that match in name and shape.
        of: number of tensors of the larger side.
    """

    method: Method
    fits: bool
    shared: int
    of: int

    @property
    def share(self) -> float:
        """The share of tensors that match in name and shape, 0 to 1."""
        return self.shared / self.of


def likenesses(path: Path, methods: Iterable[Method]) -> Iterator[Likeness]:
    """Compare a file with each learned method whose network can be built.

    Raises:
        WeightsError: the file is not a checkpoint, or cannot be read safely.
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
    """Return the tensors that a method's network expects for this file; None if unknown."""
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
        return None  # the method reads the file itself
    return None


def load(method: Method, device: str, weights: Path | None, others: Methods) -> Predictor:
    """Call ``method.load``; if the checkpoint does not fit, name the network that accepts it.

    Args:
        others: returns the methods to compare with; called only if the checkpoint does not fit.

    Raises:
        P3MBenchError: as for ``method.load``.
    """
    try:
        return method.load(device, weights)
    except MisfitError as error:
        hint = hint_for(error, method, others())
        raise MisfitError(f"{error}; {hint}", error.path, error.kin) from None


def hint_for(error: MisfitError, method: Method, others: Iterable[Method]) -> str:
    """Say in a few words which network a misfit checkpoint belongs to."""
    strangers = [other for other in others if other.info.name != method.info.name]
    found: list[Likeness] = []
    for one in likenesses(error.path, _by_size(error.path, strangers)[:CLOSEST]):
        if any(other.fits for other in found) and not one.fits:
            break  # networks of equal size are adjacent
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
            f"the nearest network here is {near.method.info.name}; {near.shared} of {near.of} "
            "tensors agree"
        )
    return "no other network here accepts it"


def _storage(tensor: Tensor) -> int:
    """Identify the memory of a tensor; sparse and meta tensors share none."""
    blocks = str(tensor.layout) == "torch.strided" and not tensor.is_meta
    return tensor.data_ptr() if blocks else id(tensor)


def _by_size(path: Path, methods: Iterable[Method]) -> list[Method]:
    """Sort the learned methods by how close their number of parameters is to the file's."""
    tensors = state_dicts(read(path), path)[0].tensors
    sizes = {_storage(tensor): tensor.numel() for tensor in tensors.values()}
    size = max(1, sum(sizes.values()))

    def distance(method: Method) -> float:
        return abs(math.log(max(1, method.info.parameters or 1) / size))

    return sorted((one for one in methods if one.info.learned), key=distance)
