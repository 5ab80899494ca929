"""The built-in methods, one folder each. They register in the same way as plugins."""
