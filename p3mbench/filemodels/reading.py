"""Read the TOML file of a model strictly: an error is one line that names the file and the key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import cast

from p3mbench.errors import MethodError
from p3mbench.filemodels.definition import (
    ACTIVATIONS,
    IMAGENET,
    LAYOUTS,
    ORDERS,
    PADS,
    RESIZES,
    SHARE,
    TRIMAPS,
    Constant,
    ModelDefinition,
    ModelFormat,
    ModelInput,
    ModelOutput,
    Triple,
)
from p3mbench.method import Checkpoint, Kind
from p3mbench.names import printable, problem_of
from p3mbench.settings import TrainSetting, spelt
from p3mbench.toml_table import TomlTable

_FACTS = ("verified", "remarks", "sources")  # lists of texts that the method's page shows
_KEYS = {
    "method": (
        "name", "title", "kind", "year", "citation", "licence", "train_setting", "train_sets",
        "description", "parameters", *_FACTS,
    ),
    "weights": ("file", "sha256", "md5", "url", "huggingface", "path", "format", "class"),
    "input": (
        "size", "shorter", "longest", "keep_between", "enlarge", "keep_aspect", "multiple", "pad",
        "resize", "layout", "order", "range", "mean", "std", "trimap", "name", "trimap_name",
        "constants",
    ),
    "output": ("index", "channel", "activation", "resize", "layout"),
}  # fmt: skip
_SUFFIXES = {
    ".onnx": ModelFormat.ONNX,
    ".pt": ModelFormat.TORCHSCRIPT,
    ".ts": ModelFormat.TORCHSCRIPT,
    ".torchscript": ModelFormat.TORCHSCRIPT,
    ".safetensors": ModelFormat.TRANSFORMERS,
}
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_CLASS = re.compile(r"[A-Za-z]\w*")
_DIGITS = {"sha256": 64, "md5": 32}
_YEARS = range(1980, 2100)


def read_text(path: Path) -> str:
    """Read a TOML file as text.

    Raises:
        MethodError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MethodError(f"{path}: cannot be read ({error})") from None


def parse(text: str, where: str, folder: str) -> ModelDefinition:
    """Read a definition.

    Args:
        text: TOML.
        where: the file, for messages.
        folder: folder of the weights if ``file`` is a relative path; "" for the weights folder.

    Raises:
        MethodError: it is not TOML, or a key is unknown, missing, wrong or contradicts another.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MethodError(f"{where}: is not valid TOML ({error})") from None
    read = TomlTable(where, table, error=MethodError)
    read.only(_KEYS)
    tables = {name: read.inner(name) for name in _KEYS}
    for name, inner in tables.items():
        inner.only(_KEYS[name])
    method, weights = tables["method"], tables["weights"]
    name = _name(method)
    given = _input(tables["input"])
    form = _format(weights)
    return ModelDefinition(
        where=where,
        name=name,
        title=printable(method.text("title", name)),
        kind=_kind(method, given),
        year=_year(method),
        citation=printable(method.text("citation", "not stated")),
        description=printable(method.text("description", "A model that exists as a file.")),
        parameters=method.number("parameters", 1) if "parameters" in method.table else None,
        checkpoint=_checkpoint(method, weights, form, folder),
        format=form,
        class_name=_class_name(weights, form),
        facts=tuple(
            (key, printable("; ".join(method.texts(key)))) for key in _FACTS if key in method.table
        ),
        input=given,
        output=_output(tables["output"], given),
    )


def _name(method: TomlTable) -> str:
    name = method.text("name")
    if problem := problem_of(name):
        raise method.fail(f"key 'method.name': {printable(name)!r} cannot be used: {problem}")
    return name


def _year(method: TomlTable) -> int:
    year = method.number("year", _YEARS.start)
    if year not in _YEARS:
        raise method.fail(f"key 'method.year' must be the year of the paper, not {year}")
    return year


def _kind(method: TomlTable, given: ModelInput) -> Kind:
    """Return the kind that the trimap's key implies; ``kind`` may repeat it."""
    implied = Kind.TRIMAP_FREE if given.trimap == "none" else Kind.TRIMAP_BASED
    if method.choice("kind", [str(kind) for kind in Kind], str(implied)) != implied:
        raise method.fail(
            f"key 'method.kind' says {method.text('kind')}, but 'input.trimap' is "
            f"{given.trimap!r}; a trimap-based model needs one of {', '.join(TRIMAPS[1:])}"
        )
    return implied


