"""The folders of this user: data (weights, known plugins) and cache (what can be made again)."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "P3MBENCH_CACHE"
HOME_VARIABLE = "P3MBENCH_HOME"


def data_home() -> Path:
    """Return the folder of this user's files; it need not exist.

    It is ``$P3MBENCH_HOME`` if set, else ``p3mbench`` in the data folder (``$XDG_DATA_HOME``, by
    default ``~/.local/share``).
    """
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Path(named).expanduser()
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "p3mbench"


def cache_dir() -> Path:
    """Return the folder of drawn portraits and unpacked tables; it need not exist.

    It is ``$P3MBENCH_CACHE`` if set, else ``p3mbench`` in the user's cache (``$XDG_CACHE_HOME``, by
    default ``~/.cache``).
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "p3mbench"
