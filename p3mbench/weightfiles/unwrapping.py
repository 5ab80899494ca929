"""Find the state dicts in a checkpoint, wherever a training script put them.

A state dict is a mapping of names to tensors. Scripts nest it beside an optimiser's state, numbers
of the run and a second, averaged copy of the weights. `state_dicts` finds all of them with their
places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import WeightsError
from p3mbench.names import printable
from p3mbench.weightfiles.inert import Array

if TYPE_CHECKING:
    from torch import Tensor

DEEPEST = 8  # levels of nested containers to search
MOST_PARTS = 64  # entries of a list to search
SHOWN = 3

# usual places of plain weights
USUAL = {
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "params", "module",
    "weights", "net_state_dict", "network_state_dict", "state_dict_model", "state",
}  # fmt: skip
# places of tensors that are not weights
_NO_WEIGHTS = re.compile(r"(?i)optim|sched|scaler|^opt$|^amp$|loss|criterion|grads?$|rng|random")
_AVERAGED = re.compile(
    r"(?<![A-Za-z])(?:[Ee]ma|[Ss]wa|[Aa]vg|[Aa]veraged?|[Aa]veraging|[Ss]hadow|[Pp]olyak)(?![a-z])"
    r"|EMA|SWA"
)
AVERAGE_COUNTER = "n_averaged"  # of torch.optim.swa_utils.AveragedModel
# numbers of a run among tensors
BOOKKEEPING = {
    AVERAGE_COUNTER, "num_updates", "decay", "step", "global_step", "epoch", "initted", "updates",
    "iteration", "iter", "num_batches", "total_ops", "total_params",  # the last two are thop's
}  # fmt: skip


@dataclass(frozen=True)
class StateDict:
    """A state dict within a checkpoint.

    Attributes:
        where: the keys that lead to it, joined by dots; "" for the file's outermost mapping.
        tensors: tensors by name, as saved.
        averaged: whether they are a running average of the weights (EMA, SWA).
        usual: whether this is a usual place of plain weights.
    """

    where: str
    tensors: Mapping[str, Tensor]
    averaged: bool
    usual: bool

    @property
    def rank(self) -> int:
        """Position in the order of trying: averages, then usual places, then others."""
        return 0 if self.averaged else 1 if self.usual else 2

    @property
    def label(self) -> str:
        """The place for messages."""
        return repr(printable(self.where)) if self.where else "the outermost mapping"


def state_dicts(content: Any, path: Path) -> list[StateDict]:
    """Find every state dict in the content of a file, in the order of trying.

    An average (``ema``, ``state_dict_ema``, ``params_ema``, ``swa_model``, a mapping with
    ``n_averaged``, or tensors under a prefix such as ``ema_model.``) comes before the plain weights
    beside it: authors report averages, and timm, BasicSR and torchvision test with them.

    Raises:
        WeightsError: there is no state dict.
    """
    found = [part for whole in _walk(content, (), set()) for part in _parts(whole)]
    if not found:
        raise WeightsError(f"{path} contains no state dict (tensors by name){_instead(content)}")
    return sorted(found, key=lambda one: (one.rank, one.where.count(".")))


def _walk(value: Any, where: tuple[str, ...], seen: set[int]) -> Iterator[StateDict]:
    if id(value) in seen or len(where) > DEEPEST:
        return  # a pickle may contain one container a million times
    seen.add(id(value))
    if isinstance(value, list | tuple):
        if len(value) <= MOST_PARTS:
            for i, part in enumerate(value):
                yield from _walk(part, (*where, str(i)), seen)
        return
    if not isinstance(value, Mapping) or "param_groups" in value:
        return
    inner = [
        one
        for key, part in value.items()
        if not _NO_WEIGHTS.search(_text(key))
        for one in _walk(part, (*where, _text(key)), seen)
    ]
    yield from inner
    tensors = _tensors(value)
    if any(tensor.dim() for tensor in tensors.values()) and not inner:
        averaged = AVERAGE_COUNTER in tensors or any(_AVERAGED.search(key) for key in where)
        usual = all(key in USUAL for key in where)
        yield StateDict(".".join(where), tensors, averaged, usual)


def _text(key: Any) -> str:
    """Convert a key to text: scripts number their networks, and Python 2 wrote bytes."""
    return key.decode(errors="replace") if isinstance(key, bytes) else str(key)


def _tensors(value: Mapping[Any, Any]) -> dict[str, Tensor]:
    from torch import Tensor

    return {
        key: part
        for key, part in value.items()
        if isinstance(key, str) and isinstance(part, Tensor)
    }


def _parts(found: StateDict) -> Iterator[StateDict]:
    """Yield a state dict, or its averaged and plain halves if a prefix separates them."""
    first = dict.fromkeys(name.partition(".")[0] for name in found.tensors if "." in name)
    averaged = [name for name in first if _AVERAGED.search(name)]
    if not averaged or len(first) == len(averaged):
        yield found
        return
    for name in averaged:
        part = {k: v for k, v in found.tensors.items() if k.partition(".")[0] == name}
        yield StateDict(f"{found.where}.{name}".lstrip("."), part, True, found.usual)
    rest = {k: v for k, v in found.tensors.items() if k.partition(".")[0] not in averaged}
    yield StateDict(found.where, rest, False, found.usual)
    # a network may have a part with such a name
    yield StateDict(found.where, found.tensors, False, found.usual)


def _instead(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f" but {type(content).__name__}"
    if not content:
        return " but nothing"
    keys = [printable(str(key)) for key in content]
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    arrays = any(isinstance(part, Array) for part in _values(content, 0))
    hint = "; NumPy arrays are not read: turn them into tensors" if arrays else ""
    return f" under any of its keys: {', '.join(keys[:SHOWN])}{more}{hint}"


def _values(content: Mapping[Any, Any], depth: int) -> Iterator[Any]:
    for part in content.values():
        yield part
        if isinstance(part, Mapping) and depth < 1:
            yield from _values(part, depth + 1)
