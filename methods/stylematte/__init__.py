"""StyleMatte: portrait matting with Mask2Former's pixel decoder, through ``transformers``."""
