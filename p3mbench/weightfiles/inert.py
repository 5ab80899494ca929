"""Placeholders for the objects that training scripts put beside tensors; none is created.

A pickle names functions and the arguments to call them with. The names below are common beside
weights and hold none, so they are read as `Inert`, which keeps nothing: no library is called with
what a file says. Mappings and sequences of a library's own type are read as plain ones, since
weights may lie in them.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any


class Inert:
    """An object that was in a file and was not made."""

    def __init__(self, *_made_of: object) -> None:
        """Takes what the object would have been made of."""

    def __setstate__(self, state: object) -> None:
        """Takes what the object would have been filled with."""


class Array(Inert):
    """A NumPy array that was in a file."""


class PlainMapping:
    """A mapping of a library's own type; what comes out is an ordered dictionary."""

    def __new__(cls, *_made_of: object) -> Any:
        """An empty dictionary, which the file fills item by item."""
        return OrderedDict()


class PlainSequence:
    """A sequence of a library's own type; what comes out is a list."""

    def __new__(cls, *_made_of: object) -> Any:
        """An empty list, which the file fills item by item."""
        return []


_NUMPY = ("numpy.dtype", "numpy.ndarray", "numpy.bool_")
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_PATHS = ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
_PATH_MODULES = ("pathlib", "pathlib._local")  # the latter in Python 3.13
_PLAIN = (
    "argparse.Namespace", "types.SimpleNamespace", "datetime.datetime", "datetime.date",
    "datetime.time", "datetime.timedelta", "decimal.Decimal", "fractions.Fraction", "uuid.UUID",
    "builtins.frozenset", "builtins.range", "builtins.slice", "builtins.list", "builtins.dict",
    "builtins.tuple", "builtins.int", "builtins.float", "builtins.str", "builtins.bool",
    "builtins.bytes",
)  # fmt: skip
_TABLES = (
    "collections.defaultdict", "easydict.EasyDict", "addict.addict.Dict", "yacs.config.CfgNode",
    "pytorch_lightning.utilities.parsing.AttributeDict", "mmcv.utils.config.ConfigDict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict", "mmengine.config.config.ConfigDict",
)  # fmt: skip


def stand_ins() -> list[Any]:
    """Pairs of a stand-in and the name it is read for, as ``torch.serialization`` takes them."""
    arrays = [f"{module}._reconstruct" for module in _MULTIARRAY]
    paths = [f"{module}.{name}" for module in _PATH_MODULES for name in _PATHS]
    scalars = [f"{module}.scalar" for module in _MULTIARRAY]
    return [
        *((Inert, name) for name in (*_NUMPY, *scalars, *paths, *_PLAIN)),
        *((Array, name) for name in arrays),
        *((PlainMapping, name) for name in _TABLES),
        (PlainSequence, "collections.deque"),
    ]
