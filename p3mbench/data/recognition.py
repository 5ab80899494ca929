"""Recognise the benchmark of a data folder if the user named none."""

from __future__ import annotations

from pathlib import Path

from p3mbench.data.listing import check_folder, first_names
from p3mbench.data.sources import sources
from p3mbench.errors import BenchmarkError


def recognised(named: str | None, data: Path | None, default: str = "mini") -> str:
    """Return the name of the benchmark to use.

    Args:
        named: the user's benchmark, None for none.
        data: the user's data folder, None for none.
        default: the benchmark if both are missing.

    Raises:
        DataError: ``data`` is not a folder.
        BenchmarkError: its layout is unknown, or a folder inside it has a known layout.
    """
    if named is not None:
        return named
    if data is None:
        return default
    check_folder(data)
    known = [source for source in sources() if source.layout]
    for source in known:
        if benchmark := source.recognises(data):
            return benchmark
    for source in known:
        if nearby := source.further_in(data):
            raise BenchmarkError(
                f"{data}: {source.layout} is further inside; give {nearby} instead"
            )
    inside = first_names(sorted(path.name for path in data.iterdir() if path.is_dir()))
    layouts = " or ".join(source.layout for source in known)
    raise BenchmarkError(
        f"{data}: is not laid out as {layouts} (contains {inside or 'no folders'}); describe it "
        'in a FILE.toml with name, source = "folder", and [[subsets]] with name, alpha, and '
        "blurred or original (and optionally trimap and face), and give --benchmark FILE.toml; see "
        "docs/benchmarks.md"
    )
