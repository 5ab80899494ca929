"""Files of weights: what kind a file is, reading it safely, and the state dict within it.

``kinds`` names files that are no checkpoints, ``reading`` reads those that are without running
them, ``unwrapping`` finds the state dicts in what was read, and ``fitting`` matches one of them
with a network, name by name and shape by shape. `p3mbench.weights` is the door to all of it.
"""
