"""How GFM's training was compared with what is published; data only."""

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
            "estimates of another method (p3mbench data foregrounds)",
            "closed-form estimation takes minutes for an image",
        ),
        Departure(
            "preset nano: losses",
            "by the code",
            "by the text",
            "by the code, FT and BT cannot be right in the band between erosion and dilation",
        ),
    ),
    disagreements=(
        Disagreement(
            "cross-entropy of the glance",
            "of the scores after the sigmoid, as if they were logits",
            "of the classes' probabilities",
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
            "reads the outputs of FT, so that BT's heads learn by the integrated matte alone",
            "reads the outputs of BT",
            FOLLOW_TEXT,
        ),
    ),
)
