"""The networks of the P3M-Net family by the name of their encoder."""

from __future__ import annotations

from ..inference import published_times
from .basic import Basic
from .network import P3MNet, P3MNetFamily
from .swin import p3mnet_swin
from .vitae import p3mnet_vitae


def network_of(encoder: str, width: float, features: int = 0) -> P3MNetFamily:
    """Make a randomly initialised network, ``width`` times as wide as published.

    Args:
        encoder: ``r34``, ``basic`` (of the same encoder), ``vitae-s`` or ``swin-t``.
        width: 1 is the published network.
        features: number of the draw of ViTAE-S's random features; see `vitae.random_features`.
    """
    if encoder == "vitae-s":
        return p3mnet_vitae(published_times(64, width, 8), features)
    if encoder == "swin-t":
        return p3mnet_swin(published_times(32, width, 2))
    made = {"r34": P3MNet, "basic": Basic}[encoder]
    return made(base=published_times(64, width, 2))
