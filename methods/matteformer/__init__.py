"""MatteFormer (Park et al., CVPR 2022)."""
