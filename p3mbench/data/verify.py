"""Read every file of a data set once, to find problems before a long run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from p3mbench.benchmark import Benchmark
from p3mbench.data.findings import Finding, FindingKind, kinds_of, names_of, short_name
from p3mbench.data.listing import check_folder, ignored_lines
from p3mbench.data.sample import FileSample, Sample
from p3mbench.data.subset import Paired
from p3mbench.data.survey import survey
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.settings import PAPER_VARIANTS, ordered


class Part(Paired):
    """A subset or split of the data on disk."""

    @property
    def counts(self) -> dict[str, int]:
        """Count the files of each role: variants, alpha, trimap, face."""
        files = [sample for sample in self.subset.samples if isinstance(sample, FileSample)]
        variants = ordered((*PAPER_VARIANTS, *(v for sample in files for v in sample.images)))
        counts = {variant: sum(variant in s.images for s in files) for variant in variants}
        counts["alpha"] = len(files)
        counts["trimap"] = sum(sample.trimap is not None for sample in files)
        counts["face"] = sum(sample.face is not None for sample in files)
        return counts


@dataclass(frozen=True)
class FoundParts:
    """The existing parts of a data set, and a line for each missing one."""

    parts: tuple[Part, ...]
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def work(self) -> list[tuple[Sample, Sequence[str]]]:
        """Return every sample with its variants, including those that can be made."""
        return [
            (sample, part.subset.available) for part in self.parts for sample in part.subset.samples
        ]


@dataclass(frozen=True)
class Verified:
    """The result of reading everything.

    Attributes:
        found: the parts that were read.
        kinds: problems and odd properties by kind; problems first.
        ignored: lines about files that are not read.
    """

    found: FoundParts
    kinds: tuple[FindingKind, ...]
    ignored: tuple[str, ...]

    @property
    def problems(self) -> int:
        """Number of files that cannot be used."""
        return len(names_of(self.kinds, problem=True))

    @property
    def odd(self) -> int:
        """Number of files that are legal but suspicious."""
        return len(names_of(self.kinds, problem=False))

    @property
    def files(self) -> int:
        """Number of files that were read."""
        return sum(sum(part.counts.values()) for part in self.found.parts)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON, for programs."""
        return {
            "looked_at": {part.subset.name: part.counts for part in self.found.parts},
            "files": self.files,
            "absent": dict(self.found.absent),
            "unavailable": {
                part.subset.name: dict(part.subset.unavailable) for part in self.found.parts
            },
            "problems": self.problems,
            "odd": self.odd,
            "kinds": [
                {
                    "text": kind.text,
                    "problem": kind.problem,
                    "flag": kind.flag,
                    "count": len(kind.names),
                    "names": list(kind.names),
                }
                for kind in self.kinds
            ],
            "not_read": list(self.ignored),
        }


def find_parts(benchmark: Benchmark, data: Path | None) -> FoundParts:
    """Find the test subsets of a benchmark and its training images, if it has any.

    Args:
        benchmark: a benchmark of files.
        data: its data folder, None for the default.

    Raises:
        BenchmarkError: no data folder is known, or one is given although images are drawn.
        DataError: the benchmark draws its images, or the folder is missing or contains no part.
    """
    source = benchmark.source
    root = source.root(benchmark, data)
    if root is None:
        raise DataError(f"benchmark {benchmark.name} draws its images; there are no files to read")
    check_folder(root)
    parts: list[Part] = []
    absent: dict[str, str] = {}
    for table in benchmark.subsets:
        try:
            parts.append(_part(source.pair(benchmark, root, table)))
        except DataError as error:
            absent[str(table["name"])] = str(error)
    try:
        parts.append(_part(source.train(benchmark, root)))
    except BenchmarkError:
        pass  # this kind of data has no training split
    except DataError as error:
        absent["train"] = str(error)
    if not parts:
        raise DataError("; ".join(absent.values()))
    return FoundParts(tuple(parts), absent)


def _part(paired: Paired) -> Part:
    return Part(paired.subset, paired.problems)


def verify(
    found: FoundParts,
    *,
    jobs: int | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Verified:
    """Read every file of every part and find what is wrong or odd.

    Args:
        found: see `find_parts`.
        jobs: processes; None for one per core, or for no others if there are few images.
        progress: called with the number of images after each one.
    """
    looked = survey(found.work, jobs=jobs, progress=progress)
    findings = [one for ones in looked for one in ones]
    for part in found.parts:
        for line in part.problems:
            path, _, text = line.partition(": ")
            findings.append(Finding(short_name(Path(path)), text, problem=True))
        findings += _lacking(part)
    ignored = [one for part in found.parts for one in part.subset.ignored]
    return Verified(found, tuple(kinds_of(findings)), tuple(ignored_lines(ignored)))


def _lacking(part: Part) -> Iterator[Finding]:
    """Yield findings for images without the trimap or face mask that others of their part have."""
    counts = part.counts
    for sample in part.subset.samples:
        for role, what in (("trimap", "trimap"), ("face", "face mask")):
            if isinstance(sample, FileSample) and counts[role] and getattr(sample, role) is None:
                yield Finding(
                    f"{part.subset.name}/{sample.id}", f"has no {what}, others have", problem=False
                )
