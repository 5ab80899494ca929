"""RVM: robust video matting, here for single images."""
