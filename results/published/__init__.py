"""Published figures on P3M-500, with their sources. Never merged with measured ones."""
