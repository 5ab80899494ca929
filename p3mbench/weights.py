"""Find trained weights and load them into a network.

`p3mbench.weightfiles` reads files without executing their content, finds the state dict and matches
it with the network. Torch is imported inside the functions.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import DataWarning, MethodError, WeightsError
from p3mbench.homes import data_home
from p3mbench.method import Checkpoint, Method, MethodInfo, options_of, with_options
from p3mbench.names import printable
from p3mbench.settings import TRAIN_SETTINGS, UNTRAINED, is_train_setting
from p3mbench.weightfiles.fitting import Expected, Fit, fit_of, some, unwrapped
from p3mbench.weightfiles.reading import HEADER_KEY, RecordError, header, read
from p3mbench.weightfiles.unwrapping import StateDict, state_dicts

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "HEADER_KEY",
    "MisfitError",
    "Probed",
    "RecordError",
    "as_recorded",
    "changed_options",
    "choices",
    "find_checkpoint",
    "load_into",
    "load_state",
    "location",
    "needs_weights",
    "probing",
    "read_state_dict",
    "recorded",
    "recorded_width",
    "required",
    "weights_dir",
]

ENVIRONMENT_VARIABLE = "P3MBENCH_WEIGHTS"
MOST_WIDTH = 8
KIN = 0.5  # least share of equal names and shapes for calling a misfit a variant


def weights_dir() -> Path:
    """Return the folder of checkpoints; it need not exist and is not created.

    It is ``$P3MBENCH_WEIGHTS`` if set, else ``weights`` in `homes.data_home`.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(named).expanduser() if named else data_home() / "weights"


def find_checkpoint(info: MethodInfo) -> Path | None:
    """Find a method's first published checkpoint that is on this machine; see `location`."""
    return next(filter(None, map(location, info.checkpoints)), None)


def location(checkpoint: Checkpoint) -> Path | None:
    """Find a published file: in its own folder, in `weights_dir`, or in the Hugging Face cache."""
    folders = [Path(checkpoint.folder)] if checkpoint.folder else []
    candidates = [folder / checkpoint.file for folder in (*folders, weights_dir())]
    candidates += filter(None, [_in_hub_cache(checkpoint.hub)])
    return next((path for path in candidates if path.is_file()), None)


def _in_hub_cache(hub: str) -> Path | None:
    """Return the place of a file in the cache of huggingface_hub; None if it was not fetched.

    The layout of that cache is documented: ``models--ORGANISATION--MODEL``, in it ``refs/main``
    with a commit and ``snapshots/COMMIT``.
    """
    if not hub:
        return None
    repository, _, inside = hub.partition(":")
    base = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(base) / "hub")
    folder = cache / f"models--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return folder / "snapshots" / commit / inside


def needs_weights(info: MethodInfo) -> str:
    """Return one line on how to give a method its missing weights."""
    give = f"--weights {info.name}=FILE"
    if info.model_file:
        declared = info.checkpoints[0]
        return (
            f"needs weights: {declared.file} is not in {declared.folder or weights_dir()}; get "
            f"{declared.where}, then run 'p3mbench weights add {info.name} FILE'"
        )
    if not info.checkpoints:
        return f"needs weights, and none are published: train some and give {give}"
    checkpoint = info.checkpoints[0]
    return (
        f"needs weights: put {checkpoint.file} into {weights_dir()}, or name the file with "
        f"'p3mbench run {give}' ({checkpoint.where})"
    )


