"""The content of a TOML file that describes a model; see docs/models-as-files.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from p3mbench.method import Checkpoint, Kind

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
RESIZES = ("bilinear", "cv2", "area", "bicubic", "nearest", "antialias", "lanczos")
TRIMAPS = ("none", "channel", "separate", "one-hot")
ACTIVATIONS = ("none", "sigmoid", "softmax", "minmax")
LAYOUTS = ("nchw", "nhwc")
ORDERS = ("rgb", "bgr")
PADS = ("zero", "edge", "reflect")
SHARE = "/longest"  # end of a constant that depends on the image, such as "512/longest"

Triple: TypeAlias = tuple[float, float, float]
Constant: TypeAlias = float | tuple[float, ...] | str


class ModelFormat(StrEnum):
    """What runs a file."""

    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"
    TRANSFORMERS = "transformers"


@dataclass(frozen=True, kw_only=True)
class ModelInput:
    """How an image, and a trimap, become the input of the network.

    Attributes:
        size: (height, width) of the network's input; None if it depends on the image.
        shorter, longest: the target of that side of the image; 0 for none.
        keep_between: with ``shorter``, keep an image if the target is between its two sides.
        enlarge: false keeps an image whose side is below the target.
        multiple: both sides of the input are multiples of this.
        pad: how a side is filled, a name in `PADS`; "" stretches instead.
        resize: a name in `RESIZES`.
        layout: a name in `LAYOUTS`; order: a name in `ORDERS`.
        range: value of white before the mean is subtracted, 1 or 255.
        mean, std: per channel, in the scale of ``range`` and the order of ``order``.
        trimap: a name in `TRIMAPS`.
        name, trimap_name: names of the network's inputs; "" for the first and second free one.
        constants: values of further inputs, by name.
    """

    size: tuple[int, int] | None = None
    shorter: int = 0
    longest: int = 0
    keep_between: bool = False
    enlarge: bool = True
    multiple: int = 1
    pad: str = ""
    resize: str = "bilinear"
    layout: str = "nchw"
    order: str = "rgb"
    range: int = 1
    mean: Triple = IMAGENET[0]
    std: Triple = IMAGENET[1]
    trimap: str = "none"
    name: str = ""
    trimap_name: str = ""
    constants: MappingProxyType[str, Constant] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def strategy(self) -> str:
        """A name of the test-time size, for rows and tables."""
        if self.size is not None:
            return f"{self.size[0]}x{self.size[1]}"
        if self.shorter or self.longest:
            return f"shorter-{self.shorter}" if self.shorter else f"longest-{self.longest}"
        return "native"


@dataclass(frozen=True, kw_only=True)
class ModelOutput:
    """How an output of the network becomes a matte.

    Attributes:
        index: number or name of the output.
        channel: the channel that is the person's opacity.
        activation: a name in `ACTIVATIONS`. ``minmax`` stretches the values of each image to 0..1.
        resize: a name in `RESIZES`, for the way back to the image's size.
        layout: a name in `LAYOUTS`.
    """

    index: int | str = 0
    channel: int = 0
    activation: str = "none"
    resize: str = "bilinear"
    layout: str = "nchw"


@dataclass(frozen=True, kw_only=True)
class ModelDefinition:
    """One TOML file.

    Attributes:
        where: the file, for messages.
        name, title, year, citation, description: of the method.
        kind: whether ``predict`` gets a trimap.
        parameters: number of parameters; None if it is not stated.
        checkpoint: its weights.
        format: what runs the file.
        class_name: class of transformers; "" for other formats.
        facts: (name, text) of further facts for the method's page.
    """

    where: str
    name: str
    title: str
    kind: Kind
    year: int
    citation: str
    description: str
    parameters: int | None
    checkpoint: Checkpoint
    format: ModelFormat
    class_name: str
    facts: tuple[tuple[str, str], ...]
    input: ModelInput
    output: ModelOutput
