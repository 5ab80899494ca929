"""LF: a late fusion of foreground and background classification."""
