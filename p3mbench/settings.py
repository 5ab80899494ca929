"""The terms of privacy-preserving training: variants, settings and contrasts.

A *variant* says what the faces of a test image look like: ``N`` (normal: visible), or the name of
an obfuscation. ``B`` (blurred) is the paper's; ``mosaic-0.10`` is a kind and a strength. A *train
setting* says the same about the training images of a checkpoint. A *setting* is TRAIN:TEST as in
the P3M paper: ``B:N`` was trained on blurred faces and tested on normal ones; ``–:B`` was not
trained. A *contrast* is a named difference of two settings. It is always the error of *test minus
reference*, so **positive means worse in the sense of its name**:

=====================  ==============  ===========================================================
contrast               test - ref      positive means
=====================  ==============  ===========================================================
PPT gap                B:N - B:B       a model trained on blurred faces is worse on normal faces
privacy cost           B:N - N:N       on normal faces, training on blurred ones cost accuracy
obfuscation shift      N:B - N:N       blurring the test faces makes the model worse
=====================  ==============  ===========================================================

Every other obfuscation can replace B in the table. ``B+CP`` (copy-paste on blurred faces) has a PPT
gap and a privacy cost, like ``B``. A method that is not learned, or with unknown training faces
(``other``), has only the obfuscation shift.

Only this module knows these names. A benchmark declares its variants; tables, plots, page, importer
and CLI use this module.

P3M: Li et al., "Privacy-Preserving Portrait Matting", ACM MM 2021, arXiv:2104.14222.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

NORMAL = "N"
BLURRED = "B"
PAPER_VARIANTS = (BLURRED, NORMAL)  # the variants of P3M-10k, and a benchmark's default
COPY_PASTE, OTHER, UNTRAINED = "B+CP", "other", "-"
DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"

COVERS = ("zero", "mean", "inpaint", "swap")  # their strength is the opacity; none: opaque
KINDS = {"gaussian": True, "mosaic": True} | dict.fromkeys(COVERS, False)  # needs a strength?
DRAWN_ONLY = ("swap",)  # only a generator of portraits can make these
TOOL = "tool"  # images made by another program: tool-NAME

_TITLES = {NORMAL: "faces visible", BLURRED: "faces blurred"}
_NAMED = re.compile(r"([a-z]+)(?:-(.+))?")
_STRENGTH = re.compile(r"0?\.(?!0+$)\d{1,4}|1(?:\.0{1,4})?")
_TOOL_NAME = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
_WORDS = {  # other spellings of variants and train settings in people's files
    "blurred": BLURRED, "blur": BLURRED, "obfuscated": BLURRED, "b": BLURRED,
    "normal": NORMAL, "original": NORMAL, "unblurred": NORMAL, "n": NORMAL,
    "b+cp": COPY_PASTE,
}  # fmt: skip


def is_variant(name: str) -> bool:
    """Return whether a name is a variant.

    A variant is N, B, a kind of obfuscation with its strength such as ``mosaic-0.10``, or
    ``tool-NAME`` for faces that another program replaced. A strength has two decimals, and more
    only if it needs them; an opaque cover has none.

    >>> [is_variant(name) for name in ("B", "N", "mosaic-0.10", "zero", "tool-swap")]
    [True, True, True, True, True]
    >>> [is_variant(name) for name in ("b", "mosiac-0.10", "mosaic", "zero-0.1", "zero-1.00")]
    [False, False, False, False, False]
    """
    found = _NAMED.fullmatch(name)
    if name in PAPER_VARIANTS or found is None:
        return name in PAPER_VARIANTS
    kind, rest = found[1], found[2] or ""
    if kind == TOOL:
        return _TOOL_NAME.fullmatch(rest) is not None
    if kind not in KINDS or not rest:
        return KINDS.get(kind) is False
    return _STRENGTH.fullmatch(rest) is not None and name == variant_of(kind, float(rest))


def variant_of(kind: str, strength: float | None = None) -> str:
    """Return the one name of a recipe; a strength of None is an opaque cover.

    >>> variant_of("mosaic", 0.1), variant_of("zero", 0.5), variant_of("zero", 1.0)
    ('mosaic-0.10', 'zero-0.50', 'zero')
    """
    if strength is None or (strength == 1 and not KINDS[kind]):
        return kind
    text = f"{strength:.2f}" if round(strength, 2) == strength else f"{strength:g}"
    return f"{kind}-{text}"


def check_variant(name: str) -> str:
    """Return ``name`` if it is a variant.

    Raises:
        ValueError: it is not; the message lists the variants.
    """
    if not is_variant(name):
        meant = spelt(name)
        use = f"write {meant}" if is_variant(meant) else f"use {_WHAT_IS}"
        raise ValueError(f"{name!r} is not a test variant: {use}")
    return name


def recipe_of(variant: str) -> tuple[str, float | None] | None:
    """Parse kind and strength from the name of a variant; None if it has none.

    >>> recipe_of("mosaic-0.10"), recipe_of("zero"), recipe_of("B")
    (('mosaic', 0.1), ('zero', None), None)
    """
    kind, _, strength = check_variant(variant).partition("-")
    if kind not in KINDS:
        return None
    return kind, float(strength) if strength else None


_WHAT_IS = (
    "N (faces visible), B (blurred), a kind and a strength such as mosaic-0.10 "
    f"({', '.join(KINDS)}), or tool-NAME for faces that another program replaced"
)


def is_hidden(variant: str) -> bool:
    """Return whether faces are hidden in a variant: in all except N."""
    return variant != NORMAL


def variant_title(variant: str) -> str:
    """Describe the faces of a variant in words.

    >>> variant_title("B"), variant_title("mosaic-0.10")
    ('faces blurred', 'faces hidden by mosaic-0.10')
    """
    return _TITLES.get(variant, f"faces hidden by {variant}")


def variant_order(variant: str) -> tuple[int, str]:
    """Return a sort key: B, the other obfuscations by name, N."""
    return ({BLURRED: 0, NORMAL: 2}.get(variant, 1), variant)


def ordered(variants: Iterable[str]) -> tuple[str, ...]:
    """Sort variants in the order of tables, each once.

    >>> ordered(["N", "zero", "B", "mosaic-0.10"])
    ('B', 'mosaic-0.10', 'zero', 'N')
    """
    return tuple(sorted(dict.fromkeys(variants), key=variant_order))


def hidden(variants: Iterable[str]) -> tuple[str, ...]:
    """Return the variants with hidden faces, ordered."""
    return tuple(variant for variant in ordered(variants) if is_hidden(variant))


def spelt(text: str) -> str:
    """Return the name of a variant or train setting that a person may have written otherwise.

    >>> spelt("Blurred"), spelt("original"), spelt("mosaic-0.1"), spelt("zero-1")
    ('B', 'N', 'mosaic-0.10', 'zero')
    """
    text = text.strip()
    kind, _, rest = text.partition("-")
    if kind in KINDS and _STRENGTH.fullmatch(rest):
        return variant_of(kind, float(rest))
    return _WORDS.get(text.casefold(), text)


class TrainSetting(str):
    """The faces in a checkpoint's training images.

    A variant's name, ``B+CP`` (copy-paste on blurred faces), ``other`` (unknown, or a mixture), or
    ``-`` if nothing was trained. It is a string and compares as one.
    """

    __slots__ = ()

    BLURRED: ClassVar[TrainSetting]
    NORMAL: ClassVar[TrainSetting]
    COPY_PASTE: ClassVar[TrainSetting]
    OTHER: ClassVar[TrainSetting]
    NONE: ClassVar[TrainSetting]  # nothing was trained

    def __new__(cls, name: str) -> TrainSetting:
        """Check a name.

        Raises:
            ValueError: it is not a train setting; the message lists them.
        """
        if name not in (COPY_PASTE, OTHER, UNTRAINED) and not is_variant(name):
            raise ValueError(f"{name!r} is not a train setting: use B+CP, other, {_WHAT_IS}")
        return super().__new__(cls, name)

    @property
    def value(self) -> str:
        """The plain string, as for a member of an enum."""
        return str(self)


TrainSetting.BLURRED = TrainSetting(BLURRED)
TrainSetting.NORMAL = TrainSetting(NORMAL)
TrainSetting.COPY_PASTE = TrainSetting(COPY_PASTE)
TrainSetting.OTHER = TrainSetting(OTHER)
TrainSetting.NONE = TrainSetting(UNTRAINED)

TRAIN_SETTINGS = (BLURRED, COPY_PASTE, NORMAL, OTHER)
"""Train settings with fixed names; the names of other obfuscations are train settings too."""


def is_train_setting(name: str) -> bool:
    """Return whether a name is a train setting of a trained method."""
    return name in TRAIN_SETTINGS or is_variant(name)


def is_private(train: str) -> bool:
    """Return whether a train setting has hidden faces."""
    return train == COPY_PASTE or (is_variant(train) and is_hidden(train))


def seen_in_training(train: str) -> str:
    """Return the variant of the training images of a private train setting.

    >>> seen_in_training("B+CP"), seen_in_training("mosaic-0.10")
    ('B', 'mosaic-0.10')
    """
    return BLURRED if train == COPY_PASTE else train


def train_order(train: str) -> tuple[int, str]:
    """Return a sort key: B, B+CP, other obfuscations by name, N, other, untrained, unknown."""
    known = {BLURRED: 0, COPY_PASTE: 1, NORMAL: 3, OTHER: 4, UNTRAINED: 5}
    return (known.get(train, 2 if is_variant(train) else 99), train)


@dataclass(frozen=True, order=True)
class Setting:
    """A train setting and a test variant."""

    train: str
    test: str

    @classmethod
    def parse(cls, text: str) -> Setting:
        """Read ``TRAIN:TEST``, such as ``B:N`` or ``-:N``.

        Raises:
            ValueError: the text has another form.
        """
        train, colon, test = text.strip().replace(DASH, UNTRAINED).rpartition(":")
        if not colon or not train or not test:
            raise ValueError(f"setting {text!r} is not TRAIN:TEST, such as B:N or -:N")
        try:
            check_variant(test)
            TrainSetting(train)
        except ValueError as error:
            raise ValueError(f"setting {text!r} is not TRAIN:TEST: {error}") from None
        return cls(train, test)

    @property
    def title(self) -> str:
        """Text for tables: ``B:N``, or with a dash if nothing was trained."""
        return f"{self.train_title}:{self.test}"

    @property
    def train_title(self) -> str:
        """The train setting for tables, a dash if nothing was trained."""
        return DASH if self.train == UNTRAINED else self.train

    @property
    def order(self) -> tuple[tuple[int, str], tuple[int, str]]:
        """Sort key: by train setting, then by test variant."""
        return (train_order(self.train), variant_order(self.test))


def paper_settings(variants: Sequence[str] = PAPER_VARIANTS) -> tuple[Setting, ...]:
    """Return the settings of the paper's Tables 1 and 2: every pair of train and test variants."""
    trained = tuple(v for v in ordered(variants) if v in PAPER_VARIANTS)
    return tuple(Setting(train, test) for train in trained for test in ordered(variants))


