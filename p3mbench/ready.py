"""Prepare a method for photographs: options, weights and device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from p3mbench import checkpoints
from p3mbench.devices import resolve
from p3mbench.errors import DataError, MethodError, WeightsError
from p3mbench.method import Method, MethodInfo, Predictor, check_extra, with_options
from p3mbench.prediction import Wish
from p3mbench.registry import get
from p3mbench.weights import find_checkpoint, needs_weights, weights_dir


@dataclass(frozen=True)
class PredictRequest:
    """A request of ``p3mbench predict``.

    Attributes:
        method: name of the method.
        images: photographs, folders of them or globs.
        plugins: Python files with more methods; they are executed.
        options: parameter of the method -> value as text.
        weights: checkpoint of a learned method; None for a published one in the weights folder.
        trimaps: a trimap file, or a folder of them; for trimap-based methods.
        device: ``auto``, ``cpu`` or ``cuda``.
        out: folder for the results.
        cutout: write cut-outs too.
        overwrite: replace existing files with other content.
    """

    method: str
    images: tuple[str, ...]
    plugins: tuple[Path, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    weights: Path | None = None
    trimaps: Path | None = None
    device: str = "auto"
    out: Path = Path("mattes")
    cutout: bool = False
    overwrite: bool = False

    @property
    def wish(self) -> Wish:
        """The files to write for each photograph."""
        return Wish(self.out, self.cutout, self.trimaps, self.overwrite)


@dataclass(frozen=True)
class Ready:
    """A method with its checkpoint and the options of its training; `load` may take long."""

    method: Method
    weights: Path | None
    device: str

    def load(self) -> Predictor:
        """Load the predictor."""
        return self.method.load(resolve(self.device, self.method.info.learned), self.weights)


def chosen_method(request: PredictRequest) -> Method:
    """Return the method with its options.

    Raises:
        MethodError: the method or an option is unknown, or trimaps are missing or superfluous.
        DataError: the trimaps do not exist.
    """
    method = with_options(get(request.method, request.plugins), request.options)
    info, trimaps = method.info, request.trimaps
    if info.needs_trimap and trimaps is None:
        raise MethodError(f"{info.name} is trimap-based; give --trimap FILE_OR_FOLDER")
    if trimaps is not None and not info.needs_trimap:
        raise MethodError(f"{info.name} is trimap-free; leave --trimap out")
    if trimaps is not None and not trimaps.exists():
        raise DataError(f"{trimaps}: does not exist; it should be a trimap or a folder of them")
    return method


def make_ready(method: Method, request: PredictRequest) -> Ready:
    """Return the method with its weights and the options of their training.

    Raises:
        MethodError: a package is missing, or weights are given for a method that is not learned.
        WeightsError: the method needs weights, and none are found or usable.
    """
    info = method.info
    check_extra(info)
    if not info.learned and request.weights is not None:
        raise MethodError(f"{info.name} learns nothing; leave --weights out")
    path = request.weights or (find_checkpoint(info) if info.learned else None)
    if path is None and info.learned:
        missing = needs_weights(info) if info.model_file else f"needs weights: {_how_to_get(info)}"
        raise WeightsError(f"{info.name} {missing}")
    if path is not None:
        found = checkpoints.given(info, path, None)
        method, path = checkpoints.as_trained(method, found), found.path
    return Ready(method, path, request.device)


def _how_to_get(info: MethodInfo) -> str:
    here = [f"put {c.file} into {weights_dir()} ({c.where})" for c in info.checkpoints[:1]]
    return ", or ".join(["give --weights FILE", *here])
