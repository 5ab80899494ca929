"""From a `Comparison` to tables: what is shown, in what order, with which notes.

What may be known here: the analysis and its wording. Nothing is averaged or tested here, and no
format is known.
"""
