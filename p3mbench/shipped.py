"""The benchmarks that installed packages register, and the thin networks that come with them.

Only file names and one key of each TOML file are read: `p3mbench.benchmark` reads definitions.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

from p3mbench.settings import TRAIN_SETTINGS

GROUP = "p3mbench.benchmarks"
FIRST = "mini"  # if several benchmarks ship a network of one name, this one's is taken


def builtin_names() -> dict[str, Path]:
    """Return name -> file of every benchmark that an installed package registers."""
    found = {}
    for point in entry_points(group=GROUP):
        for entry in files(point.value).iterdir():
            if entry.name.endswith(".toml"):
                found[entry.name.removesuffix(".toml")] = Path(str(entry))
    return dict(sorted(found.items()))


def shipped_weights(method: str) -> dict[str, Path]:
    """Return the thin networks of a method that ship with p3mbench, by short name.

    They were trained on small drawn portraits and are useless on photographs. ``nano-B`` is the
    first seed of the train setting B; further seeds are ``nano-B-s1`` and so on.

    Args:
        method: its name.

    >>> list(shipped_weights("modnet"))[:2]
    ['nano-B', 'nano-N']
    """
    known = builtin_names()
    ordered = [known[name] for name in sorted(known, key=lambda name: name != FIRST)]
    folders = (_folder(file, file.stat().st_mtime_ns) for file in ordered)
    found: dict[str, Path] = {}
    for folder in filter(None, folders):
        for path in sorted(folder.glob(f"{method}--*.safetensors"), key=_order):
            setting, seed = _setting(path), _seed(path)
            name = f"nano-{setting}" + f"-s{seed}" * bool(seed)
            found.setdefault(name, path)
    return found


@cache
def _folder(file: Path, changed: int) -> Path | None:
    """Return the folder of checkpoints that a benchmark's file, last changed then, names."""
    try:
        named = tomllib.loads(file.read_text(encoding="utf-8")).get("checkpoints")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return file.parent / named if isinstance(named, str) else None


def _setting(path: Path) -> str:
    """Return the train setting in METHOD--SETTING-sSEED.safetensors, as p3mbench spells it."""
    written = path.stem.rpartition("--")[2].rpartition("-s")[0]
    return {name.lower(): name for name in TRAIN_SETTINGS}.get(written, written)


def _order(path: Path) -> tuple[int, str]:
    return _seed(path), path.name


def _seed(path: Path) -> int:
    seed = path.stem.rpartition("-s")[2]
    return int(seed) if seed.isdecimal() else 0
