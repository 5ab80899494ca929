"""HATT: hierarchical attention matting."""
