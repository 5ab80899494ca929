"""Placeholders for the objects that training scripts save beside tensors; no object is created.

A pickle names functions and their arguments. The names below are common beside weights and contain
none, so they are read as `Inert`, which keeps nothing: no library gets arguments from a file.
Mappings and sequences of a library's own type are read as plain ones, because they may contain
weights.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any


class Inert:
    """A placeholder for an object in a file."""

    def __init__(self, *_made_of: object) -> None:
        """Ignore the arguments of the object."""

    def __setstate__(self, state: object) -> None:
        """Ignore the state of the object."""


class Array(Inert):
    """A placeholder for a NumPy array in a file."""


class PlainMapping:
    """A mapping of a library's own type, read as an ordered dictionary."""

    def __new__(cls, *_made_of: object) -> Any:
        """Return an empty dictionary, which the file fills item by item."""
        return OrderedDict()


class PlainSequence:
    """A sequence of a library's own type, read as a list."""

    def __new__(cls, *_made_of: object) -> Any:
        """Return an empty list, which the file fills item by item."""
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
    """Return pairs of a placeholder and the name that it replaces, for ``torch.serialization``."""
    arrays = [f"{module}._reconstruct" for module in _MULTIARRAY]
    paths = [f"{module}.{name}" for module in _PATH_MODULES for name in _PATHS]
    scalars = [f"{module}.scalar" for module in _MULTIARRAY]
    return [
        *((Inert, name) for name in (*_NUMPY, *scalars, *paths, *_PLAIN)),
        *((Array, name) for name in arrays),
        *((PlainMapping, name) for name in _TABLES),
        (PlainSequence, "collections.deque"),
    ]
