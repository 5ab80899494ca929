"""The optimiser, its parameter groups by name, and the freezing of parameters in stages."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from p3mbench.training.recipe import Recipe, Stage

Groups = dict[float, list[nn.Parameter]]


def factor_of(name: str, rates: Iterable[tuple[str, float]]) -> float:
    """Return the factor on a parameter's learning rate: of its longest prefix, else 1."""
    fitting = [(len(start), factor) for start, factor in rates if name.startswith(start)]
    return max(fitting)[1] if fitting else 1.0


def optimiser_of(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Make the recipe's optimiser over all trainable parameters, grouped by `Recipe.rates`.

    Every group has its factor under ``factor``; see `set_rate`.
    """
    groups: Groups = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(factor_of(name, recipe.rates), []).append(parameter)
    parts = [{"params": members, "factor": factor} for factor, members in groups.items()]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            parts, recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "radam": torch.optim.RAdam}
    optimiser: torch.optim.Optimizer = kinds[recipe.optimiser](
        parts, recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay
    )
    return optimiser


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group to ``rate`` times its factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


class Freezer:
    """Freezes all parameters except those that a stage trains.

    Args:
        network: in training mode; parameters that are frozen now stay frozen.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.learning = {name for name, p in network.named_parameters() if p.requires_grad}

    def enter(self, stage: Stage | None) -> None:
        """Unfreeze all parameters, then freeze those that the stage does not train.

        Raises:
            ValueError: the stage trains no parameter of this network.
        """
        self.network.train()
        starts = stage.trains if stage is not None else ()
        thawed = {name for name in self.learning if not starts or name.startswith(starts)}
        if not thawed:
            raise ValueError(f"no parameter's name begins with any of {', '.join(starts)}")
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name in thawed)
        if starts:
            for name, module in self.network.named_modules():
                own = any(True for _ in module.parameters())
                if own and not any(p.requires_grad for p in module.parameters()):
                    self.network.get_submodule(name).eval()
