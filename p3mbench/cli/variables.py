"""The environment variables that p3mbench reads, and their current effects; docs/weights.md."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from p3mbench.names import printable


@dataclass(frozen=True)
class Variable:
    """An environment variable.

    Attributes:
        effect: what follows from its being set or not set, in a few words.
    """

    name: str
    effect: Callable[[], str]

    def value(self) -> str:
        """Return its value, for the screen."""
        value = os.environ.get(self.name)
        return "not set" if value is None else printable(value) or "empty"


def _weights() -> str:
    from p3mbench.weights import weights_dir

    return f"the weights folder is {_path(weights_dir())}"


def _data() -> str:
    root = os.environ.get("P3M_ROOT")
    return f"P3M-10k is read from {_path(Path(root))}" if root else "P3M-10k needs --data DIR"


def _cache() -> str:
    home = os.environ.get("XDG_CACHE_HOME")
    named = os.environ.get("P3MBENCH_CACHE")
    base = Path(home) if home else Path.home() / ".cache"
    folder = Path(named).expanduser() if named else base / "p3mbench"
    return f"training keeps drawn portraits in {_path(folder)}"


def _path(path: Path) -> str:
    there = "" if path.is_dir() else " (does not exist)"
    return f"{printable(str(path))}{there}"


def _set_by(what: str) -> Callable[[], str]:
    return lambda: what


_LAUNCH = "training reads its processes from it; set by SLURM or torchrun"


def _home() -> str:
    from p3mbench.homes import data_home

    return f"the user's folder is {_path(data_home())}"


VARIABLES = (
    Variable("P3MBENCH_HOME", _home),
    Variable("P3MBENCH_WEIGHTS", _weights),
    Variable("P3MBENCH_TRUST", _set_by("if set, model files that are programs run (--trust)")),
    Variable("P3M_ROOT", _data),
    Variable("P3MBENCH_CACHE", _cache),
    Variable("XDG_DATA_HOME", _set_by("contains the user's folder unless P3MBENCH_HOME is set")),
    Variable("XDG_CACHE_HOME", _set_by("contains the cache unless P3MBENCH_CACHE is set")),
    Variable("HF_HOME", _set_by("its folder hub is searched for weights of model files")),
    Variable("HF_HUB_CACHE", _set_by("searched for weights of model files instead")),
    Variable("HF_ENDPOINT", _set_by("weights fetch asks this address for the Hugging Face hub")),
    Variable("WORLD_SIZE", _set_by(_LAUNCH)),
    Variable("LOCAL_WORLD_SIZE", _set_by(_LAUNCH)),
    Variable("SLURM_PROCID", _set_by(_LAUNCH)),
    Variable("SLURM_NTASKS", _set_by(_LAUNCH)),
    Variable("SLURM_STEP_NUM_TASKS", _set_by(_LAUNCH)),
    Variable("SLURM_STEP_NUM_NODES", _set_by(_LAUNCH)),
    Variable("PYTHONWARNINGS", _set_by("passed to the processes of a run")),
    Variable("CUDA_VISIBLE_DEVICES", _set_by("PyTorch sees these GPUs only")),
)

INTERNAL = ("P3MBENCH_NO_TORCH", "P3MBENCH_SCENES", "SLURM_NTASKS_PER_NODE")
"""Variables that p3mbench sets for its own processes; users need not set them."""


def weights_places() -> list[tuple[str, str]]:
    """List where ``run`` looks for a method's weights, first place first, and what is there."""
    from p3mbench.weights import weights_dir

    folder = weights_dir()
    count = sum(path.is_file() for path in folder.iterdir()) if folder.is_dir() else 0
    there = f"{count} files" if folder.is_dir() else "does not exist"
    return [
        (
            "1. --weights NAME=FILE",
            "files named on the command line, relative to the current folder",
        ),
        ("2. the benchmark", "files that come with it, as those of mini do"),
        (
            "3. the weights folder",
            f"{printable(str(folder))} ({there}): published files under the names their authors "
            "gave them, and what 'p3mbench weights add' put there",
        ),
    ]
