"""Match a state dict with a network: every tensor by name and shape, or none.

Prefixes of wrappers are removed from names: ``module.`` (DataParallel, AveragedModel),
``_orig_mod.`` (torch.compile), and any prefix of all names, such as Lightning's ``model.``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from p3mbench.names import printable
from p3mbench.weightfiles.unwrapping import BOOKKEEPING, StateDict

if TYPE_CHECKING:
    from torch import Tensor, nn

SHOWN = 3  # number of keys in a message
COUNTER = "num_batches_tracked"  # of batch normalisation; it affects no output
WRAPPERS = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")  # at any depth
PARALLEL = "module"  # only as a prefix; networks have inner modules with that name


@dataclass(frozen=True)
class Expected:
    """The tensors of a network.

    Attributes:
        network: name of its class, for messages.
        tensors: its tensors by name; only shapes and dtypes matter, except for counters.
        twins: name -> the other names of the same tensor.
    """

    network: str
    tensors: Mapping[str, Tensor]
    twins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, network: nn.Module) -> Expected:
        """Collect the tensors of ``network``."""
        names: dict[int, list[str]] = {}
        for named in (network.named_parameters, network.named_buffers):
            for name, tensor in named(remove_duplicate=False):
                names.setdefault(id(tensor), []).append(name)
        twins = {
            name: tuple(other for other in group if other != name)
            for group in names.values()
            if len(group) > 1
            for name in group
        }
        return cls(type(network).__name__, network.state_dict(), twins)


@dataclass(frozen=True)
class Fit:
    """How a state dict compares with a network.

    Attributes:
        found: the state dict.
        tensors: its tensors under the network's names, as far as these are recognised.
        problems: reasons why it cannot be loaded, one entry per kind; () for none.
        shared: number of names that agree, also in shape.
    """

    found: StateDict
    tensors: Mapping[str, Tensor]
    problems: tuple[str, ...]
    shared: int


def fit_of(found: StateDict, expected: Expected) -> Fit:
    """Return the best fit of a state dict after removing prefixes of wrappers from its names."""
    best: Fit | None = None
    for tensors in _renamings(found.tensors):
        fit = _compared(found, tensors, expected)
        if not fit.problems:
            return fit
        if best is None or fit.shared >= best.shared:  # on a tie, prefer names without wrappers
            best = fit
    if best is None:
        raise AssertionError("a state dict has at least its own names")
    return best


def unwrapped(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove wrappers' prefixes from a state dict without knowing the network's names.

    ``module.`` and ``_orig_mod.`` are removed if every name begins with them; numbers of the run
    are removed too.
    """
    best = _without_numbers(tensors)
    while best and all(name.split(".")[0] in (PARALLEL, *WRAPPERS) for name in best):
        best = {name.partition(".")[2]: tensor for name, tensor in best.items()}
    return _renamed(best, _without_wrappers) or best


def _renamings(tensors: Mapping[str, Tensor]) -> Iterator[Mapping[str, Tensor]]:
    """Yield a state dict under its own names, then with more and more of the names removed."""
    yield tensors
    plain = _renamed(_without_numbers(tensors), _without_wrappers)
    if not plain:
        return
    bases = [plain]
    if inner := _renamed(plain, _without_parallel):
        bases.append(inner)
    for base in bases:
        yield base
        for depth in range(1, _common_depth(base) + 1):
            yield {name.split(".", depth)[depth]: tensor for name, tensor in base.items()}


def _without_numbers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor
        for name, tensor in tensors.items()
        if not (name.rpartition(".")[2] in BOOKKEEPING and tensor.numel() == 1)
    }


def _renamed(
    tensors: Mapping[str, Tensor], change: Callable[[str], str]
) -> dict[str, Tensor] | None:
    """Change the names; returns None if two would become equal."""
    changed = {change(name): tensor for name, tensor in tensors.items()}
    return changed if len(changed) == len(tensors) and "" not in changed else None


