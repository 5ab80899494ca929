"""Fake stored rows, seeded, with everything a report must survive."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from p3mbench.store import Row, Store

METRICS = (
    "sad", "mse", "mad", "sad_t", "mse_t", "mad_t", "sad_fg", "sad_bg", "grad", "conn",
)  # fmt: skip


@dataclass(frozen=True)
class Fake:
    """One method with one checkpoint: errors are gamma around ``level``; N adds ``gap``."""

    method: str
    title: str
    level: float
    train: str = "-"
    kind: str = "trimap-free"
    gap: float = 0.0
    strategy: str = "native"
    options: str = "{}"
    trimap_source: str = ""
    checkpoint: str = ""
    seed: str = ""
    subsets: tuple[str, ...] = ("P", "NP")
    variants: tuple[str, ...] = ("B", "N")
    limit: int = 10**6  # only so many images
    failed: int = 0  # the first so many images failed
    undefined: int = 0  # the last so many images have no unknown region
    benchmark: str = "mini"
    convention: str = "p3m"
    obfuscation: str = "gaussian 21"
    flags: str = ""


DEFAULT = (
    Fake("p3mnet-r34", "P3M-Net (R34)", 9.0, "B", gap=0.8, strategy="resize", checkpoint="b.pth"),
    Fake("p3mnet-r34", "P3M-Net (R34)", 9.5, "N", gap=-1.5, strategy="resize", checkpoint="n.pth"),
    Fake("modnet", "MODNet", 13.0, "B", gap=2.5, checkpoint="modnet_b.ckpt", failed=3),
    Fake("modnet", "MODNet", 12.0, "N", gap=-2.0, checkpoint="modnet_n.ckpt"),
    Fake("mean", "Mean alpha", 60.0),
    Fake("closed-form", "Closed-form", 7.0, kind="trimap-based", trimap_source="dataset"),
    Fake("knn", "KNN", 7.4, kind="trimap-based", trimap_source="dataset", limit=18),
    Fake("coarse", "Coarse", 15.0, kind="trimap-based", trimap_source="dataset", undefined=2),
)


def rows(fakes: Sequence[Fake] = DEFAULT, images: int = 24, seed: int = 0) -> pd.DataFrame:
    """One line per fake, subset, variant and image."""
    lines = []
    for number, fake in enumerate(fakes):
        for subset in fake.subsets:
            people = np.random.default_rng([seed, len(subset)]).gamma(4.0, 0.25, images)
            for variant in fake.variants:
                rng = np.random.default_rng([seed, number, len(subset), *map(ord, variant)])
                extra = fake.gap if variant == "N" else 0.0
                sad = np.abs(people * (fake.level + extra) + rng.normal(0, 0.3, images))
                lines += _lines(fake, subset, variant, sad)
    return pd.DataFrame(lines)


def _lines(fake: Fake, subset: str, variant: str, sad: np.ndarray) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    for i, value in enumerate(sad[: fake.limit].tolist()):
        bad = i < fake.failed
        scores = dict.fromkeys(METRICS, float("nan"))
        if not bad:
            scores = {m: value / (k + 1) for k, m in enumerate(METRICS)}
            scores |= {m: scores[m] / 1000 for m in ("mse", "mad", "mse_t", "mad_t")}
        if i >= len(sad) - fake.undefined:
            scores |= dict.fromkeys(("sad_t", "mse_t", "mad_t"), float("nan"))
        lines.append(
            {
                "method": fake.method,
                "title": fake.title,
                "kind": fake.kind,
                "learned": fake.train != "-",
                "checkpoint": fake.checkpoint,
                "checkpoint_sha256": hash_of(fake.checkpoint) if fake.checkpoint else "",
                "train_setting": fake.train,
                "seed": fake.seed,
                "strategy": fake.strategy,
                "options": fake.options,
                "trimap_source": fake.trimap_source,
                "benchmark": fake.benchmark,
                "subset": subset,
                "variant": variant,
                "image": f"{subset.lower()}_{i:04d}",
                "convention": fake.convention,
                "obfuscation": fake.obfuscation,
                "status": "failed" if bad else "ok",
                "reason": "returned NaN" if bad else "",
                "flags": fake.flags,
                "seconds": 0.25 * (i + 1),
                "height": 256,
                "width": 192,
                "device": "cpu",
                **scores,
            }
        )
    return lines


def hash_of(name: str) -> str:
    """64 hexadecimal digits that depend on the name only."""
    return hashlib.sha256(name.encode()).hexdigest()


def stored(frame: pd.DataFrame, folder: Path) -> Path:
    """A results store in ``folder`` that holds the rows of ``frame``."""
    names = [field.name for field in fields(Row)]
    given = [name for name in names if name in frame.columns]
    metrics = [name for name in frame.columns if name not in names]
    empty = {"device": "cpu", "run_id": "run", "seconds": None, "height": None, "width": None}
    lines = [
        Row(
            **empty
            | {name: record[name] for name in given}
            | {
                "key": str(i),
                "learned": bool(record["learned"]),
                "metrics": {m: record[m] for m in metrics},
            }
        )
        for i, record in enumerate(frame.to_dict("records"))
    ]
    with Store(folder, create=True) as store:
        store.add_all(lines)
    return folder
