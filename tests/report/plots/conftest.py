"""Lets the tests of this folder import ``fake``: the importlib mode of pytest adds no folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
