"""Reading every file of a data set once, to find what is wrong before days are spent on it."""

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
    """A subset or split as it was found."""

    @property
    def counts(self) -> dict[str, int]:
        """How many files of each role are looked at: variants, alpha, trimap, face."""
        files = [sample for sample in self.subset.samples if isinstance(sample, FileSample)]
        variants = ordered((*PAPER_VARIANTS, *(v for sample in files for v in sample.images)))
        counts = {variant: sum(variant in s.images for s in files) for variant in variants}
        counts["alpha"] = len(files)
        counts["trimap"] = sum(sample.trimap is not None for sample in files)
        counts["face"] = sum(sample.face is not None for sample in files)
        return counts


@dataclass(frozen=True)
class FoundParts:
    """The parts of a data set that are there, and in words what is not."""

    parts: tuple[Part, ...]
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def work(self) -> list[tuple[Sample, Sequence[str]]]:
        """Every sample with the variants that it has or that can be made of it."""
        return [
            (sample, part.subset.available) for part in self.parts for sample in part.subset.samples
        ]


@dataclass(frozen=True)
class Verified:
    """The result of reading everything.

    Attributes:
        found: what was looked at.
        kinds: what is wrong or odd, by kind; problems first.
        ignored: lines about files that lie there and are not read.
    """

    found: FoundParts
    kinds: tuple[FindingKind, ...]
    ignored: tuple[str, ...]

    @property
    def problems(self) -> int:
        """Files that cannot be used, each counted once."""
        return len(names_of(self.kinds, problem=True))

    @property
    def odd(self) -> int:
        """Files that are legal but suspicious, each counted once."""
        return len(names_of(self.kinds, problem=False))

    @property
    def files(self) -> int:
        """How many files were looked at."""
        return sum(sum(part.counts.values()) for part in self.found.parts)

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
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
    """The test subsets of a benchmark and its training images, if it has any.

    Args:
        benchmark: one with files.
        data: the folder, None for the default.

    Raises:
        BenchmarkError: the benchmark draws its images.
        DataError: the folder is missing or holds none of it.
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
        pass  # this kind of data has none
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
    """Read every file of every part and say what is wrong or odd.

    Args:
        found: see `find_parts`.
        jobs: processes; None for one per core, and none for a few images.
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
    """Images without the trimap or face mask that others of their part have."""
    counts = part.counts
    for sample in part.subset.samples:
        for role, what in (("trimap", "trimap"), ("face", "face mask")):
            if isinstance(sample, FileSample) and counts[role] and getattr(sample, role) is None:
                yield Finding(
                    f"{part.subset.name}/{sample.id}", f"has no {what}, others have", problem=False
                )
