"""Between arrays and PyTorch's tensors, for model files that PyTorch runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from p3mbench.errors import MethodError
from p3mbench.filemodels.definition import ModelDefinition

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from p3mbench.filemodels.arrays import Prepared


def tensors_of(made: Prepared, device: str) -> list[Tensor]:
    """Return the image, and a separate trimap, as tensors on a device."""
    import torch

    arrays = [made.image, *([] if made.trimap is None else [made.trimap])]
    return [torch.from_numpy(array).to(device) for array in arrays]


def array_of(found: Any, definition: ModelDefinition) -> npt.NDArray[Any]:
    """Return the wanted one of a model's outputs, which may be a tensor, a list or a mapping.

    Raises:
        MethodError: there is no such output.
    """
    import torch

    index = definition.output.index
    while not isinstance(found, torch.Tensor):
        names = list(found) if isinstance(found, Mapping) else list(range(len(found)))
        if isinstance(index, int) and index < len(names):
            found = found[names[index]]
        elif index in names:
            found = found[index]
        else:
            have = ", ".join(map(str, names))
            raise MethodError(
                f"{definition.where}: key 'output.index': the model has no output {index!r} "
                f"(it has: {have})"
            )
        index = 0
    array: npt.NDArray[Any] = found.float().cpu().numpy()
    return array
