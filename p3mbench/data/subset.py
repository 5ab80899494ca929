"""A test subset or a training split: its samples, and the variants that can be had of them."""

from __future__ import annotations

from dataclasses import dataclass

from p3mbench.data.listing import Ignored
from p3mbench.data.sample import Sample
from p3mbench.errors import DataError


@dataclass(frozen=True)
class Subset:
    """The samples of one test subset, what can be run on them, and what cannot.

    Attributes:
        size: number of images of the whole, published subset; fewer samples make it partial.
        available: variants that have files or can be made.
        unavailable: variant -> reason, in words that tell how to mend it.
        notes: what was found, for people.
        ignored: files that lie in its folders and are not read.
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
        """Why a variant cannot be had; "" if it can."""
        if variant in self.available:
            return ""
        return self.unavailable.get(variant, f"the benchmark does not declare variant {variant}")

    def samples_in(self, variant: str) -> tuple[Sample, ...]:
        """The samples, if they can be had in a variant.

        Raises:
            DataError: they cannot.
        """
        if why := self.lacks(variant):
            raise DataError(f"subset {self.name}: {why}")
        return self.samples


@dataclass(frozen=True)
class Paired:
    """A subset of the files that pair, and why the others do not, a line each."""

    subset: Subset
    problems: tuple[str, ...] = ()

    def whole(self) -> Subset:
        """The subset, if all its files pair.

        Raises:
            DataError: they do not.
        """
        if self.problems:
            more = len(self.problems) - 1
            raise DataError(self.problems[0] + f" (and {more} more such lines)" * (more > 0))
        return self.subset