def required(info: MethodInfo, weights: Path | None) -> Path:
    """Return the weights of a learned method.

    Raises:
        WeightsError: ``weights`` is None; the message says how to give them.
    """
    if weights is None:
        raise WeightsError(f"{info.name} {needs_weights(info)}")
    return weights


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint by name, on the CPU, without prefixes of wrappers.

    They are the first of `p3mbench.weightfiles.unwrapping.state_dicts`. If there is a network, use
    `load_into`, which knows from the network's names which prefixes to remove.

    Raises:
        WeightsError: the file is missing, empty, damaged or not a checkpoint, or contains objects
            other than tensors and plain containers.
    """
    return unwrapped(state_dicts(read(path), path)[0].tensors)


def recorded(path: Path) -> dict[str, Any]:
    """Read the record of ``p3mbench train`` in a checkpoint's header; empty for any other file.

    The keys are those of `p3mbench.training.state.Record`, and ``aliases``: second names of
    tensors that are stored once.

    Raises:
        WeightsError: the file is missing or empty.
        RecordError: the record or a value in it is impossible; the message names the key.
    """
    record = header(path)
    for key, (holds, what) in _RECORDED.items():
        if key in record and not holds(record[key]):
            shown = printable(repr(record[key]))
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            raise RecordError(f"{path}: its header's {key!r} must be {what}, not {shown}")
    return record


# key of a record -> (test of a value, description of valid values)
_RECORDED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "method": (lambda v: isinstance(v, str) and bool(v), "a method's name"),
    "setting": (
        lambda v: isinstance(v, str) and (v == UNTRAINED or is_train_setting(v)),
        f"one of {', '.join((*TRAIN_SETTINGS, UNTRAINED))} or another obfuscation",
    ),
    "train_sets": (
        lambda v: isinstance(v, list) and all(isinstance(one, str) for one in v),
        "a list of names",
    ),
    "seed": (lambda v: isinstance(v, int | str) and not isinstance(v, bool), "a whole number"),
    "width": (
        lambda v: isinstance(v, int | float) and not isinstance(v, bool) and 0 < v <= MOST_WIDTH,
        f"a width above 0 and up to {MOST_WIDTH} (else the file is damaged)",
    ),
    "options": (
        lambda v: isinstance(v, dict) and all(isinstance(one, str) for one in v),
        "an object of options",
    ),
}


def recorded_width(path: Path) -> float:
    """Read a trained checkpoint's factor on the network's channels; 1 for other files."""
    return float(recorded(path).get("width", 1.0))


def as_recorded(
    method: Method, options: Mapping[str, Any], path: Path, chosen: Iterable[str] = ()
) -> Method:
    """Return a method with the options that a checkpoint records.

    Args:
        method: the method with the user's options.
        options: options from `recorded`.
        path: checkpoint, for messages.
        chosen: names of the user's options, which stay.

    Raises:
        RecordError: the method has no such option, or it cannot take the value.
    """
    stay = set(chosen)
    try:
        return with_options(method, {k: v for k, v in options.items() if k not in stay})
    except MethodError as error:
        raise RecordError(f"{path}: its header's 'options' cannot be used: {error}") from None


def changed_options(method: Method) -> tuple[str, ...]:
    """Return the names of a method's options that differ from their defaults."""
    default = options_of(type(method)())
    return tuple(name for name, value in options_of(method).items() if value != default[name])


class MisfitError(WeightsError):
    """A checkpoint is readable but belongs to another network.

    Attributes:
        path: path of the file.
        kin: whether at least half of the names and shapes agree.
    """

    def __init__(self, message: str, path: Path, kin: bool) -> None:
        super().__init__(message)
        self.path, self.kin = path, kin


class Probed(Exception):
    """The tensors of a network; `load_into` raises this within `probing` instead of loading."""

    def __init__(self, expected: Expected) -> None:
        super().__init__(expected.network)
        self.expected = expected


_PROBING: ContextVar[bool] = ContextVar("probing", default=False)


@contextlib.contextmanager
def probing() -> Iterator[None]:
    """Within the context, `load_into` loads nothing and raises `Probed`."""
    token = _PROBING.set(True)
    try:
        yield
    finally:
        _PROBING.reset(token)


def load_into(network: nn.Module, path: Path) -> None:
    """Load a checkpoint's tensors into ``network``; on any error the network does not change.

    The state dict may be nested, an average comes before the plain weights, and wrappers' prefixes
    are removed (see `p3mbench.weightfiles`). Every tensor must fit by name and shape, and none may
    be left over. Floating tensors of another precision are converted to the network's; missing
    counters of batch normalisation are added.

    Raises:
        WeightsError: as for `read_state_dict`; or two state dicts fit equally well, or a tensor
            contains NaN.
        MisfitError: the tensors belong to another network.
    """
    if _PROBING.get():
        raise Probed(Expected.of(network))
    _load(network, state_dicts(read(path), path), path)


