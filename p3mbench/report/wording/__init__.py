"""Numbers and comparisons in words, as tables, plots and the page share them.

What may be known here: the analysis. No table, no format.
"""