def _format(weights: TomlTable) -> ModelFormat:
    if "class" in weights.table:
        return ModelFormat(
            weights.choice("format", list(ModelFormat), str(ModelFormat.TRANSFORMERS))
        )
    named = weights.text("file", weights.table.get("path", ""))
    known = _SUFFIXES.get(PurePosixPath(named).suffix.lower())
    if known is None and "format" not in weights.table:
        raise weights.fail(
            f"key 'weights.file': {named!r} ends in none of {', '.join(_SUFFIXES)}; "
            f"say what it is with 'format', one of {', '.join(ModelFormat)}"
        )
    return ModelFormat(weights.choice("format", list(ModelFormat), known and str(known)))


def _class_name(weights: TomlTable, form: ModelFormat) -> str:
    if form is not ModelFormat.TRANSFORMERS:
        if "class" in weights.table:
            raise weights.fail(f"key 'weights.class' is for transformers, not for {form}")
        return ""
    name = weights.text("class")
    if not _CLASS.fullmatch(name):
        raise weights.fail(f"key 'weights.class' must be a class of transformers, not {name!r}")
    return name


def _checkpoint(
    method: TomlTable, weights: TomlTable, form: ModelFormat, folder: str
) -> Checkpoint:
    hub, inside = _hub(weights, form)
    if "file" not in weights.table and not hub:
        raise weights.fail("needs the key 'weights.file' or 'weights.huggingface'")
    path = PurePosixPath(weights.text("file", inside))
    if form is ModelFormat.TRANSFORMERS and path.suffix.lower() != ".safetensors":
        path = path / "model.safetensors"  # the file named is the folder of the model
    if problem := problem_of(path.name):
        raise weights.fail(f"key 'weights.file': {printable(path.name)!r}: {problem}")
    home = str(path.parent) if path.is_absolute() else str(Path(folder) / path.parent)
    try:
        setting = TrainSetting(spelt(method.text("train_setting", "other")))
    except ValueError as error:
        raise method.fail(f"key 'method.train_setting': {error}") from None
    return Checkpoint(
        name=path.parent.name or path.stem if form is ModelFormat.TRANSFORMERS else path.stem,
        file=path.name,
        where=_where(weights, hub, inside),
        train_setting=setting,
        train_sets=method.texts("train_sets", ("not stated",)) or ("not stated",),
        licence=printable(method.text("licence", "not stated")),
        digest=_digest(weights),
        folder=home if folder or path.is_absolute() else "",
        hub=f"{hub}:{inside}" if hub else "",
    )


def _hub(weights: TomlTable, form: ModelFormat) -> tuple[str, str]:
    """Return the repository on the Hugging Face hub and the path in it; "" and "" for none."""
    if "huggingface" not in weights.table:
        if "path" in weights.table:
            raise weights.fail("key 'weights.path' is a path in a 'huggingface' repository")
        return "", ""
    if "url" in weights.table:
        raise weights.fail("keys 'weights.url' and 'weights.huggingface' exclude each other")
    hub = weights.text("huggingface")
    if not _HUB.fullmatch(hub):
        raise weights.fail(f"key 'weights.huggingface' must be ORGANISATION/MODEL, not {hub!r}")
    usual = "model.safetensors" if form is ModelFormat.TRANSFORMERS else "onnx/model.onnx"
    return hub, weights.text("path", usual)


def _where(weights: TomlTable, hub: str, inside: str) -> str:
    if hub:
        return f"{inside} of {hub} on the Hugging Face hub"
    if "url" in weights.table:
        return printable(weights.text("url"))
    return f"the file that {Path(weights.where).name} names"


def _digest(weights: TomlTable) -> str:
    for kind, length in _DIGITS.items():
        if kind in weights.table:
            value = weights.text(kind).lower()
            if not re.fullmatch(rf"[0-9a-f]{{{length}}}", value):
                raise weights.fail(
                    f"key 'weights.{kind}' must be {length} hexadecimal digits, not {value!r}"
                )
            return f"{kind}:{value}"
    return ""


def _input(table: TomlTable) -> ModelInput:
    size = _size(table)
    sides = [key for key in ("size", "shorter", "longest") if key in table.table]
    if len(sides) > 1:
        raise table.fail(f"keys 'input.{sides[0]}' and 'input.{sides[1]}' exclude each other")
    for key, needs in (("keep_between", ("shorter",)), ("enlarge", ("shorter", "longest"))):
        if key in table.table and not any(side in sides for side in needs):
            raise table.fail(f"key 'input.{key}' needs 'input.{needs[0]}'")
    scale = table.number("range", 1, 1)
    if scale not in (1, 255):
        raise table.fail(f"key 'input.range' must be 1 or 255, not {scale}")
    mean, std = _normalisation(table, scale)
    return ModelInput(
        size=size,
        shorter=table.number("shorter", 1) if "shorter" in sides else 0,
        longest=table.number("longest", 1) if "longest" in sides else 0,
        keep_between=table.flag("keep_between", False),
        enlarge=table.flag("enlarge", True),
        multiple=_multiple(table, size),
        pad=_pad(table, size),
        resize=table.choice("resize", RESIZES, "bilinear"),
        layout=table.choice("layout", LAYOUTS, "nchw"),
        order=table.choice("order", ORDERS, "rgb"),
        range=scale,
        mean=mean,
        std=std,
        trimap=table.choice("trimap", TRIMAPS, "none"),
        name=table.text("name") if "name" in table.table else "",
        trimap_name=_trimap_name(table),
        constants=MappingProxyType(_constants(table)),
    )


