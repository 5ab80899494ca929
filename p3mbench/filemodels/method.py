"""The base of methods that a TOML file declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from p3mbench.errors import WeightsError
from p3mbench.filemodels.definition import ModelDefinition
from p3mbench.method import (
    Float32Array,
    MethodInfo,
    Predictor,
    UInt8Array,
    check_extra,
    options_of,
)
from p3mbench.weightfiles.reading import header
from p3mbench.weights import required

if TYPE_CHECKING:
    import numpy.typing as npt

TRUST_VARIABLE = "P3MBENCH_TRUST"  # set by --trust


class Graph(Protocol):
    """A loaded model file."""

    def run(self, made: Any) -> npt.NDArray[Any]:
        """Return the wanted output for a `p3mbench.filemodels.arrays.Prepared` input."""
        ...


@dataclass(frozen=True)
class FileModel:
    """A model that exists as a file; subclasses run one format.

    `p3mbench.filemodels.finding` makes one class per TOML file. Its text travels with the method,
    so that other processes need no file.
    """

    info: ClassVar[MethodInfo]
    definition: ClassVar[ModelDefinition]
    source: ClassVar[tuple[str, str, str]]  # text, file, folder: arguments of the maker
    make: ClassVar[Callable[..., Any]]  # staticmethod: source and options -> method

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Load the file.

        Raises:
            WeightsError: the weights are missing, of another kind or damaged.
            MethodError: a package is missing, or the TOML file contradicts the model.
        """
        path = required(self.info, weights)
        header(path)  # refuses a file that is missing, empty or a folder
        try:
            problem = self.problem_of(path)
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror}") from error
        if problem:
            raise WeightsError(f"{path} {problem}")
        check_extra(self.info)
        return FilePredictor(self.definition, self.opened(device, path))

    def problem_of(self, path: Path) -> str:
        """Return the end of a sentence about a file of another kind; "" if it may be loaded."""
        raise NotImplementedError

    def opened(self, device: str, path: Path) -> Graph:
        """Open a file of the right kind."""
        raise NotImplementedError

    def code_files(self) -> tuple[Path, ...]:
        """Return files that count as code of the method; see `p3mbench.fingerprint`."""
        return (Path(self.source[1]),)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).make, (*self.source, options_of(self))


class FilePredictor:
    """A loaded model file with its definition."""

    def __init__(self, definition: ModelDefinition, graph: Graph) -> None:
        self.definition, self.graph = definition, graph

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Predict the alpha of ``image``; see `p3mbench.method.Predictor`."""
        import numpy as np

        from p3mbench.filemodels.arrays import finished, prepared

        made = prepared(image, trimap, self.definition.input)
        height, width = image.shape[:2]
        found = self.graph.run(made)
        return np.array(finished(found, made, (height, width), self.definition.output), np.float32)
