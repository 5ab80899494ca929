"""Training under privacy settings: faces blurred (B), visible (N), or blurred with pasted ones."""
