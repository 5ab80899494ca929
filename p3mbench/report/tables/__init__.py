"""From a `Comparison` to tables: their contents, their order and their notes.

This package may import the analysis and its wording. It averages and tests nothing, and knows no
format.
"""
