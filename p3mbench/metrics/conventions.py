"""The metric conventions side by side: which region, which scale, which kernel, which rules.

Every matting repository defines its own SAD, Grad and Conn. A `Convention` describes their
differences as data; `absolute`, `gradient` and `connectivity` do the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from p3mbench.metrics.table import METRICS
from p3mbench.names import nearest

_WHOLE = ("sad", "mse", "mad", "grad", "conn")
_P3M_TRIMAP = ("sad_t", "mse_t", "mad_t", "sad_fg", "sad_bg")
_UNKNOWN = ("sad_t", "mse_t", "grad_t", "conn_t")


@dataclass(frozen=True, kw_only=True)
class Convention:
    """One project's definition of the metrics.

    Attributes:
        name: name for `score`.
        title: one line for people.
        source: the code or paper that defines it.
        metrics: metrics that it defines without a trimap; empty if it needs a trimap.
        trimap_metrics: metrics that it defines with a trimap.
        scale: factors and divisors of the numbers, in words.
        needs_trimap: whether `score` refuses to work without a trimap.
        quantise: predictions are 8-bit files: floats are first truncated (`truncate`) or rounded
            (`round`) to bytes, and flagged. Float ground truths do not change.
        single: values are float32, so gray 153 reaches level 0.6; else float64, where it does not.
        paste_known: the prediction is first set to 0 and 1 where the trimap is known.
        known_counts: errors of the pasted prediction in the known region count in `sad_t`.
        gradient: `p3m` (13 taps, reflected border) or `dim` (9 taps, replicated border).
        stretch: each matte is stretched to span 0..1 before its gradient is taken.
        empty_level: a level that no pixel reaches in both mattes is skipped (`skip`) or ends the
            connectivity of every pixel (`fail`).
        ties: among components of equal size, the first in `row` or `column` order wins.
        background_counts: the background can be the largest component (a known bug).
        thousandfold: `mse` and `mad` are multiplied by 1000.
        pixel_epsilon: added to the number of pixels before dividing by it.
    """

    name: str
    title: str
    source: str
    metrics: tuple[str, ...]
    trimap_metrics: tuple[str, ...]
    scale: str = "SAD, CONN / 1000; MSE, MAD per pixel"
    needs_trimap: bool = False
    quantise: Literal["truncate", "round"] | None = None
    single: bool = False
    paste_known: bool = False
    known_counts: bool = False
    gradient: Literal["p3m", "dim"] = "dim"
    stretch: bool = True
    empty_level: Literal["skip", "fail"] = "fail"
    ties: Literal["row", "column"] = "row"
    background_counts: bool = False
    thousandfold: bool = False
    pixel_epsilon: float = 0.0

    def __post_init__(self) -> None:
        """Refuse an entry that cannot be computed as declared.

        Raises:
            ValueError: a metric is not in `METRICS`, is named twice, or needs an input that is not
                given.
        """
        names = self.metrics + self.trimap_metrics
        for name in names:
            if name not in METRICS:
                raise ValueError(f"convention {self.name!r}: {name!r} is not in METRICS")
            if name in self.metrics and METRICS[name].region.needs == "trimap":
                raise ValueError(
                    f"convention {self.name!r}: {name!r} needs a trimap; list it in trimap_metrics"
                )
        if len(set(names)) != len(names):
            raise ValueError(f"convention {self.name!r}: names a metric twice")

    def defines(self, *, trimap: bool) -> tuple[str, ...]:
        """Return the metrics that the convention itself defines, with or without a trimap.

        >>> CONVENTIONS["dim"].defines(trimap=True)
        ('sad_t', 'mse_t', 'grad_t', 'conn_t')
        """
        if trimap and self.gradient == "p3m":
            return self.metrics + self.trimap_metrics
        return self.trimap_metrics if trimap and self.trimap_metrics else self.metrics


_P3M = Convention(
    name="p3m",
    title="P3M, floats in memory (ACM MM 2021)",
    source="JizhiziLi/P3M core/test.py; Li et al., Privacy-Preserving Portrait Matting, 2021",
    metrics=_WHOLE,
    trimap_metrics=_P3M_TRIMAP,
    scale="SAD, CONN / 1000; GRAD / 10; MSE, MAD per pixel",
    known_counts=True,
    gradient="p3m",
    stretch=False,
    empty_level="skip",
)
_P3M_8BIT = Convention(
    name="p3m-8bit",
    title="P3M-Net, 8-bit files (IJCV 2023)",
    source="ViTAE-Transformer/P3M-Net core/eval.py; Ma et al., Rethinking P3M, 2023",
    metrics=_WHOLE,
    trimap_metrics=_P3M_TRIMAP,
    scale=_P3M.scale,
    quantise="truncate",
    single=True,
    known_counts=True,
    gradient="p3m",
    stretch=False,
    empty_level="skip",
)
_DIM_SCALE = "SAD, GRAD, CONN / 1000; MSE per unknown pixel"
_DIM = Convention(
    name="dim",
    title="Deep Image Matting's MATLAB scripts (composition-1k)",
    source="Adobe evaluation code; Xu et al., Deep Image Matting, 2017; Rhemann et al., 2009",
    metrics=(),
    trimap_metrics=_UNKNOWN,
    scale=_DIM_SCALE,
    needs_trimap=True,
    quantise="round",
    single=True,
    ties="column",
)
_DIM_MASKED = Convention(
    name="dim-masked",
    title="the same, known labels pasted into the prediction first",
    source=_DIM.source,
    metrics=(),
    trimap_metrics=_UNKNOWN,
    scale=_DIM_SCALE,
    needs_trimap=True,
    quantise="round",
    single=True,
    paste_known=True,
    ties="column",
)
_DIM_INDEXNET = Convention(
    name="dim-indexnet",
    title="IndexNet's copy of the MATLAB scripts",
    source="poppinace/indexnet_matting evaluation code; Lu et al., Indices Matter, 2019",
    metrics=(),
    trimap_metrics=_UNKNOWN,
    scale=_DIM_SCALE,
    needs_trimap=True,
    quantise="round",
    single=True,
    empty_level="skip",
    ties="column",
)
_MMAGIC = Convention(
    name="mmagic",
    title="MMagic / MMEditing (prediction masked, as it requires)",
    source="open-mmlab/mmagic evaluation metrics",
    metrics=(),
    trimap_metrics=_UNKNOWN,
    scale=_DIM_SCALE,
    needs_trimap=True,
    paste_known=True,
    known_counts=True,
)
_PADDLESEG = Convention(
    name="paddleseg",
    title="PaddleSeg Matting (pastes the known region; whole image without a trimap)",
    source="PaddlePaddle/PaddleSeg Matting metrics",
    metrics=("sad", "mse", "grad", "conn"),
    trimap_metrics=_UNKNOWN,
    scale="SAD, GRAD, CONN / 1000; MSE per pixel of the region",
    quantise="round",
    single=True,
    paste_known=True,
)
_GCA = Convention(
    name="gca",
    title="GCA-Matting's Python and its copies, with its background bug",
    source="Yaoyi-Li/GCA-Matting utils; copied by MGMatting, SEMat, SDMatte, ICM, MAM",
    metrics=_WHOLE,
    trimap_metrics=_UNKNOWN,
    scale="SAD, GRAD, CONN / 1000; MSE per pixel of the region + 1e-8",
    single=True,
    stretch=False,
    background_counts=True,
    pixel_epsilon=1e-8,
)
_GCA_WHOLE = Convention(
    name="gca-whole",
    title="the same over the whole image (SDMatte on P3M-500-NP)",
    source=_GCA.source,
    metrics=_WHOLE,
    trimap_metrics=(),
    scale="SAD, GRAD, CONN / 1000; MSE, MAD per pixel + 1e-8",
    single=True,
    stretch=False,
    background_counts=True,
    pixel_epsilon=1e-8,
)
_GCA_TESTER = Convention(
    name="gca-tester",
    title="GCA-Matting's own test: known labels pasted, truncated to bytes, then as gca",
    source="Yaoyi-Li/GCA-Matting trainer.py and demo.py, then utils",
    metrics=(),
    trimap_metrics=_UNKNOWN,
    scale=_GCA.scale,
    needs_trimap=True,
    quantise="truncate",
    single=True,
    paste_known=True,
    stretch=False,
    background_counts=True,
    pixel_epsilon=1e-8,
)
_RVM = Convention(
    name="rvm",
    title="RobustVideoMatting, low resolution (also MatAnyone)",
    source="PeterL1n/RobustVideoMatting evaluation/evaluate_lr.py; Lin et al., RVM, 2022",
    metrics=("mad", "mse", "grad", "conn"),
    trimap_metrics=(),
    scale="MAD, MSE x 1000 per pixel; GRAD, CONN / 1000",
    single=True,
    thousandfold=True,
)

CONVENTIONS: MappingProxyType[str, Convention] = MappingProxyType(
    {
        convention.name: convention
        for convention in (
            _P3M,
            _P3M_8BIT,
            _DIM,
            _DIM_MASKED,
            _DIM_INDEXNET,
            _MMAGIC,
            _PADDLESEG,
            _GCA,
            _GCA_WHOLE,
            _GCA_TESTER,
            _RVM,
        )
    }
)
"""Every convention by name, the default first."""


def find_convention(name: str) -> Convention:
    """Return the convention with this name.

    Raises:
        ValueError: the name is unknown; the message lists the known ones.

    >>> find_convention("p3m").gradient
    'p3m'
    """
    try:
        return CONVENTIONS[name]
    except (KeyError, TypeError):
        known = ", ".join(CONVENTIONS)
        hint = nearest(str(name), CONVENTIONS)
        raise ValueError(f"convention: {name!r} is unknown; {hint}choose one of {known}") from None
