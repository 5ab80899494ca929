"""A page of fake rows with hostile names and drawings of nothing in particular."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from fake import DEFAULT, Fake, rows

from p3mbench.data.sample import Scene
from p3mbench.report import build
from p3mbench.report.html import Page, render_html
from p3mbench.runs import RunRecord
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=99)
EVIL = "<script>window.hacked = 1</script>"
EVIL_IMAGE = '"><img src=x onerror="window.hacked=2">'
EVIL_FAKES = (
    *DEFAULT,
    replace(DEFAULT[0], method=EVIL, title=EVIL, level=30.0, checkpoint=EVIL),
)


class Drawings:
    """Pictures of nothing in particular, for every image and method."""

    problems = ("one image could not be read",)

    def scene(self, benchmark: str, subset: str, variant: str, image: str) -> Scene:
        rng = np.random.default_rng([*map(ord, variant)])
        alpha = np.zeros((64, 48), np.uint8)
        alpha[20:, 12:36] = 255
        return Scene(rng.integers(0, 256, (64, 48, 3), dtype=np.uint8), alpha, None, None)

    def matte(self, entry: Any, subset: str, setting: Any, image: str) -> np.ndarray:
        alpha = np.zeros((64, 48), np.uint8)
        alpha[20:, {"B": 12, "N": 24}.get(setting.test, 30) : 36] = 255
        return alpha


def page_of(frame: pd.DataFrame) -> str:
    manifests = (
        RunRecord.of({"started_utc": "2026-11-24T00:00:00", "command": ["</script>", EVIL]}),
    )
    return render_html(Page(build(frame, how=QUICK), manifests, Drawings()))  # type: ignore[arg-type]


def page(fakes: tuple[Fake, ...] = EVIL_FAKES, images: int = 6) -> str:
    frame = rows(fakes, images=images)
    frame.loc[frame["image"] == "p_0001", "image"] = EVIL_IMAGE
    return page_of(frame)
