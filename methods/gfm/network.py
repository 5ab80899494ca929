"""The GFM network with its four encoders, under the key names of the published checkpoints.

J. Li, J. Zhang, S. J. Maybank, D. Tao, "Bridging Composite and Real: Towards End-to-end Deep Image
Matting", IJCV 2022, arXiv:2010.16188. A glance decoder says what is background, transition and
foreground, a focus decoder how opaque the transition is; both read one encoder. Facts on layers,
sizes and key names from core/gfm.py and core/util.py of github.com/JizhiziLi/GFM (4b15ee0), and
from the list of keys of its checkpoints; written anew.

Kept as published: images enter as 0..255 without normalisation; classes are compared after the
sigmoid, so that saturated scores tie; parts that are never used (a classifier, DenseNet's last
norm, the stem that `Encoder.R34_2B` replaces) are there because the checkpoints hold them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..densenet import DenseNet
from ..inference import published_times
from .blocks import PyramidPooling, SqueezeExcitation, stage, upsample
from .encoders import BasicBlock, Bottleneck, ResNet

PUBLISHED_BASE = 64
INTEGRATION = 16  # channels of the RoSTa integration at the published width


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 2)


class Encoder(StrEnum):
    """Which encoder; the names are those of the authors' option ``backbone``."""

    R34 = "r34"
    R34_2B = "r34_2b"
    D121 = "d121"
    R101 = "r101"


class Rosta(StrEnum):
    """How the two decoders share the work ("representation of semantic and transition areas").

    TT: the glance gives background, transition and foreground. FT: it gives foreground, and the
    focus adds the transition. BT: it gives foreground with transition, and the focus subtracts.
    RIM: all three from one network, integrated by two 1x1 convolutions.
    """

    TT = "TT"
    FT = "FT"
    BT = "BT"
    RIM = "RIM"

    @property
    def heads(self) -> tuple[Rosta, ...]:
        """The representations that have heads of their own: three for RIM, else itself."""
        return (Rosta.TT, Rosta.FT, Rosta.BT) if self is Rosta.RIM else (self,)

    @property
    def classes(self) -> int:
        """How many classes the glance tells apart."""
        return 3 if self is Rosta.TT else 2


class Layout(NamedTuple):
    """Channels of an encoder's network, in units of ``base``.

    Attributes:
        maps: of the encoder's maps, from the first to the deepest.
        decoders: of each stage above the last, from the deepest: two inner counts and the outer.
        full_size: whether the first two maps have the input's size (else half and a quarter), so
            that the last two stages do not enlarge.
        bridge_first: whether the bridge comes before the decoders in the checkpoint.
    """

    maps: tuple[int, ...]
    decoders: tuple[tuple[int, int, int], ...]
    full_size: bool = False
    bridge_first: bool = False


_FOUR = ((8, 8, 4), (4, 4, 2), (2, 2, 1), (1, 1, 1))
LAYOUTS = {
    Encoder.R34: Layout((1, 1, 2, 4, 8), _FOUR),
    Encoder.R34_2B: Layout((1, 1, 2, 4, 8, 8, 8), ((8, 8, 8), (8, 8, 8), *_FOUR), full_size=True),
    Encoder.D121: Layout((1, 2, 4, 8, 8), _FOUR),
    Encoder.R101: Layout(
        (1, 4, 8, 16, 32),
        ((32, 16, 16), (16, 8, 8), (8, 4, 4), (4, 2, 1)),
        bridge_first=True,
    ),
}


class Branches(NamedTuple):
    """One representation's answer; every map has the size of the input.

    Attributes:
        glance: (N, 3 or 2, H, W) scores in [0, 1] of each class, after a sigmoid.
        focus: (N, 1, H, W) opacity in [0, 1], meant for the transition.
        fusion: (N, 1, H, W) opacity in [0, 1] of both, see `collaborate`.
    """

    glance: Tensor
    focus: Tensor
    fusion: Tensor


class GFMOutputs(NamedTuple):
    """What the network says of a batch.

    Attributes:
        branches: by representation; one but for RIM, which has three.
        fusion: (N, 1, H, W) opacity; in [0, 1] but for RIM, whose last convolution is not bounded.
    """

    branches: dict[Rosta, Branches]
    fusion: Tensor

    def named(self) -> dict[str, Tensor]:
        """The outputs by their published names, with ``tt_`` and so on before RIM's branches."""
        if len(self.branches) == 1:
            (only,) = self.branches.values()
            return only._asdict()
        named = {
            f"{rosta.lower()}_{name}": value
            for rosta, branch in self.branches.items()
            for name, value in branch._asdict().items()
        }
        return named | {"fusion": self.fusion}


