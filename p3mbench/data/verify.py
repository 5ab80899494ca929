"""Reading every file of a data set once, to find what is wrong before days are spent on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from p3mbench.benchmark import Benchmark, data_root, open_paired
from p3mbench.data.findings import Finding, FindingKind, kinds_of, names_of
from p3mbench.data.folder import Subset, pair_subset
from p3mbench.data.listing import check_folder, ignored_lines
from p3mbench.data.p3m10k import find_train, folders_of
from p3mbench.data.sample import FileSample, Sample
from p3mbench.data.splits import TRAIN_SIZE
from p3mbench.data.survey import survey
from p3mbench.errors import DataError

ROLES = ("B", "N", "alpha", "trimap", "face")


@dataclass(frozen=True)
class Part:
    """A subset or split as it was found.

    Attributes:
        problems: files that do not pair, a line each.
    """

    subset: Subset
    problems: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many files of each role are looked at; the roles are B, N, alpha, trimap, face."""
        files = [sample for sample in self.subset.samples if isinstance(sample, FileSample)]
        counts = {variant: sum(variant in s.images for s in files) for variant in ("B", "N")}
        counts["alpha"] = len(files)
        counts["trimap"] = sum(sample.trimap is not None for sample in files)
        counts["face"] = sum(sample.face is not None for sample in files)
        return counts


@dataclass(frozen=True)
class Found:
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
    """What came of reading everything.

    Attributes:
        found: what was looked at.
        kinds: what is wrong or odd, by kind; problems first.
        ignored: lines about files that lie there and are not read.
    """

    found: Found
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


def find_parts(benchmark: Benchmark, data: Path | None) -> Found:
    """The test subsets of a benchmark and, of P3M-10k, its training images.

    Args:
        benchmark: not a synthetic one, which has no files.
        data: the folder, None for the default.

    Raises:
        BenchmarkError: the benchmark draws its images.
        DataError: the folder is missing or holds none of it.
    """
    root = data_root(benchmark, data)
    if root is None:
        raise DataError(f"benchmark {benchmark.name} draws its images; there are no files to read")
    check_folder(root)
    parts, absent = [], {}
    for table in benchmark.subsets:
        name = str(table["name"])
        try:
            paired = open_paired(benchmark, root, name)
            parts.append(Part(paired.subset, paired.problems))
        except DataError as error:
            absent[name] = str(error)
    if benchmark.source == "p3m10k":
        train = find_train(root)
        if train is None or any(_inside(train, part) for part in parts):
            absent["train"] = f"{root}: holds no folder 'train' with 'mask' in it"
        else:
            paired = pair_subset("train", folders_of(train), TRAIN_SIZE, benchmark.obfuscation)
            parts.append(Part(paired.subset, paired.problems))
    if not parts:
        raise DataError("; ".join(absent.values()))
    return Found(tuple(parts), absent)


def _inside(train: Path, part: Part) -> bool:
    """Whether what looks like a training folder is the folder of a subset, given by itself."""
    first = next(iter(part.subset.samples), None)
    return isinstance(first, FileSample) and first.alpha.parent.parent == train


def verify(
    found: Found,
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
            findings.append(Finding(_short(path), text, problem=True))
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


def _short(path: str) -> str:
    return "/".join(Path(path).parts[-3:])
