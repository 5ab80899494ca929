"""Data sets that their authors publish, and the agreements under which they may be fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from p3mbench.errors import DataError
from p3mbench.hosts import HostedFile, download


@dataclass(frozen=True)
class Offer:
    """An archive of a data set.

    Attributes:
        name: for the command line.
        file: name of the archive.
        source: where it is; see `p3mbench.hosts`.
        agreement: address of the agreement that the user must accept.
        terms: the terms in a few words.
    """

    name: str
    title: str
    file: str
    source: HostedFile
    agreement: str
    terms: str


AGREEMENT = (
    "https://jizhizili.github.io/files/p3m_dataset_agreement/P3M-10k_Dataset_Release_Agreement.pdf"
)
TERMS = "P3M-10k Dataset Release Agreement; its authors ask to read and accept it first"
# The README of github.com/JizhiziLi/P3M (0af851a) has these links.
OFFERS = (
    Offer(
        name="p3m-10k",
        title="P3M-10k: 9,421 training images, P3M-500-P and P3M-500-NP",
        file="P3M-10k.zip",
        source=HostedFile("gdrive:1LqUU7BZeiq8I3i5KxApdOJ2haXm-cEv1"),
        agreement=AGREEMENT,
        terms=TERMS,
    ),
    Offer(
        name="p3m-10k-facemask",
        title="face masks of P3M-10k's training set and of P3M-500-P",
        file="P3M-10k_facemask.zip",
        source=HostedFile("gdrive:1I-71PbkWcivBv3ly60V0zvtYRd3ddyYs"),
        agreement=AGREEMENT,
        terms=TERMS,
    ),
)


def offer_of(name: str) -> Offer:
    """Return an offer by its name.

    Raises:
        DataError: there is none.
    """
    for offer in OFFERS:
        if offer.name == name:
            return offer
    have = ", ".join(offer.name for offer in OFFERS)
    raise DataError(f"no data set {name!r} is offered (there are: {have})")


def fetch(offer: Offer, folder: Path) -> Path:
    """Download an archive, which the user has agreed to; a broken download is continued.

    Returns:
        The path of the archive, which is not unpacked.

    Raises:
        FetchError: the host gives no file.
    """
    target = folder / offer.file
    return target if target.is_file() else download(offer.source, target)
