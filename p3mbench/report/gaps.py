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
        return f"{MISSING if self.train == '-' else self.train}:{self.test}"

    @property
    def order(self) -> tuple[int, str, str]:
        """Sort key: the paper's order, then unknown train settings by name."""
        known = self.train in TRAIN_ORDER
        return (TRAIN_ORDER.index(self.train) if known else 99, self.train, self.test)


@dataclass(frozen=True)
class Contrast:
    """A named gap: ``test`` minus ``reference``, over the same images."""

    name: str
    meaning: str
    test: Setting
    reference: Setting

    @property
    def formula(self) -> str:
        """Such as ``B:N − B:B``."""
        return f"{self.test.title} {MINUS} {self.reference.title}"


PPT_GAP = "PPT gap"
PRIVACY_COST = "Privacy cost"
OBFUSCATION_SHIFT = "Obfuscation shift"

# What each asks, in words for people who do not know the settings by heart.
QUESTIONS = {
    PPT_GAP: "Trained on blurred faces: how much worse on normal faces than on blurred ones?",
    PRIVACY_COST: "On normal faces: how much worse than if the training had seen faces?",
    OBFUSCATION_SHIFT: "How much worse when the faces in the test are blurred?",
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
