"""Parquet files with a column of pictures and one of alphas, as data sets on Hugging Face have.

Each value is a record of ``bytes`` (the file) and ``path`` (its name), or the bytes alone. p3mbench
unpacks the files once, byte for byte, into the user's cache and reads them there.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from p3mbench.data.definition import Definition, TomlTable
from p3mbench.data.pairing import Folders, pair_subset
from p3mbench.data.sources import DataSource
from p3mbench.data.subset import Paired
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.homes import cache_dir
from p3mbench.names import printable, problem_of
from p3mbench.settings import NORMAL, check_variant

_SUFFIXES = ((b"\x89PNG", ".png"), (b"\xff\xd8", ".jpg"), (b"RIFF", ".webp"), (b"BM", ".bmp"),
             (b"II*\0", ".tif"), (b"MM\0*", ".tif"))  # fmt: skip
_BATCH = 16  # rows in memory at a time


@dataclass(frozen=True)
class Columns:
    """Where pictures and alphas are in the table."""

    image: str
    alpha: str


@dataclass(frozen=True)
class ParquetSource(DataSource):
    """Parquet files below ``--data``, or below the folder of the TOML file."""

    name: ClassVar[str] = "parquet"
    subset_keys: ClassVar[tuple[str, ...]] = (
        *("size", "files", "image", "alpha", "variant", "known_as"),
    )

    def check_subset(self, table: TomlTable) -> None:
        """See `DataSource.check_subset`."""
        table.number("size", 0, 0)
        pattern = Path(table.text("files"))
        if pattern.is_absolute() or ".." in pattern.parts:
            raise table.fail("key 'files' must be a pattern below the data folder")
        for key, default in (("image", "image"), ("alpha", "mask")):
            table.text(key, default)
        try:
            check_variant(table.text("variant", NORMAL))
        except ValueError as error:
            raise table.fail(f"key 'variant': {error}") from None
        known = table.table.get("known_as", [])
        if not isinstance(known, list) or not all(isinstance(name, str) for name in known):
            raise table.fail("key 'known_as' must list names of training sets")

    def pair(self, asked: Definition, root: Path, table: Mapping[str, Any]) -> Paired:
        """See `DataSource.pair`."""
        files = sorted(root.glob(table["files"]))
        if not files:
            raise DataError(
                f"{root}: contains no {table['files']}; give the folder that the data set was "
                "downloaded to"
            )
        columns = Columns(table.get("image", "image"), table.get("alpha", "mask"))
        folder = unpacked(files, columns)
        images = {table.get("variant", NORMAL): folder / "image"}
        return pair_subset(
            *(table["name"], Folders(folder / "mask", images, named=True), table.get("size", 0)),
            *(asked.obfuscation, asked.detect_faces, asked.variants),
        )

    def listed_as(self, asked: Definition, subset: str) -> frozenset[str]:
        """See `DataSource.listed_as`; the key ``known_as`` gives more names."""
        tables = (table for table in asked.subsets if table["name"] == subset)
        known = (name for table in tables for name in table.get("known_as", ()))
        return super().listed_as(asked, subset) | frozenset(known)


def unpacked(files: Sequence[Path], columns: Columns) -> Path:
    """Return the folder with the pictures and alphas of parquet files; it is made once.

    Args:
        files: of one table, in order.
        columns: of the table.

    Returns:
        A folder in the user's cache with the folders ``image`` and ``mask``.

    Raises:
        BenchmarkError: pyarrow is not installed.
        DataError: a file is not parquet, a column is missing, or a value is not a picture.
    """
    stats = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    digest = hashlib.sha256(repr((stats, columns)).encode()).hexdigest()[:16]
    target = cache_dir() / "parquet" / f"{files[0].stem[:40]}-{digest}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as part:
        made = Path(part) / "made"
        for name in ("image", "mask"):
            (made / name).mkdir(parents=True)
        names = _names(files, columns)
        for name, (image, alpha) in zip(names, _rows(files, columns), strict=True):
            _write(made / "image" / name, image, files[0], columns.image)
            _write(made / "mask" / name, alpha, files[0], columns.alpha)
        try:
            made.rename(target)
        except OSError:  # another process was faster
            if not target.is_dir():
                shutil.move(made, target)
    return target


def _write(path: Path, content: bytes, file: Path, column: str) -> None:
    suffix = next((s for magic, s in _SUFFIXES if content.startswith(magic)), "")
    if not suffix:
        raise DataError(f"{file}: column {column!r}: {path.name} is not a picture that is read")
    path.with_name(path.name + suffix).write_bytes(content)


def _names(files: Sequence[Path], columns: Columns) -> list[str]:
    """Return a name per row: of its picture's file if all differ and can be used, else a number.

    Numbers are those of rows, from 0, so that they stay when rows are added.
    """
    stems = [Path(path).stem for path, _ in _cells(files, columns.image)]
    usable = not any(problem_of(stem) for stem in stems)
    if usable and len({stem.casefold() for stem in stems}) == len(stems):
        return stems
    return [f"row-{number:06}" for number in range(len(stems))]


def _rows(files: Sequence[Path], columns: Columns) -> Iterator[tuple[bytes, bytes]]:
    images, alphas = (_cells(files, column) for column in (columns.image, columns.alpha))
    for (_, image), (_, alpha) in zip(images, alphas, strict=True):
        yield image, alpha


def _cells(files: Sequence[Path], column: str) -> Iterator[tuple[str, bytes]]:
    """Yield (name of the file, its content) of each value of a column."""
    pq = _parquet()
    for file in files:
        try:
            table = pq.ParquetFile(file)
            have = table.schema_arrow.names
            if column not in have:
                raise DataError(f"{file}: has no column {column!r}; it has {', '.join(have)}")
            for batch in table.iter_batches(_BATCH, columns=[column]):
                for value in batch.column(0).to_pylist():
                    yield _cell(file, column, value)
        except (OSError, ValueError) as error:  # pyarrow's errors are one of these
            reason = printable(" ".join(str(error).split())[:200])
            raise DataError(f"{file}: cannot be read as parquet ({reason})") from None


def _cell(file: Path, column: str, value: Any) -> tuple[str, bytes]:
    record = value if isinstance(value, dict) else {"bytes": value}
    content, name = record.get("bytes"), record.get("path")
    if not isinstance(content, bytes):
        raise DataError(
            f"{file}: column {column!r} contains no pictures; name the columns of pictures and "
            "alphas with the keys 'image' and 'alpha'"
        )
    return name if isinstance(name, str) else "", content


def _parquet() -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise BenchmarkError(
            "parquet files need the package pyarrow: pip install 'p3mbench[parquet]'"
        ) from None
    return pq


SOURCE = ParquetSource
