"""Load ImageNet weights into an encoder, as published trainings do at their start."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor, nn

from p3mbench.errors import WeightsError
from p3mbench.weights import read_state_dict

LEAST = 0.5  # share of a file's weights and biases that must fit
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
RENAMED = (
    (r"\.(norm|relu|conv)\.(\d)\.", r".\1\2."),  # torchvision's DenseNets
    (r"^blocks\.(\d+)\.", r"encoder.layer.\1."),  # timm's and DINO's vision transformers
    (r"\.attn\.", ".attention."),
    (r"^patch_embed\.proj\.", "embeddings.projection."),
)


def load_encoder(network: nn.Module, path: Path) -> int:
    """Load the tensors of an encoder's checkpoint into the encoder of a network.

    The encoder is the module in which most names of the file, as they are or by `RENAMED`, are
    found with equal shapes. If a convolution has more input channels in the network than in the
    file (a trimap beside the image), the additional channels are set to zero. Other tensors of the
    file, such as a classifier, are ignored. Other parts of the network keep their values.

    Args:
        network: the network at its published width.
        path: such as ``r34mp_pretrained_imagenet.pth.tar`` of P3M, or a model of torchvision.

    Returns:
        The number of loaded tensors.

    Raises:
        WeightsError: the file cannot be read, or less than half of its weights and biases fit.
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
            "its names are unknown (then give a whole checkpoint with --start)"
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
    """Extend a tensor to the shape in the network; None if it does not fit."""
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
    """Return the prefix under which most names of ``state`` are found; "" for none."""
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
