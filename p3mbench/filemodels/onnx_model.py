"""Run an ONNX file with onnxruntime."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import MethodError, WeightsError
from p3mbench.filemodels.definition import SHARE, Constant, ModelDefinition
from p3mbench.filemodels.method import FileModel, Graph
from p3mbench.names import plain
from p3mbench.weightfiles.kinds import not_onnx

if TYPE_CHECKING:
    import numpy.typing as npt

    from p3mbench.filemodels.arrays import Prepared

THREADS = "OMP_NUM_THREADS"  # a run sets it for its processes
_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
}


@dataclass(frozen=True)
class OnnxModel(FileModel):
    """A model in ONNX."""

    def problem_of(self, path: Path) -> str:
        """See `FileModel.problem_of`."""
        return not_onnx(path)

    def opened(self, device: str, path: Path) -> Graph:
        """See `FileModel.opened`."""
        return OnnxGraph(self.definition, path, device)


def providers_of(device: str) -> list[Any]:
    """Return onnxruntime's providers for a device.

    Raises:
        MethodError: the installed onnxruntime has none for it.
    """
    import onnxruntime

    if device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise MethodError(
            f"onnxruntime {onnxruntime.__version__} here has no CUDA: use --device cpu, or install "
            "onnxruntime-gpu in its place"
        )
    number = int(device.partition(":")[2] or 0)
    return [("CUDAExecutionProvider", {"device_id": number}), "CPUExecutionProvider"]


class OnnxGraph:
    """A session of onnxruntime.

    Args:
        definition: the TOML file.
        path: the ONNX file. It is read as a whole: a graph with weights in further files is
            refused, since its hash would not cover them.
        device: ``cpu`` or a CUDA device.

    Raises:
        WeightsError: onnxruntime cannot load the file.
        MethodError: the definition contradicts the inputs or outputs of the graph.
    """

    def __init__(self, definition: ModelDefinition, path: Path, device: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get(THREADS) or 0)
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 4
        providers = providers_of(device)
        try:
            self.session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=providers
            )
        except Exception as error:  # its classes are private, and not all derive from one
            raise WeightsError(f"{path} {_refusal(str(error))}") from error
        self.definition, self.path = definition, path
        inputs = {one.name: one for one in self.session.get_inputs()}
        self._constants = {
            name: (value, self._shape(name, inputs), self._type(name, inputs))
            for name, value in definition.input.constants.items()
        }
        free = [name for name in inputs if name not in self._constants]
        wanted = 2 if definition.input.trimap == "separate" else 1
        given = definition.input
        self._names = _named(free, [given.name, given.trimap_name][:wanted], self._fail)
        self._types = [self._type(name, inputs) for name in self._names]
        self._check_size(inputs[self._names[0]].shape)
        self._output = self._chosen([one.name for one in self.session.get_outputs()])

    def run(self, made: Prepared) -> npt.NDArray[Any]:
        """See `Graph.run`."""
        arrays = [made.image, *([] if made.trimap is None else [made.trimap])]
        feeds = {
            name: _cast(array, kind)
            for name, array, kind in zip(self._names, arrays, self._types, strict=True)
        }
        for name, (value, shape, kind) in self._constants.items():
            feeds[name] = _constant(value, shape, made.longest).astype(kind)
        found: npt.NDArray[Any] = self.session.run([self._output], feeds)[0]
        return found

    def _fail(self, message: str) -> MethodError:
        return MethodError(f"{self.definition.where}: {message}")

    def _type(self, name: str, inputs: dict[str, Any]) -> Any:
        kind = inputs[name].type
        if kind not in _TYPES:
            raise self._fail(f"{self.path.name} takes {kind} as {name}, which is not supported")
        return _TYPES[kind]

    def _shape(self, name: str, inputs: dict[str, Any]) -> list[int]:
        """Return the shape of a constant; axes of any length get one element."""
        if name not in inputs:
            have = ", ".join(inputs)
            raise self._fail(
                f"key 'input.constants.{name}': {self.path.name} has no such input (it has: {have})"
            )
        return [side if isinstance(side, int) else 1 for side in inputs[name].shape]

    def _check_size(self, shape: list[Any]) -> None:
        """Compare the size in the TOML file with the size that the graph is fixed to."""
        given = self.definition.input
        sides = shape[2:4] if given.layout == "nchw" else shape[1:3]
        fixed = [side for side in sides if isinstance(side, int)]
        if len(fixed) != 2:
            return
        if given.size is None or list(given.size) != fixed:
            says = f"is {list(given.size)}" if given.size else "is missing"
            raise self._fail(
                f"key 'input.size' {says}, but {self.path.name} takes only {fixed} "
                f"(layout {given.layout})"
            )

    def _chosen(self, names: list[str]) -> str:
        index = self.definition.output.index
        if isinstance(index, int) and index < len(names):
            return names[index]
        if index in names:
            return str(index)
        raise self._fail(
            f"key 'output.index': {self.path.name} has no output {index!r} (it has: "
            f"{', '.join(names)})"
        )


def _refusal(reason: str) -> str:
    """Return the end of a sentence on why onnxruntime cannot load a file."""
    if "external" in reason.lower():
        return (
            "keeps its weights in another file, which its hash would not cover; save it as one "
            "file: onnx.save(onnx.load('FILE'), 'one.onnx')"
        )
    first = plain(reason.strip().partition("\n")[0])[:200]
    return f"cannot be loaded by onnxruntime: it is damaged, or of another version ({first})"


def _named(free: list[str], wanted: list[str], fail: Any) -> list[str]:
    """Return the names of the inputs for image and trimap."""
    for name in filter(None, wanted):
        if name not in free:
            raise fail(f"the model has no input {name!r} (it has: {', '.join(free)})")
    rest = [name for name in free if name not in wanted]
    found = [name or (rest.pop(0) if rest else "") for name in wanted]
    if rest or "" in found:
        raise fail(
            f"the model takes {len(free)} inputs ({', '.join(free)}), and the file gives "
            f"{len(wanted)}; give the others in [input.constants]"
        )
    return found


def _cast(array: npt.NDArray[Any], kind: str) -> npt.NDArray[Any]:
    import numpy as np

    return (
        np.rint(array).astype(kind)
        if np.issubdtype(np.dtype(kind), np.integer)
        else array.astype(kind)
    )


def _constant(value: Constant, shape: list[int], longest: int) -> npt.NDArray[Any]:
    """Return the array of a constant; text "N/longest" is N / longer side, at most 1."""
    import numpy as np

    if isinstance(value, str):
        value = min(1.0, int(value.removesuffix(SHARE)) / longest)
    if isinstance(value, tuple):
        return np.asarray(value).reshape(shape)
    return np.full(shape, value)
