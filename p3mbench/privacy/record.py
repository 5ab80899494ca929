"""The record of a measurement of privacy: a JSON file beside a store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from p3mbench.errors import DataError
from p3mbench.privacy.counting import OperatingPoint, Proportion
from p3mbench.writing import write_text

FORMAT = 1
PREFIX = "privacy-"


@dataclass(frozen=True)
class DetectorUse:
    """A detector at its threshold, with what a face that it finds or misses means."""

    name: str
    title: str
    shows: str
    point: OperatingPoint


@dataclass(frozen=True)
class HiddenPlace:
    """What was counted in one variant of one subset.

    Attributes:
        obfuscation: the recipe that makes the variant; "" if it has files, or for N.
        contents: image -> hash of all its pixels depend on, as in the rows of a store.
        faces_from: where the places of the faces come from.
        found: detector -> share of the faces that it still finds.
        asked: number of images of the subset; those without a known face are not in ``contents``.
        recognised: kind of recogniser -> share of the faces that lead to their own person.
    """

    subset: str
    variant: str
    obfuscation: str
    contents: Mapping[str, str]
    faces_from: str
    found: Mapping[str, Proportion]
    recognised: Mapping[str, Proportion] = field(default_factory=dict)
    asked: int = 0


@dataclass(frozen=True)
class PrivacyRecord:
    """What hiding hides on one benchmark.

    Attributes:
        detectors: in the order of the options; the first one is that of plots.
        recognisers: kind of recogniser -> what its share shows and does not show.
        left_out: lines about images that were not counted.
        versions: of p3mbench and libraries.
    """

    benchmark: str
    title: str
    detectors: tuple[DetectorUse, ...]
    places: tuple[HiddenPlace, ...]
    recognisers: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def place(self, subset: str, variant: str) -> HiddenPlace | None:
        """Return one variant of one subset, None if it was not measured."""
        at = (subset, variant)
        return next((one for one in self.places if (one.subset, one.variant) == at), None)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON."""
        return {
            "p3mbench_privacy": FORMAT,
            "benchmark": self.benchmark,
            "title": self.title,
            "detectors": [
                {"name": d.name, "title": d.title, "shows": d.shows, "rests_on": d.point.words}
                | vars(d.point)
                for d in self.detectors
            ],
            "recognisers": dict(self.recognisers),
            "places": [
                {
                    "subset": p.subset,
                    "variant": p.variant,
                    "obfuscation": p.obfuscation,
                    "faces_from": p.faces_from,
                    "asked": p.asked,
                    "found": {name: _share_json(s) for name, s in p.found.items()},
                    "recognised": {name: _share_json(s) for name, s in p.recognised.items()},
                    "contents": dict(p.contents),
                }
                for p in self.places
            ],
            "left_out": list(self.left_out),
            "versions": dict(self.versions),
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> PrivacyRecord:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not such a record.
        """
        if stored["p3mbench_privacy"] != FORMAT:
            raise ValueError(f"format {stored['p3mbench_privacy']} is not {FORMAT}")
        names = ("threshold", "asked", "alarms", "images", "all_alarms")
        return cls(
            benchmark=str(stored["benchmark"]),
            title=str(stored["title"]),
            detectors=tuple(
                DetectorUse(
                    str(d["name"]),
                    str(d["title"]),
                    str(d["shows"]),
                    OperatingPoint(*(d[n] for n in names)),
                )
                for d in stored["detectors"]
            ),
            places=tuple(
                HiddenPlace(
                    subset=str(p["subset"]),
                    variant=str(p["variant"]),
                    obfuscation=str(p["obfuscation"]),
                    contents=dict(p["contents"]),
                    faces_from=str(p["faces_from"]),
                    asked=int(p.get("asked", 0)),
                    found={name: _share_of(s) for name, s in p["found"].items()},
                    recognised={name: _share_of(s) for name, s in p["recognised"].items()},
                )
                for p in stored["places"]
            ),
            recognisers=dict(stored["recognisers"]),
            left_out=tuple(stored["left_out"]),
            versions=dict(stored["versions"]),
        )


def _share_json(share: Proportion) -> dict[str, Any]:
    low, high = (share.low, share.high)
    value = share.value if share.n else None
    return {"hits": share.hits, "n": share.n, "share": value, "low": low, "high": high}


def _share_of(stored: Mapping[str, Any]) -> Proportion:
    hits, n = int(stored["hits"]), int(stored["n"])
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is not a share")
    return Proportion(hits, n)


def file_of(folder: Path, benchmark: str) -> Path:
    """Return the file of a benchmark's record in a folder of results."""
    return folder / f"{PREFIX}{benchmark}.json"


def read_record(path: Path) -> PrivacyRecord:
    """Read a record.

    Raises:
        DataError: it cannot be read, or another program wrote it.
    """
    try:
        return PrivacyRecord.of(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: is not a record of p3mbench privacy ({type(error).__name__}: {error}); "
            "make it again"
        ) from None


def records_in(folder: Path) -> Iterator[PrivacyRecord]:
    """Read the records in a folder of results, by name; raises as `read_record` does."""
    for path in sorted(folder.glob(f"{PREFIX}*.json")):
        yield read_record(path)


def written(record: PrivacyRecord, path: Path) -> None:
    """Write a record to a file."""
    write_text(path, json.dumps(record.to_json(), indent=1, ensure_ascii=False) + "\n")
