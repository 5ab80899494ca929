"""Measure what each kind and strength of hiding hides, and write the figures as Markdown.

Run it from a checkout, on the drawn portraits or on your copy of P3M-10k:

    python benchmarks/privacy/tables.py collection --out results/privacy/collection.md
    python benchmarks/privacy/tables.py p3m500 --data P3M-10k --faces detect --out demo.md

It does what `p3mbench privacy` does, and writes figures only, no image. Images with blurred faces
and without a face mask are left out, because nobody knows where their faces are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from p3mbench.benchmark import chosen, open_benchmark, train_samples
from p3mbench.privacy.detectors import named_detector
from p3mbench.privacy.measure import PrivacyRequest, measure
from p3mbench.privacy.persons import IDENTITIES, Gallery
from p3mbench.privacy.record import PrivacyRecord, written
from p3mbench.privacy.wording import answer, meanings, table
from p3mbench.settings import NORMAL

VARIANTS = (
    "N", "gaussian-0.06", "B", "gaussian-0.25", "mosaic-0.05", "mosaic-0.10", "mosaic-0.20",
    "zero",
)  # fmt: skip


def lines(record: PrivacyRecord, command: str) -> Iterator[str]:
    """The page: answer, table, meanings."""
    yield from (f"# What hiding hides: {record.title}", "", answer(record), "")
    yield f"Made by `{command}`. B is gaussian-0.12."
    header, rows = table(record)
    yield from ("", "| " + " | ".join(header) + " |", "| --- " * len(header) + "|")
    yield from ("| " + " | ".join(cell or "–" for cell in row) + " |" for row in rows)
    yield ""
    yield from (f"- {line}" for line in meanings(record))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("--data", type=Path, help="folder of P3M-10k")
    parser.add_argument("--faces", choices=("facemask", "detect"))
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--persons", type=int, default=IDENTITIES)
    parser.add_argument("--record", type=Path, help="write the record here too, as JSON")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    benchmark = chosen(asked.benchmark, faces=asked.faces, variants=VARIANTS)
    gallery = None
    if benchmark.source.drawn and asked.persons:
        gallery = Gallery.trained(train_samples(benchmark, None, NORMAL), asked.persons)
    detectors = [named_detector("mtcnn"), named_detector("cascade")]
    opened = open_benchmark(benchmark, asked.data)
    record = measure(PrivacyRequest(opened, detectors, persons=gallery, limit=asked.limit))
    shown = f"python benchmarks/privacy/tables.py {asked.benchmark}"
    shown += f" --faces {asked.faces} --data P3M-10k" if asked.faces else ""
    shown += f" --limit {asked.limit}" if asked.limit else ""
    shown += f" --persons {asked.persons}" if asked.persons != IDENTITIES else ""
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text("\n".join(lines(record, shown)) + "\n", encoding="utf-8")
    if asked.record:
        written(record, asked.record)


if __name__ == "__main__":
    main()
