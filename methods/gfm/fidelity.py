"""How GFM's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import (
    ENCODER,
    FOLLOW_TEXT,
    Departure,
    Disagreement,
    Fidelity,
)

FIDELITY = Fidelity(
    losses="equal to golden values and gradients of JizhiziLi/GFM 4b15ee0 (core/train.py, "
    "core/evaluate.py), all four representations",
    rest="compared by reading JizhiziLi/GFM 73d91f6 (core/train.py, core/data.py, core/config.py, "
    "scripts/train/train_ori.sh)",
    departures=(
        ENCODER,
        Departure(
            "track",
            "ORI: photographs, 500 epochs; COMP: foregrounds composed onto others, 100 epochs",
            "ORI",
            "P3M-10k is photographs",
        ),
        Departure(
            "foreground and background colours",
            "closed-form estimates",
            "estimates by another method (p3mbench data foregrounds)",
            "closed-form estimation takes minutes for an image",
        ),
        Departure(
            "preset nano: losses",
            "by the code",
            "by the text",
            "with the code's losses, FT and BT cannot be right between erosion and dilation",
        ),
    ),
    disagreements=(
        Disagreement(
            "cross-entropy of the glance",
            "treats the scores after the sigmoid as logits",
            "uses the classes' probabilities",
            FOLLOW_TEXT,
        ),
        Disagreement(
            "what the glance of FT and BT learns",
            "FT the dilation and BT the full opacity; within RIM FT the erosion and BT the "
            "dilation",
            "FT the erosion and BT the dilation",
            FOLLOW_TEXT,
        ),
        Disagreement(
            "RIM's loss of BT",
            "uses the outputs of FT, so that BT's heads learn only from the integrated matte",
            "uses the outputs of BT",
            FOLLOW_TEXT,
        ),
    ),
)