def collaborate(rosta: Rosta, glance: Tensor, focus: Tensor) -> Tensor:
    """Both decoders' maps as one opacity; gradients reach the focus only, as published."""
    label = glance.argmax(dim=1, keepdim=True)
    if rosta is Rosta.TT:
        return torch.where(label == 1, focus, (label == 2).to(focus.dtype))
    if rosta is Rosta.FT:
        return (label + focus).clamp(max=1)
    return (label - focus).clamp(min=0)


class GFM(nn.Module):
    """Glance and focus matting.

    Args:
        encoder: which encoder.
        rosta: which representation.
        base: channels of the first convolution; all other counts scale with it. 64 is the
            published network. Must be even.

    The encoder's layers are registered twice, under torchvision's name and as ``encoder*``, because
    the checkpoints hold both; of two differing copies the second would win.
    """

    def __init__(
        self, encoder: Encoder = Encoder.R34, rosta: Rosta = Rosta.TT, base: int = PUBLISHED_BASE
    ) -> None:
        super().__init__()
        if base < 2 or base % 2:
            raise ValueError(f"base must be even and at least 2, not {base}")
        self.rosta = rosta
        self.layout = LAYOUTS[encoder]
        self.top = len(self.layout.maps) - 1
        self._add_encoder(encoder, base)
        deep = self.layout.maps[-1] * base
        self.psp_module = PyramidPooling(deep)
        if self.layout.bridge_first:
            self.bridge_block = nn.Sequential(*stage(deep, deep, deep, deep, dilation=2))
        self._add_context(deep, base)
        self._add_decoder("g", base)
        if not self.layout.bridge_first:
            self.bridge_block = nn.Sequential(*stage(deep, deep, deep, deep, dilation=2))
        self._add_decoder("f", base)
        self._add_heads("g", base)
        self._add_heads("f", base)
        if rosta is Rosta.RIM:
            inner = max(1, INTEGRATION * base // 64)
            self.rim = nn.Sequential(
                nn.Conv2d(3, inner, 1), SqueezeExcitation(inner), nn.Conv2d(inner, 1, 1)
            )

    def forward(self, x: Tensor) -> GFMOutputs:
        """All outputs for (N, 3, H, W) images in [0, 255]; H and W multiples of 32."""
        maps = self._encode(x)
        glance, focus = self._glance(maps), self._focus(maps)
        branches = {}
        for rosta in self.rosta.heads:
            scores, opacity = self._scores(rosta, glance), self._opacity(rosta, focus)
            branches[rosta] = Branches(scores, opacity, collaborate(rosta, scores, opacity))
        return GFMOutputs(branches, self._integrated(branches))

    def classes(self, x: Tensor) -> Tensor:
        """The ``glance`` output alone, without the focus decoder's work; not for RIM."""
        return self._scores(self.rosta, self._glance(self._encode(x)))

    def opacity(self, x: Tensor) -> Tensor:
        """The ``focus`` output alone, without the glance decoder's work; not for RIM."""
        return self._opacity(self.rosta, self._focus(self._encode(x)))

    def matte(self, x: Tensor) -> Tensor:
        """The ``fusion`` output alone."""
        return self(x).fusion  # type: ignore[no-any-return]

    def _add_encoder(self, encoder: Encoder, base: int) -> None:
        if encoder is Encoder.D121:
            self.densenet = DenseNet((6, 12, 24, 16), base)
            self._add_dense_stages(base)
            return
        if encoder is Encoder.R101:
            self.resnet = ResNet(Bottleneck, (3, 4, 23, 3), base)
        else:
            self.resnet = ResNet(BasicBlock, (3, 4, 6, 3), base)
        net = self.resnet
        layers = [net.get_submodule(f"layer{k}") for k in range(1, 5)]
        if encoder is Encoder.R34_2B:
            first = [nn.Sequential(*stage(3, base)), layers[0]]
        else:
            stem = nn.Sequential(net.conv1, net.bn1, net.relu)
            first = [stem, nn.Sequential(net.maxpool, layers[0])]
        stages = [*first, *layers[1:]]
        while len(stages) <= self.top:
            blocks = [BasicBlock(8 * base, 8 * base) for _ in range(3)]
            stages.append(nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), *blocks))
        for k, layer in enumerate(stages):
            self.add_module(f"encoder{k}", layer)

    def _add_dense_stages(self, base: int) -> None:
        """DenseNet without its first pooling: its transitions do the halving instead."""
        net = self.densenet.features
        reduction = [*stage(16 * base, 8 * base), nn.MaxPool2d(2, ceil_mode=True)]
        parts = [["conv0", "norm0", "relu0"]]
        parts += [[f"denseblock{k}", f"transition{k}"] for k in range(1, 4)]
        for k, names in enumerate([*parts, ["denseblock4"]]):
            layers = [net.get_submodule(name) for name in names]
            layers += reduction if k == self.top else []
            self.add_module(f"encoder{k}", nn.Sequential(*layers))

    def _add_context(self, deep: int, base: int) -> None:
        """``psp{k}``: what the pyramid pooling tells the glance decoder's stage k - 1."""
        for k, (*_, outputs) in zip(range(self.top, 0, -1), self.layout.decoders, strict=True):
            factor = min(2 ** (self.top - k + 1), 32)
            layers = stage(deep, outputs * base)
            self.add_module(f"psp{k}", nn.Sequential(*layers, upsample(factor)))

    def _add_decoder(self, name: str, base: int) -> None:
        """``decoder{k}_g`` or ``_f`` from the deepest down to k = 1."""
        maps, above = self.layout.maps, self.layout.maps[-1]
        for k, widths in zip(range(self.top, 0, -1), self.layout.decoders, strict=True):
            inputs = above + (above if name == "g" else maps[k])
            layers = stage(*(base * width for width in (inputs, *widths)))
            if k > 1 or not self.layout.full_size:
                layers.append(upsample(2))
            self.add_module(f"decoder{k}_{name}", nn.Sequential(*layers))
            above = widths[-1]

    def _add_heads(self, name: str, base: int) -> None:
        """``decoder0_g`` or ``_f``; for RIM one for each representation."""
        for rosta in self.rosta.heads:
            outputs = rosta.classes if name == "g" else 1
            last = nn.Conv2d(base, outputs, 3, padding=1)
            if self.layout.full_size:
                head = nn.Sequential(last)
            else:
                head = nn.Sequential(*stage(2 * base, base, base), last, upsample(2))
            self.add_module(self._head(name, rosta), head)

    def _head(self, name: str, rosta: Rosta) -> str:
        suffix = f"_{rosta.lower()}" if self.rosta is Rosta.RIM else ""
        return f"decoder0_{name}{suffix}"

    def _part(self, name: str) -> nn.Module:
        return self.get_submodule(name)

    def _encode(self, x: Tensor) -> list[Tensor]:
        maps = []
        for k in range(self.top + 1):
            x = self._part(f"encoder{k}")(x)
            maps.append(x)
        return maps

    def _glance(self, maps: list[Tensor]) -> Tensor:
        """What the glance heads read."""
        context = self.psp_module(maps[-1])
        x = self._part(f"decoder{self.top}_g")(torch.cat([context, maps[-1]], dim=1))
        for k in range(self.top - 1, 0, -1):
            above = self._part(f"psp{k + 1}")(context)
            x = self._part(f"decoder{k}_g")(torch.cat([above, x], dim=1))
        if self.layout.full_size:  # psp1 is there but not used
            return x  # type: ignore[no-any-return]
        return torch.cat([self._part("psp1")(context), x], dim=1)

    def _focus(self, maps: list[Tensor]) -> Tensor:
        """What the focus heads read."""
        x = self.bridge_block(maps[-1])
        for k in range(self.top, 0, -1):
            x = self._part(f"decoder{k}_f")(torch.cat([x, maps[k]], dim=1))
        return x if self.layout.full_size else torch.cat([x, maps[0]], dim=1)

    def _scores(self, rosta: Rosta, glance: Tensor) -> Tensor:
        return torch.sigmoid(self._part(self._head("g", rosta))(glance))

    def _opacity(self, rosta: Rosta, focus: Tensor) -> Tensor:
        return torch.sigmoid(self._part(self._head("f", rosta))(focus))

    def _integrated(self, branches: dict[Rosta, Branches]) -> Tensor:
        fusions = [branch.fusion for branch in branches.values()]
        if self.rosta is Rosta.RIM:
            integrated: Tensor = self.rim(torch.cat(fusions, dim=1))
            return integrated
        return fusions[0]
