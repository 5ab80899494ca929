"""Read files of weights safely, find their state dicts, and match these with a network.

``kinds`` recognises files that are not checkpoints, ``reading`` reads checkpoints without executing
them, ``unwrapping`` finds the state dicts in the content, and ``fitting`` matches one of them with
a network by names and shapes. Other code uses `p3mbench.weights`.
"""