def _size(table: TomlTable) -> tuple[int, int] | None:
    if "size" not in table.table:
        return None
    value = table.table["size"]
    sides = value if isinstance(value, list) else [value, value]
    if len(sides) != 2 or not all(type(side) is int and side > 0 for side in sides):
        raise table.fail(f"key 'input.size' must be N or [HEIGHT, WIDTH], not {value!r}")
    return sides[0], sides[1]


def _normalisation(table: TomlTable, scale: int) -> tuple[Triple, Triple]:
    """Return mean and std; by default ImageNet's in the scale 1, and 0 and 1 in the scale 255."""
    if "mean" not in table.table and "std" not in table.table and scale == 1:
        return IMAGENET
    mean = cast(Triple, table.numbers("mean", 3, 0.0))
    std = cast(Triple, table.numbers("std", 3, 1.0))
    if min(std) <= 0:
        raise table.fail(f"key 'input.std' must be above 0, not {min(std):g}")
    if max(map(abs, mean)) > scale:
        raise table.fail(
            f"key 'input.mean' is {max(map(abs, mean)):g}, but white is {scale}; "
            "for values of 0 to 255 write range = 255"
        )
    return mean, std


def _multiple(table: TomlTable, size: tuple[int, int] | None) -> int:
    multiple = table.number("multiple", 1, 1)
    if size is not None and (size[0] % multiple or size[1] % multiple):
        raise table.fail(f"key 'input.size' is not a multiple of 'input.multiple' ({multiple})")
    return multiple


def _pad(table: TomlTable, size: tuple[int, int] | None) -> str:
    """Return how to pad; with ``size``, ``keep_aspect`` decides whether to pad at all."""
    keep = table.flag("keep_aspect", size is None)
    if size is None and not keep:
        raise table.fail("key 'input.keep_aspect' is false, but only 'input.size' can stretch")
    if size is not None and not keep and "pad" in table.table:
        raise table.fail("key 'input.pad' needs keep_aspect = true beside 'input.size'")
    if "pad" not in table.table:
        return "zero" if size is not None and keep else ""
    return table.choice("pad", PADS)


def _trimap_name(table: TomlTable) -> str:
    if "trimap_name" not in table.table:
        return ""
    if table.table.get("trimap") != "separate":
        raise table.fail("key 'input.trimap_name' needs trimap = \"separate\"")
    return table.text("trimap_name")


def _constants(table: TomlTable) -> dict[str, Constant]:
    """Read the values of further inputs: a number, a list of numbers, or text "N/longest"."""
    inner = table.inner("constants")
    found: dict[str, Constant] = {}
    for name, value in inner.table.items():
        if isinstance(value, str) and re.fullmatch(r"\d+" + SHARE, value.replace(" ", "")):
            found[name] = value.replace(" ", "")
        elif isinstance(value, list) and value:
            found[name] = inner.numbers(name, len(value), 0.0)
        elif not isinstance(value, list | str):
            found[name] = inner.numbers(name, 1, 0.0)[0]
        else:
            raise table.fail(
                f"key 'input.constants.{name}' must be a number, a list of numbers or "
                f'"N{SHARE}", not {value!r}'
            )
    return found


def _output(table: TomlTable, given: ModelInput) -> ModelOutput:
    index = table.table.get("index", 0)
    if isinstance(index, bool) or not isinstance(index, int | str) or index == "":
        raise table.fail(f"key 'output.index' must be a number or a name, not {index!r}")
    if isinstance(index, int) and index < 0:
        raise table.fail(f"key 'output.index' must be 0 or more, not {index}")
    activation = table.choice("activation", ACTIVATIONS, "none")
    if activation == "softmax" and "channel" not in table.table:
        raise table.fail("key 'output.activation' is softmax: say which 'channel' is the person")
    return ModelOutput(
        index=index,
        channel=table.number("channel", 0, 0),
        activation=activation,
        resize=table.choice("resize", RESIZES, "bilinear"),
        layout=table.choice("layout", LAYOUTS, given.layout),
    )
