"""Deep Image Matting (Xu et al., CVPR 2017, arXiv 1703.03872).

An encoder like VGG16 sees the image and the trimap, a decoder much shallower than it puts values
back to where the encoder's pooling found its maxima, and a refiner of four convolutions sharpens
the matte by a residual.

The authors published no code. Two public re-implementations come with weights, and both are here,
each under the names of its own checkpoints:

- `DIM`: open-mmlab/mmagic (0a560bb; configs/dim, models VGG16, plain_decoder, plain_refiner). As in
  the paper nothing but the places of the maxima passes from the encoder to the decoder. Its
  ``conv6`` has a 1x1 kernel, the paper's a 7x7 one.
- `SkipDIM`: huochaitiantang/pytorch-deep-image-matting (f5f909d; core/net.py). ``conv6`` has a 3x3
  kernel, and after every unpooling the encoder's features are added. Its older checkpoint
  (``stage1_sad_54.4.pth``) has the same names but was trained without that: ``skips=False``.

Both add the refiner's residual to the matte *before* the sigmoid, where the paper adds it to the
matte. Stage 1 of the training has no refiner; stage 2 trains it alone; stage 3 trains everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import published_times

PUBLISHED_BASE = 64
STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))  # of VGG16: width in bases, convolutions
DECODER = (("deconv5_1", 8), ("deconv4_1", 4), ("deconv3_1", 2), ("deconv2_1", 1), ("deconv1_1", 1))


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 4)


class DIMOutputs(NamedTuple):
    """What the networks give for (N, 4, H, W) inputs.

    Attributes:
        alpha: (N, 1, H, W) in (0, 1), the matte before refinement, the output of stage 1.
        refined: (N, 1, H, W) in (0, 1), the matte of the refiner; None if there is none.
    """

    alpha: Tensor
    refined: Tensor | None

    def named(self) -> dict[str, Tensor]:
        """The outputs that there are, by their names."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    @property
    def best(self) -> Tensor:
        """The refined matte where there is a refiner, else the other."""
        return self.alpha if self.refined is None else self.refined


class DIM(nn.Module):
    """The network of mmagic.

    Args:
        base: channels of the first stage; 64 is the published width.
        refiner: False for checkpoints of stage 1.
    """

    def __init__(self, base: int = PUBLISHED_BASE, refiner: bool = True) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict({"encoder": Encoder(base), "decoder": nn.Module()})
        add_decoder(self.backbone["decoder"], base)
        self.refiner = nn.Module() if refiner else None
        if self.refiner is not None:
            add_refiner(self.refiner, base)

    def forward(self, x: Tensor) -> DIMOutputs:
        """From (N, 4, H, W) normalised RGB and trimap in [0, 1], sides multiples of 32."""
        deepest, places = self.backbone["encoder"](x)
        raw = decode(self.backbone["decoder"], deepest, places)
        return DIMOutputs(
            raw.sigmoid(), None if self.refiner is None else refine(self.refiner, x, raw)
        )


class SkipDIM(nn.Module):
    """The network of huochaitiantang.

    Args:
        base: channels of the first stage; 64 is the published width.
        refiner: False for checkpoints of stage 1.
        skips: False for checkpoints trained before the skips were added.
    """

    def __init__(
        self, base: int = PUBLISHED_BASE, refiner: bool = False, skips: bool = True
    ) -> None:
        super().__init__()
        width = 4
        for i, (bases, convolutions) in enumerate(STAGES, start=1):
            for j in range(1, convolutions + 1):
                setattr(self, f"conv{i}_{j}", nn.Conv2d(width, bases * base, 3, padding=1))
                width = bases * base
        self.conv6_1 = nn.Conv2d(width, width, 3, padding=1)
        add_decoder(self, base)
        if refiner:
            add_refiner(self, base)
        self.refines = refiner
        self.skips = skips

    def forward(self, x: Tensor) -> DIMOutputs:
        """From (N, 4, H, W) normalised RGB and trimap in [0, 1], sides multiples of 32."""
        features, places, halved = [], [], x
        for i, (_, convolutions) in enumerate(STAGES, start=1):
            for j in range(1, convolutions + 1):
                halved = F.relu(getattr(self, f"conv{i}_{j}")(halved))
            features.append(halved)
            halved, where = F.max_pool2d(halved, 2, return_indices=True)
            places.append(where)
        raw = decode(self, F.relu(self.conv6_1(halved)), places, features if self.skips else ())
        return DIMOutputs(raw.sigmoid(), refine(self, x, raw) if self.refines else None)


