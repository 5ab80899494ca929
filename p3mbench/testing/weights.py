"""Choose the checkpoint for the check of a learned method."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from p3mbench import checkpoints
from p3mbench.benchmark import get
from p3mbench.errors import WeightsError
from p3mbench.method import Method
from p3mbench.training.recipe import Trainable, training_of
from p3mbench.weights import find_checkpoint, needs_weights


@runtime_checkable
class WritesSamples(Protocol):
    """A learned method that can write weights for its check."""

    def sample_weights(self, folder: Path) -> Path:
        """Write a checkpoint with random values into ``folder``, and return its path."""
        ...


def weights_for(method: Method, given: Path | None, folder: Path) -> tuple[Method, Path | None]:
    """Return a method with the options of its checkpoint, and the checkpoint (None if not learned).

    The checkpoint is the first that exists of: the given file, the published one in the weights
    folder, the thin network that ships with mini, the one that ``sample_weights(folder)`` of the
    method writes, and a thin network of its recipe with random weights.

    Raises:
        WeightsError: none exists, or the file belongs to another method.
    """
    info = method.info
    if not info.learned:
        if given is not None:
            raise WeightsError(f"{info.name} learns nothing; leave --weights out")
        return method, None
    path = given or find_checkpoint(info)
    if path is not None:
        found = checkpoints.given(info, path, None)
    elif thin := checkpoints.shipped(info, get("mini").checkpoints):
        found = thin[0]
    elif isinstance(method, WritesSamples):
        found = checkpoints.given(info, method.sample_weights(folder), None)
    elif isinstance(method, Trainable):
        found = checkpoints.given(info, random_weights(cast(Method, method), folder), None)
    else:
        if info.model_file:
            raise WeightsError(f"{info.name} {needs_weights(info)}")
        raise WeightsError(
            f"{info.name} {needs_weights(info)}; a method without any can bring "
            "sample_weights(folder), which writes weights for the check"
        )
    return checkpoints.as_trained(method, found), found.path


def random_weights(method: Method, folder: Path) -> Path:
    """Write a checkpoint of a trainable method's thinnest network with random weights."""
    import torch

    from p3mbench.training.state import Record, save_weights

    training = training_of(method)
    recipe = training.recipe("nano")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = training.network(recipe.width)
    record = Record(
        method=method.info.name, version=method.info.version, width=recipe.width, setting="other",
        train_sets=(), data="", seed=0, steps=0, recipe={}, options=dict(recipe.options),
    )  # fmt: skip
    return save_weights(network, folder, record)