def _without_wrappers(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _without_parallel(name: str) -> str:
    return ".".join(part for part in name.split(".") if part != PARALLEL)


def _common_depth(tensors: Mapping[str, Tensor]) -> int:
    """Count the leading parts that all names share; each name keeps at least one part."""
    parts = [name.split(".") for name in tensors]
    shortest = min((len(each) for each in parts), default=1) - 1
    depth = 0
    while depth < shortest and len({each[depth] for each in parts}) == 1:
        depth += 1
    return depth


def _compared(found: StateDict, tensors: Mapping[str, Tensor], expected: Expected) -> Fit:
    completed = _completed(tensors, expected)
    problems = _differences(completed, expected.tensors)
    shared = sum(
        name in completed and completed[name].shape == tensor.shape
        for name, tensor in expected.tensors.items()
    )
    return Fit(found, completed, tuple(problems), shared)


def _completed(tensors: Mapping[str, Tensor], expected: Expected) -> dict[str, Tensor]:
    """Add the parts that files may omit: counters of batch normalisation, second names of tensors.

    Remove counters that the network lacks, and numbers of the run.
    """
    wanted = expected.tensors
    tensors = {
        name: tensor.reshape(())
        if name.endswith(COUNTER) and tensor.dim() and tensor.numel() == 1
        else tensor
        for name, tensor in tensors.items()
    }
    state = {
        name: tensor
        for name, tensor in tensors.items()
        if name in wanted or not _is_spare(name, tensor, wanted)
    }
    for name, own in wanted.items():
        if name in state:
            continue
        twin = next((other for other in expected.twins.get(name, ()) if other in state), None)
        if twin is not None:
            state[name] = state[twin]
        elif name.endswith(COUNTER) and name.removesuffix(COUNTER) + "running_mean" in state:
            state[name] = own
    return state


def _is_spare(name: str, tensor: Tensor, wanted: Mapping[str, Tensor]) -> bool:
    stem, _, last = name.rpartition(".")
    if last == COUNTER:
        return f"{stem}.running_mean" in wanted
    return last in BOOKKEEPING and tensor.numel() == 1


def _differences(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    """Return the reasons why ``state`` cannot be loaded, one entry per kind."""
    common = [name for name in wanted if name in state]
    kinds = {
        "missing": [name for name in wanted if name not in state],
        "unexpected": [name for name in state if name not in wanted],
        "shape": [
            f"{name} is {_shape(state[name])} instead of {_shape(wanted[name])}"
            for name in common
            if state[name].shape != wanted[name].shape
        ],
        "type": [
            f"{name} is {_kind(state[name])} instead of {_kind(wanted[name])}"
            for name in common
            if _mistyped(name, state[name], wanted[name])
        ],
    }
    return [f"{kind}: {some(entries)}" for kind, entries in kinds.items() if entries]


def _mistyped(name: str, tensor: Tensor, wanted: Tensor) -> bool:
    if tensor.is_complex() or tensor.is_quantized or tensor.is_meta or _layout(tensor):
        return True
    if name.endswith(COUNTER):
        return False
    return tensor.is_floating_point() != wanted.is_floating_point()


def _layout(tensor: Tensor) -> str:
    """Return a tensor's layout if it is not dense, such as ``sparse_coo``."""
    layout = str(tensor.layout).removeprefix("torch.")
    return "" if layout == "strided" else layout


def _kind(tensor: Tensor) -> str:
    meta = "without values (saved from the meta device)" if tensor.is_meta else ""
    return meta or _layout(tensor) or str(tensor.dtype)


def _shape(tensor: Tensor) -> str:
    return "x".join(str(side) for side in tensor.shape) or "a scalar"


def some(entries: Sequence[str]) -> str:
    """Join the first few of some names, and count the others.

    >>> some(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = len(entries) - SHOWN
    shown = ", ".join(printable(entry) for entry in entries[:SHOWN])
    return shown + (f" and {more} more" if more > 0 else "")
