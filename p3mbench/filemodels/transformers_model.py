"""Run a model of transformers from a folder of its files; no code of a repository is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import MethodError, WeightsError
from p3mbench.filemodels.definition import ModelDefinition
from p3mbench.filemodels.method import FileModel, Graph
from p3mbench.filemodels.tensors import array_of, tensors_of
from p3mbench.names import plain
from p3mbench.weights import location

if TYPE_CHECKING:
    import numpy.typing as npt

    from p3mbench.filemodels.arrays import Prepared

CONFIG = "config.json"


@dataclass(frozen=True)
class TransformersModel(FileModel):
    """A model of transformers."""

    def problem_of(self, path: Path) -> str:
        """See `FileModel.problem_of`."""
        if path.suffix != ".safetensors":
            return "is not the model.safetensors of a folder that transformers saved"
        if not path.with_name(CONFIG).is_file():
            return f"has no {CONFIG} beside it: give the folder that transformers saved"
        return ""

    def opened(self, device: str, path: Path) -> Graph:
        """See `FileModel.opened`."""
        return TransformersGraph(self.definition, path, device)

    def code_files(self) -> tuple[Path, ...]:
        """See `FileModel.code_files`; the configuration is a part of the network's code."""
        path = location(self.definition.checkpoint)
        return (*super().code_files(), *([path.with_name(CONFIG)] if path else []))


class TransformersGraph:
    """A loaded model.

    Args:
        definition: the TOML file.
        path: ``model.safetensors`` beside its ``config.json``.
        device: ``cpu`` or a CUDA device.

    Raises:
        MethodError: transformers has no such class.
        WeightsError: the weights do not fit it.
    """

    def __init__(self, definition: ModelDefinition, path: Path, device: str) -> None:
        import torch
        import transformers

        made: Any = getattr(transformers, definition.class_name, None)
        if made is None or not hasattr(made, "from_pretrained"):
            raise MethodError(
                f"{definition.where}: key 'weights.class': transformers "
                f"{transformers.__version__} has no model {definition.class_name!r}"
            )
        try:
            self.model, report = made.from_pretrained(
                path.parent,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except Exception as error:  # OSError, ValueError, RuntimeError and safetensors' own
            reason = plain(str(error).strip().partition("\n")[0])[:200]
            raise WeightsError(f"{path} cannot be loaded by transformers ({reason})") from error
        odd = [name for key in ("missing_keys", "unexpected_keys") for name in report[key]]
        if odd:
            raise WeightsError(
                f"{path} does not fit {definition.class_name}: {len(odd)} tensors are missing or "
                f"left over ({', '.join(sorted(map(str, odd))[:3])})"
            )
        self.model.to(device).eval()
        self.definition, self.device = definition, device

    def run(self, made: Prepared) -> npt.NDArray[Any]:
        """See `Graph.run`."""
        import torch

        with torch.inference_mode():
            found = self.model(pixel_values=tensors_of(made, self.device)[0])
        return array_of(found, self.definition)
