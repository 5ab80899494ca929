"""A test subset or a training split: its samples and their available variants."""

from __future__ import annotations

from dataclasses import dataclass

from p3mbench.data.listing import Ignored
from p3mbench.data.sample import Sample
from p3mbench.errors import DataError


@dataclass(frozen=True)
class Subset:
    """The samples of one test subset, with their available and unavailable variants.

    Attributes:
        size: number of images of the published subset; with fewer samples it is partial.
        available: variants with files, or that can be made.
        unavailable: variant -> reason and remedy.
        notes: counts of files, for people.
        ignored: files in its folders that are not read.
    """

    name: str
    samples: tuple[Sample, ...]
    size: int
    available: tuple[str, ...]
    unavailable: dict[str, str]
    has_trimaps: bool
    notes: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    def lacks(self, variant: str) -> str:
        """Return why a variant is unavailable; "" if it is available."""
        if variant in self.available:
            return ""
        return self.unavailable.get(variant, f"the benchmark does not declare variant {variant}")

    def samples_in(self, variant: str) -> tuple[Sample, ...]:
        """Return the samples if a variant is available.

        Raises:
            DataError: it is not.
        """
        if why := self.lacks(variant):
            raise DataError(f"subset {self.name}: {why}")
        return self.samples


@dataclass(frozen=True)
class Paired:
    """A subset of the files that pair, and one line for each problem of the others."""

    subset: Subset
    problems: tuple[str, ...] = ()

    def whole(self) -> Subset:
        """Return the subset if all its files pair.

        Raises:
            DataError: some do not.
        """
        if self.problems:
            more = len(self.problems) - 1
            raise DataError(self.problems[0] + f" (and {more} more such lines)" * (more > 0))
        return self.subset
