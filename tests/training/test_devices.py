"""A training step without a GPU: every network and its losses on PyTorch's device ``meta``.

There tensors have a shape and no numbers. Whatever asks for a number (``item``, ``numpy``, ``if``)
or joins a tensor of the CPU with those of the batch fails here, as it would fail on a GPU, or keep
the GPU waiting.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from p3mbench.method import Method, missing_extra
from p3mbench.registry import find
from p3mbench.training.batch import Batch
from p3mbench.training.discriminator import fooling_loss, telling_loss
from p3mbench.training.losses import pooled
from p3mbench.training.recipe import Adversarial, Trainable, fidelity_of, training_of

OURS = ("p3mbench", "p3mbench_methods", __name__.partition(".")[0])
TRAINABLE = [e.method for e in find() if isinstance(e.method, Trainable)]
QUICK = ("alphagan", "dim", "modnet", "p3mnet-r34")  # two of either kind, for the quick loop


class OneDevice(TorchDispatchMode):
    """Refuses operations that mix the CPU with ``meta``, numbers without axes aside.

    PyTorch lets tensors of a GPU be indexed by those of the CPU; that is refused in our code only.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        tensors = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, Tensor)]
        met = {t.device.type for t in tensors if t.ndim or t.device.type == "meta"}
        # accumulating is the gradient of indexing, which was judged already
        indexing = func is torch.ops.aten.index_put.default and args[3:] == (True,)
        indexing |= func is torch.ops.aten.index.Tensor and not asked_by_us()
        if len(met) > 1 and not indexing:
            raise RuntimeError(f"{func} mixes {' and '.join(sorted(met))}")
        return out


def asked_by_us() -> bool:
    """Whether the code that called PyTorch is of this project."""
    frame: Any = sys._getframe(2)
    while frame and frame.f_globals.get("__name__", "").split(".")[0] == "torch":
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in OURS


def empty_batch(size: tuple[int, int]) -> Batch:
    def planes(channels: int) -> Tensor:
        return torch.empty(2, channels, *size, device="meta")

    return Batch(
        planes(3), planes(1), planes(1), planes(3), planes(3),
        dilation=planes(1), erosion=planes(1),
    )  # fmt: skip


def step(training: Any, network: torch.nn.Module, batch: Batch) -> None:
    """The part of `loop._Run._one_step` that runs on the device."""
    if isinstance(training, Adversarial):
        judge = training.discriminator(0.1).to("meta")
    with OneDevice():
        outputs = network(*training.inputs(batch))
        losses = list(training.losses(outputs, batch).values())
        if isinstance(training, Adversarial):
            true, made = training.judged(outputs, batch)
            losses.append(fooling_loss(judge(made)))
            telling_loss(judge(true), judge(made.detach())).backward()
        torch.stack(losses).sum().backward()


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(m, id=m.info.name, marks=() if m.info.name in QUICK else pytest.mark.slow)
        for m in TRAINABLE
    ],
)
def test_a_step_stays_on_the_device(method: Method) -> None:
    if missing := missing_extra(method.info):
        pytest.skip(missing)
    training = training_of(method)
    recipe = training.recipe("nano")
    network = training.network(recipe.width).train().to("meta")
    fidelity = fidelity_of(training)
    formulas = ["code", "text"] if fidelity and fidelity.has_text else ["code"]
    for stage in recipe.stages or (None,):
        for formula in formulas:
            name = "" if stage is None else stage.name
            step(training, network, replace(empty_batch(recipe.size), stage=name, formula=formula))


def nothing_planted(outputs: Tensor, batch: Batch) -> Tensor:
    return outputs.mean()


def planted_plane(outputs: Tensor, batch: Batch) -> Tensor:
    return (outputs - batch.alpha).abs().mul(torch.ones(*batch.alpha.shape)).mean()


def planted_kernel(outputs: Tensor, batch: Batch) -> Tensor:
    return torch.nn.functional.conv2d(outputs, torch.ones(1, 1, 3, 3)).mean()


def planted_number(outputs: Tensor, batch: Batch) -> Tensor:
    return outputs.mean() / float(batch.unknown.sum())


def planted_choice(outputs: Tensor, batch: Batch) -> Tensor:
    return outputs.mean() if batch.unknown.any() else outputs.sum()


def planted_array(outputs: Tensor, batch: Batch) -> Tensor:
    return outputs.mean() * batch.trimap.cpu().numpy().max()


def planted_index(outputs: Tensor, batch: Batch) -> Tensor:
    return outputs[torch.zeros(1, dtype=torch.long)].mean()


def planted_mask(outputs: Tensor, batch: Batch) -> Tensor:
    return outputs[batch.unknown > 0].mean()


FAULTS = [
    planted_plane, planted_kernel, planted_number, planted_choice, planted_array, planted_index,
    planted_mask,
]  # fmt: skip


class Planted:
    """A training whose second loss is given."""

    def __init__(self, fault: Callable[[Tensor, Batch], Tensor]) -> None:
        self.fault = fault

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        return (batch.image,)

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        error = (outputs - batch.alpha).abs() * batch.unknown
        return {"sound": pooled(error, batch.unknown), "planted": self.fault(outputs, batch)}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_would_fail_on_a_gpu_or_stop_it_is_caught(
    fault: Callable[[Tensor, Batch], Tensor],
) -> None:
    network = torch.nn.Conv2d(3, 1, 3, padding=1).to("meta")
    step(Planted(nothing_planted), network, empty_batch((32, 32)))
    with pytest.raises((RuntimeError, NotImplementedError)):
        step(Planted(fault), network, empty_batch((32, 32)))
