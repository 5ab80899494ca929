"""ImageNet weights for an encoder, which published trainings start from."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor, nn

from p3mbench.errors import WeightsError
from p3mbench.weights import read_state_dict

LEAST = 0.5  # share of a file's weights and biases that must find a place
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
RENAMED = (
    (r"\.(norm|relu|conv)\.(\d)\.", r".\1\2."),  # torchvision's files of DenseNets
    (r"^blocks\.(\d+)\.", r"encoder.layer.\1."),  # timm's and DINO's vision transformers
    (r"\.attn\.", ".attention."),
    (r"^patch_embed\.proj\.", "embeddings.projection."),
)


def load_encoder(network: nn.Module, path: Path) -> int:
    """Put the tensors of an encoder's checkpoint where they belong in a whole network.

    The place is the module under which most of the file's names, or the names by `RENAMED`, are
    found with equal shapes. A convolution that takes more channels in the network than in the file
    (a trimap beside the image) gets the file's for the first ones and zeros for the others. What
    the file has beyond, such as a classifier, is left aside; what the network has beyond keeps its
    values.

    Args:
        network: of the published width.
        path: such as ``r34mp_pretrained_imagenet.pth.tar`` of P3M, or a model of torchvision.

    Returns:
        How many tensors were loaded.

    Raises:
        WeightsError: it cannot be read, or less than half of its weights and biases fit anywhere.
    """
    plain = read_state_dict(path)
    own = network.state_dict()
    best: dict[str, Tensor] = {}
    for state in (plain, {_renamed(name): tensor for name, tensor in plain.items()}):
        prefix = _place_of(state, own)
        fitting = {
            prefix + name: fitted
            for name, tensor in state.items()
            if (fitted := _fitted(tensor, own.get(prefix + name))) is not None
        }
        best = max(best, fitting, key=_learned)
    wanted = _learned(plain)
    if not best or _learned(best) < LEAST * wanted:
        raise WeightsError(
            f"{path}: only {_learned(best)} of its {wanted} weights and biases fit "
            f"{type(network).__name__}; it is the encoder of another network, --width is not 1, or "
            "its names are not known here (then give a whole checkpoint with --start)"
        )
    network.load_state_dict(own | best)
    return len(best)


def _learned(state: dict[str, Tensor]) -> int:
    return sum(not name.endswith(BUFFERS) for name in state)


def _renamed(name: str) -> str:
    for pattern, other in RENAMED:
        name = re.sub(pattern, other, name)
    return name


def _fitted(tensor: Tensor, own: Tensor | None) -> Tensor | None:
    """The tensor in the shape of the network's; None if it has no place there."""
    if own is None:
        return None
    if own.shape == tensor.shape:
        return tensor
    both = tensor.ndim == own.ndim == 4
    if not both or own.shape[0] != tensor.shape[0] or own.shape[2:] != tensor.shape[2:]:
        return None
    more = own.shape[1] - tensor.shape[1]
    if more < 0:
        return None
    return torch.cat([tensor, tensor.new_zeros(len(tensor), more, *tensor.shape[2:])], dim=1)


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
