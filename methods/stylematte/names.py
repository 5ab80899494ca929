"""The names of StyleMatte's tensors in its checkpoints and in the installed ``transformers``.

The checkpoints were written in 2023. Since then transformers has renamed parts of its Swin backbone
(the table is that of its own conversion of old checkpoints) and no longer stores the indices of the
relative positions, which are constants.
"""

from __future__ import annotations

import torch
from torch import Tensor

ENCODER = "pixel_decoder.encoder."
TABLE, INDEX = "relative_position_bias_table", "relative_position_index"
# what a part of a name is called in current versions of transformers, and in the checkpoints
RENAMED = (
    ("encoder.swin.", "encoder."),
    (".attention.q_proj.", ".attention.self.query."),
    (".attention.k_proj.", ".attention.self.key."),
    (".attention.v_proj.", ".attention.self.value."),
    (f".attention.relative_position_bias.{TABLE}", f".attention.self.{TABLE}"),
    (f".attention.relative_position_bias.{INDEX}", f".attention.self.{INDEX}"),
    (".attention.o_proj.", ".attention.output.dense."),
    (".mlp.fc1.", ".intermediate.dense."),
    (".mlp.fc2.", ".output.dense."),
)


def published_name(name: str) -> str:
    """Translate a name of the network to the checkpoint's; keep a published name."""
    if name.startswith(ENCODER):
        for current, published in RENAMED:
            name = name.replace(current, published)
    return name


def relative_positions(window: int) -> Tensor:
    """(window^2, window^2) int64: the row of the bias table for each pair of a window's tokens."""
    steps = torch.arange(window)
    rows, columns = (part.flatten() for part in torch.meshgrid(steps, steps, indexing="ij"))
    down, right = (part[:, None] - part[None] + window - 1 for part in (rows, columns))
    return down * (2 * window - 1) + right