def untrained_settings(variants: Sequence[str] = PAPER_VARIANTS) -> tuple[Setting, ...]:
    """Return the settings of untrained methods."""
    return tuple(Setting(UNTRAINED, test) for test in ordered(variants))


PPT_GAP = "PPT gap"
PRIVACY_COST = "Privacy cost"
OBFUSCATION_SHIFT = "Obfuscation shift"
SUBSET_GAP = "P versus NP"

# The question of each contrast, for people who do not know the settings by heart.
QUESTIONS = {
    PPT_GAP: "Trained on blurred faces: how much worse on normal faces than on blurred ones?",
    PRIVACY_COST: "On normal faces: how much worse than if the training had seen faces?",
    OBFUSCATION_SHIFT: "How much worse when the faces in the test are blurred?",
    SUBSET_GAP: "How do the errors on subset NP differ from those on subset P?",
}


@dataclass(frozen=True)
class Contrast:
    """A named difference of two settings: ``test`` minus ``reference``.

    Attributes:
        test_subset, reference_subset: two subsets with different images, so the difference is
            unpaired. Empty for a difference over the same images of one subset.
    """

    name: str
    meaning: str
    test: Setting
    reference: Setting
    test_subset: str = ""
    reference_subset: str = ""

    @property
    def paired(self) -> bool:
        """Whether both sides have the same images."""
        return not self.test_subset

    @property
    def question(self) -> str:
        """The question of the contrast, for people who do not know the settings by heart."""
        shut = hidden((self.test.test, self.reference.test))
        text = QUESTIONS[self.name]
        if not self.paired or not shut or shut[0] == BLURRED:
            return text
        return text.replace("are blurred", f"are hidden by {shut[0]}").replace("blurred", "hidden")

    @property
    def formula(self) -> str:
        """The difference as a formula, such as ``B:N − B:B`` or ``NP N:N − P N:B``."""
        sides = (
            f"{self.test_subset} {self.test.title}",
            f"{self.reference_subset} {self.reference.title}",
        )
        return f" {MINUS} ".join(side.strip() for side in sides)


