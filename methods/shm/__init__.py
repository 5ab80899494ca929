"""Semantic Human Matting: one network predicts a trimap, another one refines the matte."""
