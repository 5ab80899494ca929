"""Compute gaps between two settings, with intervals and tests: arrays in, numbers out.

All scores are errors, so lower is better and **a positive gap is worse**: a gap is test minus
reference. The report chooses the two settings. Three questions have an answer each, with its own
estimate, interval and test (docs/statistics.md):

====================  ==========================  ================  =============================
question              estimate                    interval          test
====================  ==========================  ================  =============================
on average            mean                        `means`           `flips` (permutation)
on a typical image    Hodges-Lehmann              `typical`         Wilcoxon, Mann-Whitney
how often it fails    share of failing images     `failing`         sign test, Fisher
====================  ==========================  ================  =============================

The unit is the image. Resamples depend on the number of images and the seed, and images are
sorted by value first: the same scores give the same numbers, in any order and beside any others.
"""

from p3mbench.stats.describe import (
    WORST,
    SeedSpread,
    Summary,
    seed_spread,
    summarise,
    worst_share,
)
from p3mbench.stats.failing import (
    FailureShare,
    failure_share,
    failure_share_unpaired,
    round_amount,
)
from p3mbench.stats.flips import (
    least_images,
    least_unpaired_p,
    permutation_p,
    sign_flip_p,
    sign_flip_ps,
)
from p3mbench.stats.gaps import (
    SIGNIFICANT,
    Gap,
    OnAverage,
    over_seeds,
    paired_gap,
    paired_gaps,
    unpaired_gap,
)
from p3mbench.stats.means import Interval, mean_interval, mean_intervals
from p3mbench.stats.multiple import RankRange, holm, rank_ranges
from p3mbench.stats.resampling import DEFAULT, Bootstrap
from p3mbench.stats.typical import Typical, typical_gap, typical_gap_unpaired, wilcoxon_p

__all__ = [
    "DEFAULT",
    "SIGNIFICANT",
    "WORST",
    "Bootstrap",
    "FailureShare",
    "Gap",
    "Interval",
    "OnAverage",
    "RankRange",
    "SeedSpread",
    "Summary",
    "Typical",
    "failure_share",
    "failure_share_unpaired",
    "holm",
    "least_images",
    "least_unpaired_p",
    "mean_interval",
    "mean_intervals",
    "over_seeds",
    "paired_gap",
    "paired_gaps",
    "permutation_p",
    "rank_ranges",
    "round_amount",
    "seed_spread",
    "sign_flip_p",
    "sign_flip_ps",
    "summarise",
    "typical_gap",
    "typical_gap_unpaired",
    "unpaired_gap",
    "wilcoxon_p",
    "worst_share",
]
