"""Run a TorchScript archive; it is a program, so it runs only if the user trusts it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import MethodError, WeightsError
from p3mbench.filemodels.definition import ModelDefinition
from p3mbench.filemodels.method import TRUST_VARIABLE, FileModel, Graph
from p3mbench.filemodels.tensors import array_of, tensors_of
from p3mbench.names import plain
from p3mbench.weightfiles.kinds import not_torchscript

if TYPE_CHECKING:
    import numpy.typing as npt

    from p3mbench.filemodels.arrays import Prepared


@dataclass(frozen=True)
class TorchScriptModel(FileModel):
    """A model in TorchScript."""

    def problem_of(self, path: Path) -> str:
        """See `FileModel.problem_of`."""
        return not_torchscript(path)

    def opened(self, device: str, path: Path) -> Graph:
        """See `FileModel.opened`."""
        if not os.environ.get(TRUST_VARIABLE):
            raise MethodError(
                f"{path} is TorchScript, a program that can do anything on this machine: if you "
                "trust those who made it, run again with --trust"
            )
        return TorchScriptGraph(self.definition, path, device)


class TorchScriptGraph:
    """A loaded archive."""

    def __init__(self, definition: ModelDefinition, path: Path, device: str) -> None:
        import warnings

        import torch

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                load: Any = torch.jit.load  # untyped
                self.module = load(path, map_location=device).eval()
        except Exception as error:  # of the archive's own code
            reason = plain(str(error).strip().partition("\n")[0])[:200]
            raise WeightsError(f"{path} cannot be loaded: it is damaged ({reason})") from error
        self.definition, self.device = definition, device

    def run(self, made: Prepared) -> npt.NDArray[Any]:
        """See `Graph.run`."""
        import torch

        with torch.inference_mode():
            found = self.module(*tensors_of(made, self.device))
        return array_of(found, self.definition)