class Encoder(nn.Module):
    """VGG16's convolutions with four input channels, and a 1x1 convolution on top."""

    def __init__(self, base: int) -> None:
        super().__init__()
        width = 4
        for i, (bases, convolutions) in enumerate(STAGES, start=1):
            layers: list[nn.Module] = []
            for _ in range(convolutions):
                layers += [nn.Conv2d(width, bases * base, 3, padding=1), nn.ReLU(inplace=True)]
                width = bases * base
            layers.append(nn.MaxPool2d(2, return_indices=True))
            setattr(self, f"layer{i}", nn.Sequential(*layers))
        self.conv6 = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(N, 4, H, W) -> features at 1/32, and where each of the five poolings found maxima."""
        places = []
        for i in range(1, len(STAGES) + 1):
            x, where = getattr(self, f"layer{i}")(x)
            places.append(where)
        return F.relu(self.conv6(x)), places


def add_decoder(module: nn.Module, base: int) -> None:
    """Give ``module`` the layers of the decoder under their names in both code bases."""
    width = STAGES[-1][0] * base
    module.add_module("deconv6_1", nn.Conv2d(width, width, 1))
    for name, bases in DECODER:
        module.add_module(name, nn.Conv2d(width, bases * base, 5, padding=2))
        width = bases * base
    module.add_module("deconv1", nn.Conv2d(width, 1, 5, padding=2))


def decode(
    layers: nn.Module, x: Tensor, places: Sequence[Tensor], features: Sequence[Tensor] = ()
) -> Tensor:
    """The matte before its sigmoid.

    Windows of 2x2 do not overlap, so unpooling is the same on every device.

    Args:
        layers: has the layers of `add_decoder`.
        x: (N, C, H / 32, W / 32).
        places: of the maxima of the five stages, the finest first.
        features: what the stages pooled, in the same order, to be added; empty for no skips.
    """
    x = F.relu(layers.deconv6_1(x))  # type: ignore[operator]
    for i, (name, _) in enumerate(DECODER, start=1):
        x = F.max_unpool2d(x.contiguous(), places[-i].contiguous(), (2, 2))
        if features:
            x = x + features[-i]
        x = F.relu(getattr(layers, name)(x))
    raw: Tensor = layers.deconv1(x)  # type: ignore[operator]
    return raw


def add_refiner(module: nn.Module, base: int) -> None:
    """Give ``module`` the layers of the refiner under their names in both code bases."""
    for i, width in enumerate((4, base, base), start=1):
        module.add_module(f"refine_conv{i}", nn.Conv2d(width, base, 3, padding=1))
    module.add_module("refine_pred", nn.Conv2d(base, 1, 3, padding=1))


def refine(layers: nn.Module, x: Tensor, raw: Tensor) -> Tensor:
    """The refined matte, from the network's input and the matte before its sigmoid.

    Args:
        layers: has the layers of `add_refiner`.
        x: (N, 4, H, W), of which the trimap is not used.
        raw: (N, 1, H, W).
    """
    hidden = torch.cat([x[:, :3], raw.sigmoid()], dim=1)
    for i in (1, 2, 3):
        hidden = F.relu(getattr(layers, f"refine_conv{i}")(hidden))
    refined: Tensor = (raw + layers.refine_pred(hidden)).sigmoid()  # type: ignore[operator]
    return refined
