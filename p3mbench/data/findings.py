"""Find what is odd or wrong about the files of an image; reads each of them once."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p3mbench.data.agreement import (
    alike,
    contradiction,
    flat,
    nothing_hidden,
    outside,
    swapped,
)
from p3mbench.data.listing import first_names
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.sample import (
    BLANK,
    SAME_BYTES,
    FileSample,
    Sample,
    as_bytes,
    same_size,
)
from p3mbench.errors import DataError
from p3mbench.flags import WORDS
from p3mbench.images import UInt8Array, read_alpha, read_image, read_mask, read_trimap
from p3mbench.settings import NORMAL, hidden, ordered

CHECKS = 3  # raise it with every new or changed check: remembered findings then expire


@dataclass(frozen=True)
class Finding:
    """One odd or wrong thing about one file.

    Attributes:
        name: the end of the file's path (two folders and its name), or the image's id.
        text: the description, without the name.
        problem: True if the image cannot be used; False if it is legal but suspicious.
        flag: flag for the rows of the image; "" for none.
    """

    name: str
    text: str
    problem: bool
    flag: str = ""

    @property
    def kind(self) -> str:
        """The key that groups findings: the flag, else the text without its numbers and names."""
        return self.flag or re.sub(r"\d+|'[^']*'|\S+\.\w{3,4}\b", "#", self.text)


@dataclass(frozen=True)
class FindingKind:
    """Findings of one kind.

    Attributes:
        names: names of the files, in order, each once.
    """

    text: str
    problem: bool
    flag: str
    names: tuple[str, ...]

    @property
    def line(self) -> str:
        """Describe the kind in one line: its text, the number of files, and the first three."""
        return f"{self.text}: {len(self.names)} ({first_names(self.names)})"


def short_name(path: Path) -> str:
    """Return the end of a path for a finding: two folders and the file."""
    return "/".join(path.parts[-3:])


def kinds_of(findings: Iterable[Finding]) -> list[FindingKind]:
    """Group findings by kind: problems before odd ones, the most frequent kind first in each."""
    groups: dict[tuple[bool, str], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.problem, one.kind), []).append(one)
    kinds = []
    for (problem, _), members in groups.items():
        names = tuple(dict.fromkeys(one.name for one in members))
        several = len(names) > 1 and members[0].flag in WORDS
        text = WORDS[members[0].flag] if several else members[0].text
        kinds.append(FindingKind(text, problem, members[0].flag, names))
    return sorted(kinds, key=lambda kind: (not kind.problem, -len(kind.names)))


def names_of(kinds: Iterable[FindingKind], *, problem: bool | None = None) -> set[str]:
    """Return the files of some kinds, each once: problems, odd ones, or both for None."""
    chosen = (kind for kind in kinds if problem is None or kind.problem is problem)
    return {name for kind in chosen for name in kind.names}


def inspect(sample: Sample, variants: Sequence[str]) -> tuple[Finding, ...]:
    """Read every file behind some variants of a sample and compare them.

    Args:
        sample: a sample of any kind; drawn samples have no files and no findings.
        variants: variants to read. If N is among them, the others are compared with it.

    Returns:
        The findings in the order of reading.
    """
    if not isinstance(sample, FileSample):
        return ()
    look = _Look(sample)
    made = {variant: sample.made_by(variant) for variant in ordered(variants)}
    wanted = {NORMAL if by else variant for variant, by in made.items()}
    for variant in ordered(wanted & set(sample.images)):
        look.read(variant, sample.images[variant], read_image)
    look.read("alpha", sample.alpha, read_alpha)
    for role, path, read in (
        ("trimap", sample.trimap, read_trimap),
        ("face", sample.face, read_mask),
    ):
        if path is not None:
            look.read(role, path, read)
    _compare(look, [by for by in made.values() if by])
    return tuple(dict.fromkeys(look.findings))


@dataclass
class _Look:
    """The readable files of a sample, and the findings so far."""

    sample: FileSample
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def read(self, role: str, path: Path, reader: Callable[[Path], npt.NDArray[Any]]) -> None:
        self.paths[role] = path
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self.arrays[role] = reader(path)
            except DataError as error:
                self.add(role, str(error), problem=True)
        for one in caught:
            self.add(role, str(one.message), flag=getattr(one.message, "flag", ""))

    def add(self, role: str, text: str, *, problem: bool = False, flag: str = "") -> None:
        path = self.paths[role]
        text = text.removeprefix(f"{path}: ")
        self.findings.append(Finding(short_name(path), text, problem, flag))

    def agree(self, first: str, second: str) -> bool:
        """Return whether two files have the same size; if not, add a problem of the second."""
        try:
            same_size(
                self.paths[first], self.arrays[first], self.paths[second], self.arrays[second]
            )
        except DataError as error:
            self.add(second, str(error), problem=True)
            return False
        return True


def _compare(look: _Look, made: Sequence[Obfuscation]) -> None:
    """Add the findings that need several files."""
    arrays = look.arrays
    if "alpha" not in arrays:
        return
    alpha = as_bytes(arrays["alpha"])
    flag = flat(alpha)
    if flag:
        full = "the alpha is all white: there is no background"
        look.add("alpha", BLANK if flag == "empty_alpha" else full, flag=flag)
    others = [role for role in arrays if role != "alpha"]
    sizes = {arrays[role].shape[:2] for role in others}
    if len(others) > 1 and len(sizes) == 1 and alpha.shape not in sizes:
        look.agree(others[0], "alpha")  # all others agree, so the alpha is wrong
        return
    same = {role for role in others if look.agree("alpha", role)}
    ranged = any(one.flag.startswith("matte_") for one in look.findings)
    if "trimap" in same and not ranged:  # else the alpha is odd
        text = contradiction(alpha, arrays["trimap"])
        if text:
            look.add("trimap", text, flag="trimap_contrary")
    if "face" in same:
        _compare_face(look, alpha, made if NORMAL in same else ())
    for variant in hidden(same & set(look.sample.images)):
        if NORMAL in same:
            _compare_variants(look, variant)


def _compare_face(look: _Look, alpha: UInt8Array, made: Sequence[Obfuscation]) -> None:
    face = look.arrays["face"]
    reasons = (nothing_hidden(look.arrays[NORMAL], face, alpha, by) for by in made)
    why = next(filter(None, reasons), "")
    if why:
        look.findings = [one for one in look.findings if one.flag != "no_face"]  # said once
        look.add("face", f"hides nothing ({why}); mend the mask", problem=True)
    elif text := outside(np.asarray(face, bool), alpha):
        look.add("face", text, flag="face_outside")


def _compare_variants(look: _Look, variant: str) -> None:
    """Compare a variant in which faces should be hidden with the one where they are visible."""
    concealed, normal = look.arrays[variant], look.arrays[NORMAL]
    other = look.sample.images[NORMAL]
    if look.sample.same_bytes(variant):
        look.add(variant, f"{SAME_BYTES} {other}", flag="same_variants")
    elif alike(concealed, normal):
        text = f"shows the same faces as {other}: none is hidden"
        look.add(variant, text, flag="same_variants")
    elif swapped(concealed, normal):
        text = f"is sharper than {other} where they differ: are they swapped?"
        look.add(variant, text, flag="swapped_variants")


def refuse(kinds: Sequence[FindingKind], *, strict: bool, what: str) -> None:
    """Stop a command because of its findings, before it starts its work.

    Args:
        kinds: findings, already shown.
        strict: whether to stop for legal but suspicious files too.
        what: consequence for the message, such as "nothing was run".

    Raises:
        DataError: there is such a finding.
    """
    bad = [kind for kind in kinds if strict or kind.problem]
    if bad:
        files = len(names_of(bad))
        count = "1 file is" if files == 1 else f"{files} files are"
        how, because = ("wrong or odd", " because of --strict") if strict else ("wrong", "")
        raise DataError(f"{count} {how} (see above; first: {bad[0].line}); {what}{because}")