def contrasts(trains: Collection[str], variants: Iterable[str] = PAPER_VARIANTS) -> list[Contrast]:
    """Return the possible contrasts of methods with these train settings, in a fixed order.

    Args:
        trains: train settings of the methods.
        variants: their test variants; each one with hidden faces has a shift.
    """
    in_order = sorted(set(trains), key=train_order)
    private = [train for train in in_order if is_private(train)]
    ppt = [_ppt_gap(train) for train in private]
    cost = [
        Contrast(
            PRIVACY_COST,
            "worse than if trained on normal faces",
            Setting(train, NORMAL),
            Setting(NORMAL, NORMAL),
        )
        for train in private
        if NORMAL in trains
    ]
    shift = [
        _shift(train, variant)
        for train in in_order
        if not is_private(train)
        for variant in hidden(variants)
    ]
    return ppt + cost + shift


def _ppt_gap(train: str) -> Contrast:
    seen = seen_in_training(train)
    meaning = f"worse on normal faces than with {variant_title(seen)}"
    if seen == BLURRED:
        meaning = "worse on normal than on blurred faces"
    return Contrast(PPT_GAP, meaning, Setting(train, NORMAL), Setting(train, seen))


def _shift(train: str, variant: str) -> Contrast:
    are = "blurred" if variant == BLURRED else f"hidden by {variant}"
    return Contrast(
        OBFUSCATION_SHIFT,
        f"worse when the test faces are {are}",
        Setting(train, variant),
        Setting(train, NORMAL),
    )


def subset_contrast(train: str, on_p: Collection[Setting]) -> Contrast:
    """Return NP minus P for one train setting, both with normal faces if P has them.

    If P has only blurred faces, as in the released P3M-500-P, the reference is its test on B.

    Args:
        train: the train setting.
        on_p: settings with rows on P.
    """
    new = Setting(train, NORMAL)
    old = new if new in on_p else Setting(train, BLURRED)
    return Contrast(SUBSET_GAP, "larger errors on NP than on P", new, old, "NP", "P")
