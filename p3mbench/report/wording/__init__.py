"""Numbers and comparisons in words, for tables, plots and the page.

This package may import the analysis. It knows no table and no format.
"""
