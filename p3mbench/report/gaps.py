"""Settings and the three named gaps, defined once.

A *setting* is TRAIN:TEST as in the P3M paper: ``B:N`` was trained on blurred faces and tested on
normal ones; ``–:B`` was not trained at all and tested on blurred ones. Every gap is *test minus
reference* of an error, so **positive means worse under what the gap's name says**:

=====================  ==============  ===========================================================
gap                    test - ref      positive means
=====================  ==============  ===========================================================
PPT gap                B:N - B:B       a model trained on blurred faces is worse on normal faces
privacy cost           B:N - N:N       on normal faces, training on blurred ones cost accuracy
obfuscation shift      N:B - N:N       blurring the test faces makes the model worse
=====================  ==============  ===========================================================

``B+CP`` (copy-paste on blurred faces) has a PPT gap and a privacy cost as ``B`` has. A method that
learned nothing, or whose training faces are unknown ("other"), has the obfuscation shift only, with
the same definition: test B minus test N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from p3mbench.report.display import MINUS, MISSING

TRAIN_ORDER = ("B", "B+CP", "N", "other", "-")
PRIVATE = ("B", "B+CP")
VARIANTS = ("B", "N")


@dataclass(frozen=True, order=True)
class Setting:
    """A train setting and a test variant."""

    train: str
    test: str

    @property
    def title(self) -> str:
        """As printed: ``B:N``, or with a dash if nothing was trained."""
        return f"{self.train_title}:{self.test}"

    @property
    def train_title(self) -> str:
        """The train setting as printed, a dash if nothing was trained."""
        return MISSING if self.train == "-" else self.train

    @property
    def order(self) -> tuple[int, str, str]:
        """Sort key: the paper's order, then unknown train settings by name."""
        known = self.train in TRAIN_ORDER
        return (TRAIN_ORDER.index(self.train) if known else 99, self.train, self.test)


@dataclass(frozen=True)
class Place:
    """Where a mean is taken: a subset, a setting, a metric."""

    subset: str
    setting: Setting
    metric: str


@dataclass(frozen=True)
class Contrast:
    """A named gap: ``test`` minus ``reference``.

    Attributes:
        test_subset, reference_subset: two subsets, whose images differ, so that the gap is
            unpaired. Empty for a gap over the same images of one subset.
    """

    name: str
    meaning: str
    test: Setting
    reference: Setting
    test_subset: str = ""
    reference_subset: str = ""

    @property
    def paired(self) -> bool:
        """Whether both sides are the same images."""
        return not self.test_subset

    @property
    def formula(self) -> str:
        """Such as ``B:N − B:B``, or ``NP N:N − P N:B``."""
        sides = (
            f"{self.test_subset} {self.test.title}",
            f"{self.reference_subset} {self.reference.title}",
        )
        return f" {MINUS} ".join(side.strip() for side in sides)

    def places(self, main: str, metric: str) -> tuple[Place, Place]:
        """Where the test and the reference mean are taken; paired gaps on the ``main`` subset."""
        return (
            Place(self.test_subset or main, self.test, metric),
            Place(self.reference_subset or main, self.reference, metric),
        )


PPT_GAP = "PPT gap"
PRIVACY_COST = "Privacy cost"
OBFUSCATION_SHIFT = "Obfuscation shift"
SUBSET_GAP = "P versus NP"

# What each asks, in words for people who do not know the settings by heart.
QUESTIONS = {
    PPT_GAP: "Trained on blurred faces: how much worse on normal faces than on blurred ones?",
    PRIVACY_COST: "On normal faces: how much worse than if the training had seen faces?",
    OBFUSCATION_SHIFT: "How much worse when the faces in the test are blurred?",
    SUBSET_GAP: "How do the errors on subset NP differ from those on subset P?",
}


def contrasts(trains: set[str]) -> list[Contrast]:
    """The gaps that methods with these train settings can have, in a fixed order."""
    ordered = sorted(trains, key=lambda train: Setting(train, "").order)
    private = [train for train in ordered if train in PRIVATE]
    ppt = [
        Contrast(PPT_GAP, "worse on normal than on blurred faces", Setting(t, "N"), Setting(t, "B"))
        for t in private
    ]
    cost = [
        Contrast(
            PRIVACY_COST,
            "worse than if trained on normal faces",
            Setting(t, "N"),
            Setting("N", "N"),
        )
        for t in private
        if "N" in trains
    ]
    shift = [
        Contrast(
            OBFUSCATION_SHIFT,
            "worse when the test faces are blurred",
            Setting(t, "B"),
            Setting(t, "N"),
        )
        for t in ordered
        if t not in PRIVATE
    ]
    return ppt + cost + shift


def subset_contrast(train: str, on_p: Sequence[Setting]) -> Contrast:
    """NP minus P for one train setting: NP has normal faces, and so has P where it exists that way.

    Only where P exists blurred alone (as P3M-500-P was released) is its test B the reference.

    Args:
        train: the train setting.
        on_p: settings with rows on P.
    """
    new = Setting(train, "N")
    old = new if new in on_p else Setting(train, "B")
    return Contrast(SUBSET_GAP, "larger errors on NP than on P", new, old, "NP", "P")
