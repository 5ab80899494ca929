"""The training split of a benchmark, and public faces for copy-and-paste."""

from __future__ import annotations

from pathlib import Path

from p3mbench.benchmark import Benchmark, data_root
from p3mbench.data.folder import Folders, Subset, read_subset
from p3mbench.data.listing import check_folder
from p3mbench.data.mini import synthetic_subset
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.p3m10k import find_train, folders_of
from p3mbench.data.sample import Sample
from p3mbench.errors import BenchmarkError, DataError

MINI_TRAIN = 320
MINI_FACES = 48
TRAIN_SIZE = 9421


def train_samples(benchmark: Benchmark, data: Path | None, variant: str) -> tuple[Sample, ...]:
    """The training samples of a benchmark under a variant.

    Args:
        benchmark: synthetic or P3M-10k.
        data: folder given by the user, None for the default.
        variant: B or N.

    Raises:
        BenchmarkError: the benchmark has no training split, or no data folder is known.
        DataError: the folder holds none, or not in that variant.
    """
    root = data_root(benchmark, data)
    if benchmark.source == "synthetic":
        subset = synthetic_subset("train", MINI_TRAIN, benchmark.synthetic, benchmark.obfuscation)
        return subset.samples
    if benchmark.source != "p3m10k":
        raise BenchmarkError(f"benchmark {benchmark.name} has no training split")
    assert root is not None  # noqa: S101 - P3M-10k always has one, or data_root has raised
    return _checked(_train_subset(root, benchmark.obfuscation), variant)


def _train_subset(root: Path, obfuscation: Obfuscation) -> Subset:
    check_folder(root)
    folder = find_train(root)
    if folder is None:
        raise DataError(f"{root}: holds no folder 'train' with 'mask' in it")
    return read_subset("train", folders_of(folder), TRAIN_SIZE, obfuscation)


def _checked(subset: Subset, variant: str) -> tuple[Sample, ...]:
    if variant not in subset.available:
        raise DataError(f"subset {subset.name}: {subset.unavailable[variant]}")
    return subset.samples


def face_samples(benchmark: Benchmark, folder: Path | None) -> tuple[Sample, ...]:
    """Portraits with visible, public faces.

    Args:
        benchmark: a synthetic one has its own.
        folder: ``image``, ``facemask`` and, if there are any, ``mask`` (alphas) with equal stems;
            None for those of a synthetic benchmark.

    Raises:
        DataError: a folder is missing, or files do not pair.
    """
    if folder is None:
        subset = synthetic_subset("faces", MINI_FACES, benchmark.synthetic, benchmark.obfuscation)
        return subset.samples
    masks = folder / "facemask"
    alphas = folder / "mask" if (folder / "mask").is_dir() else masks
    found = read_subset(
        "faces",
        Folders(alpha=alphas, original=folder / "image", face=masks),
        0,
        benchmark.obfuscation,
    )
    return _checked(found, "N")
