"""The parts of a benchmark's definition that sources of data use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from p3mbench.data.obfuscation import Obfuscation
from p3mbench.toml_table import TomlTable as TomlTable  # for sources


class Definition(Protocol):
    """The attributes of `p3mbench.benchmark.Benchmark` that sources of data use; see there."""

    @property
    def name(self) -> str:
        """The benchmark's name."""
        ...

    @property
    def variants(self) -> tuple[str, ...]:
        """The declared test variants."""
        ...

    @property
    def detect_faces(self) -> bool:
        """Whether to detect the faces of images without a face mask."""
        ...

    @property
    def obfuscation(self) -> Obfuscation:
        """How to make variant B if there are no blurred images."""
        ...

    @property
    def subsets(self) -> tuple[Mapping[str, Any], ...]:
        """One TOML table per subset."""
        ...

    @property
    def folder(self) -> Path | None:
        """The folder of the TOML file, None for built-in benchmarks."""
        ...
