"""ImageNet weights for an encoder, which published trainings start from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from torch import Tensor, nn

from p3mbench.errors import WeightsError
from p3mbench.weights import read_state_dict

LEAST = 0.5  # share of a file's tensors that must find a place


def load_encoder(network: nn.Module, path: Path) -> int:
    """Put the tensors of an encoder's checkpoint where they belong in a whole network.

    The place is the module under which most of the file's names are found with equal shapes. What
    the file has beyond, such as a classifier, is left aside; what the network has beyond keeps its
    values.

    Args:
        network: of the published width.
        path: such as ``r34mp_pretrained_imagenet.pth.tar`` of P3M, or a model of torchvision.

    Returns:
        How many tensors were loaded.

    Raises:
        WeightsError: it cannot be read, or less than half of its tensors fit anywhere.
    """
    state = read_state_dict(path)
    own = network.state_dict()
    prefix = _place_of(state, own)
    fitting = {
        prefix + name: tensor
        for name, tensor in state.items()
        if prefix + name in own and own[prefix + name].shape == tensor.shape
    }
    if len(fitting) < LEAST * len(state):
        raise WeightsError(
            f"{path}: only {len(fitting)} of its {len(state)} tensors fit "
            f"{type(network).__name__}; is it the encoder of another network, or --width not 1?"
        )
    network.load_state_dict(own | fitting)
    return len(fitting)


def _place_of(state: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    """The prefix under which most names of ``state`` are found, "" for the network itself."""
    ends: dict[str, list[str]] = {}
    for name in own:
        parts = name.split(".")
        for k in range(len(parts)):
            ends.setdefault(".".join(parts[k:]), []).append(name)
    votes: Counter[str] = Counter()
    for name, tensor in state.items():
        for whole in ends.get(name, ()):
            if own[whole].shape == tensor.shape:
                votes[whole.removesuffix(name)] += 1
    return min(votes, key=lambda place: (-votes[place], place)) if votes else ""
