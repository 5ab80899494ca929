"""Which benchmark a data folder belongs to, where none was named."""

from __future__ import annotations

from pathlib import Path

from p3mbench.data.listing import check_folder, first_names
from p3mbench.data.p3m10k import further_in, is_p3m10k
from p3mbench.errors import BenchmarkError

P3M = "p3m500"


def recognised(named: str | None, data: Path | None, default: str = "mini") -> str:
    """The name of the benchmark to use.

    Args:
        named: what the user named, None for nothing.
        data: the data folder that the user gave, None for none.
        default: the benchmark for whom gives neither.

    Raises:
        DataError: ``data`` is no folder.
        BenchmarkError: it is laid out in a way that must be described first, or P3M-10k lies in a
            folder of it.
    """
    if named is not None:
        return named
    if data is None:
        return default
    check_folder(data)
    if is_p3m10k(data):
        return P3M
    nearby = further_in(data)
    if nearby is not None:
        raise BenchmarkError(f"{data}: P3M-10k lies further in; give {nearby} instead")
    inside = first_names(sorted(path.name for path in data.iterdir() if path.is_dir()))
    raise BenchmarkError(
        f"{data}: is not laid out as P3M-10k (holds {inside or 'no folders'}); describe it in a "
        'FILE.toml with name, source = "folder", and [[subsets]] with name, alpha, and blurred or '
        "original (trimap and face if there are any), and give --benchmark FILE.toml; see "
        "docs/benchmarks.md"
    )
