"""Folders that the TOML file names: one of alphas, and one of pictures per variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from p3mbench.data.definition import Definition, TomlTable
from p3mbench.data.pairing import Folders, pair_subset
from p3mbench.data.sources import DataSource
from p3mbench.data.subset import Paired
from p3mbench.settings import BLURRED, NORMAL, PAPER_VARIANTS, is_variant

_IMAGES = {BLURRED: "blurred", NORMAL: "original"}  # variant -> key of its folder
_OTHERS = "variants"  # a table: other variant -> folder
_MASKS = ("trimap", "face")


@dataclass(frozen=True)
class FolderSource(DataSource):
    """Folders that the TOML file names, relative to ``--data`` or to the file."""

    name: ClassVar[str] = "folder"
    subset_keys: ClassVar[tuple[str, ...]] = (
        *("size", "alpha", *_IMAGES.values(), *_MASKS),
        _OTHERS,
    )

    def check_subset(self, table: TomlTable) -> None:
        """See `DataSource.check_subset`."""
        table.number("size", 0, 0)
        for key in ("alpha", *_IMAGES.values(), *_MASKS):
            if key in table.table or key == "alpha":
                table.text(key)
        others = table.inner(_OTHERS)
        for variant in others.table:
            if variant in PAPER_VARIANTS or not is_variant(variant):
                instead = _IMAGES.get(variant)
                hint = f"use the key {instead!r}" if instead else "such as mosaic-0.10 or tool-NAME"
                raise table.fail(f"[subsets.{_OTHERS}]: {variant!r} is not another variant; {hint}")
            others.text(variant)

    def pair(self, asked: Definition, root: Path, table: Mapping[str, Any]) -> Paired:
        """See `DataSource.pair`."""
        images = {v: root / table[key] for v, key in _IMAGES.items() if key in table}
        images |= {v: root / folder for v, folder in table.get(_OTHERS, {}).items()}
        masks = {key: root / table[key] for key in _MASKS if key in table}
        folders = Folders(root / table["alpha"], images, **masks, named=True)
        return pair_subset(
            *(table["name"], folders, table.get("size", 0)),
            *(asked.obfuscation, asked.detect_faces, asked.variants),
        )


SOURCE = FolderSource