def load_state(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Load tensors that were read (and renamed), as `load_into` does; ``path`` is for messages."""
    if _PROBING.get():
        raise Probed(Expected.of(network))
    _load(network, [StateDict("", state, averaged=False, usual=True)], path)


def _load(network: nn.Module, found: list[StateDict], path: Path) -> None:
    chosen = _chosen(found, Expected.of(network), path)
    _check_numbers(chosen.tensors, path)
    network.load_state_dict(chosen.tensors, strict=True)
    note = _beside(chosen, found, Expected.of(network))
    if note:
        warnings.warn(f"{path}: {note}", DataWarning, stacklevel=3)


def _check_numbers(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse NaN in weights; infinities may be intended, as in attention masks."""
    bad = [name for name, tensor in tensors.items() if bool((tensor != tensor).any())]
    if bad:
        raise WeightsError(
            f"{path}: {len(bad)} of {len(tensors)} tensors contain NaN ({some(bad)}); the training "
            "that wrote it failed, so use an earlier checkpoint"
        )


def _beside(chosen: Fit, found: list[StateDict], expected: Expected) -> str:
    """Return a sentence about other weights in the file that a user may have meant; else ""."""
    used = chosen.found
    others = [one for one in found if not _within(one, used)]
    plain = next((one for one in others if not one.averaged), None)
    if used.averaged:
        if plain is None:
            return ""
        return (
            f"contains averaged and plain weights; the average under {used.label} is used, not "
            f"{plain.label}"
        )
    average = next((one for one in others if one.averaged), None)
    if average is not None:
        return (
            f"contains averaged and plain weights; the average under {average.label} does not fit, "
            f"so the plain weights under {used.label} are used"
        )
    for one in others:
        fit = fit_of(one, expected)
        if not fit.problems and not _same(fit.tensors, chosen.tensors):
            return (
                f"contains several state dicts that fit; the one under {used.label} is used, not "
                f"{one.label}"
            )
    return ""


def _within(one: StateDict, whole: StateDict) -> bool:
    return all(whole.tensors.get(name) is tensor for name, tensor in one.tensors.items())


def choices(path: Path, expected: Expected) -> list[Fit]:
    """Compare each state dict of a file with a network, in the order of trying."""
    return [fit_of(one, expected) for one in state_dicts(read(path), path)]


def _chosen(found: list[StateDict], expected: Expected, path: Path) -> Fit:
    fits = [fit_of(one, expected) for one in found]
    good = [fit for fit in fits if not fit.problems]
    if not good:
        raise _misfit(max(fits, key=lambda fit: fit.shared), expected, path)
    equals = [fit for fit in good if fit.found.rank == good[0].found.rank]
    for other in equals[1:]:
        if not _same(other.tensors, good[0].tensors):
            raise WeightsError(
                f"{path} contains several state dicts that fit, {good[0].found.label} and "
                f"{other.found.label}, with different values; save the intended one: "
                f"torch.save(torch.load(FILE)[...], 'tensors.pth')"
            )
    return good[0]


def _same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    import torch

    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def _misfit(fit: Fit, expected: Expected, path: Path) -> MisfitError:
    kin = fit.shared >= KIN * len(expected.tensors)
    where = f" (state dict under {fit.found.label})" if fit.found.where else ""
    text = (
        f"{path}{where} does not fit {expected.network} ({len(expected.tensors)} tensors): "
        f"{'; '.join(fit.problems)}"
    )
    beside = _whole_within(fit, expected)
    named = set(fit.tensors) == set(expected.tensors)  # only shapes or types differ
    if named and not kin:
        text += (
            "; all names agree, so it is this network in another width: give the safetensors file "
            "of p3mbench train, because only its header tells the width"
        )
    elif beside:
        text += f"; it contains all of the network's, beside {beside}: save those alone"
    elif kin:
        text += f"; {fit.shared} tensors agree, so it is a variant or a part of this network"
    return MisfitError(text, path, kin or named or bool(beside))


def _whole_within(fit: Fit, expected: Expected) -> str:
    """Describe the other tensors if all of a network's are there under some prefix; else ""."""
    held, wanted = fit.found.tensors, expected.tensors
    last = next(iter(wanted), "")
    for prefix in sorted({name.removesuffix(last) for name in held if name.endswith(last)}):
        whole = all(
            prefix + name in held and held[prefix + name].shape == tensor.shape
            for name, tensor in wanted.items()
        )
        others = [name for name in held if name.removeprefix(prefix) not in wanted]
        if whole and others and (not prefix or prefix.endswith(".")):
            return f"{len(others)} others ({some(others)})"
    return ""
