"""Make methods of TOML files: built-in ones, the user's, and those given for one run.

Built-in files lie in the packages of the entry-point group ``p3mbench.models``. The user's lie in
`user_folder`, where ``p3mbench methods add`` puts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from p3mbench.filemodels.definition import ModelDefinition, ModelFormat
from p3mbench.filemodels.method import FileModel
from p3mbench.filemodels.onnx_model import OnnxModel
from p3mbench.filemodels.reading import parse
from p3mbench.filemodels.torchscript_model import TorchScriptModel
from p3mbench.filemodels.transformers_model import TransformersModel
from p3mbench.homes import data_home
from p3mbench.method import Method, MethodInfo

GROUP = "p3mbench.models"
SUFFIX = ".toml"
_RUNS: Mapping[ModelFormat, tuple[type[FileModel], str | None, tuple[str, ...]]] = MappingProxyType(
    {
        ModelFormat.ONNX: (OnnxModel, "onnx", ("onnxruntime",)),
        ModelFormat.TORCHSCRIPT: (TorchScriptModel, None, ()),
        ModelFormat.TRANSFORMERS: (TransformersModel, "transformers", ("transformers",)),
    }
)


def user_folder() -> Path:
    """Return the folder of the user's TOML files; it need not exist."""
    return data_home() / "methods"


def builtin_files() -> Iterator[tuple[str, Path]]:
    """Yield the distribution and the path of each built-in TOML file, sorted by name."""
    for point in entry_points(group=GROUP):
        origin = point.dist.name if point.dist is not None else point.value
        for path in sorted(Path(str(files(point.value))).glob(f"*{SUFFIX}")):
            yield origin, path


def user_files() -> list[Path]:
    """Return the user's registered TOML files, sorted by name."""
    return sorted(user_folder().glob(f"*{SUFFIX}"))


@lru_cache(maxsize=256)
def class_of(text: str, where: str, folder: str) -> type[Method]:
    """Return the class of the method that a TOML file declares.

    Args:
        text: TOML.
        where: path of the file.
        folder: folder of relative paths; "" for the weights folder.

    Raises:
        MethodError: the file is wrong; the message names the key.
    """
    definition = parse(text, where, folder)
    base, extra, imports = _RUNS[definition.format]
    made = type(
        "".join(part.capitalize() for part in definition.name.split("-")),
        (base,),
        {
            "__module__": base.__module__,
            "__doc__": definition.description,
            "info": _info(definition, extra, imports),
            "definition": definition,
            "source": (text, where, folder),
            "make": staticmethod(remade),
        },
    )
    return cast(type[Method], made)


def remade(text: str, where: str, folder: str, options: Mapping[str, Any]) -> Method:
    """Make a method again in another process, from the text of its TOML file."""
    return class_of(text, where, folder)(**options)


def _info(definition: ModelDefinition, extra: str | None, imports: tuple[str, ...]) -> MethodInfo:
    return MethodInfo(
        name=definition.name,
        title=definition.title,
        kind=definition.kind,
        year=definition.year,
        citation=definition.citation,
        learned=True,
        strategies=(definition.input.strategy,),
        checkpoints=(definition.checkpoint,),
        parameters=definition.parameters,
        extra=extra,
        imports=imports,
        model_file=definition.where,
        facts=(("runs", definition.format), *definition.facts),
    )
