"""Which checkpoint a learned method is checked with."""

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
    """A learned method that can write weights to be checked with, where it has no others."""

    def sample_weights(self, folder: Path) -> Path:
        """Write a checkpoint with random values into ``folder``, and return its path."""
        ...


def weights_for(method: Method, given: Path | None, folder: Path) -> tuple[Method, Path | None]:
    """A method as its checkpoint wants it, and the checkpoint; (method, None) if it learns nothing.

    The first of these: the file that was given, the published one in the weights folder, the thin
    network that ships with the benchmark mini, what the method's own ``sample_weights(folder)``
    writes, a thin network of its recipe with random weights.

    Raises:
        WeightsError: none of them exists, or the file is not this method's.
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
        raise WeightsError(
            f"{info.name} {needs_weights(info)}; a method without any can bring "
            "sample_weights(folder), which writes some to be checked with"
        )
    return checkpoints.as_trained(method, found), found.path


def random_weights(method: Method, folder: Path) -> Path:
    """A checkpoint of a trainable method's thinnest network with random weights."""
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
