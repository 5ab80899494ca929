"""Measure the intervals, tests and ranks of p3mbench where the truth is known.

Run it from a checkout: python benchmarks/statistics/coverage.py [--logs DIR] [--runs N] [--out F]

These populations have a known mean: normal noise, skewed noise without outliers (gamma), noise of
which 2 % are outliers (log-normal), and, with --logs, real differences of two methods per image,
drawn with replacement. DIR holds CSV files with the columns method, strategy, image and metrics,
such as the per-image logs of P3M-500-NP. The files are read only.
"""

from __future__ import annotations

import argparse
import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from candidates import CANDIDATES, FloatArray, Resampled
from scipy import stats as sps

from p3mbench import stats
from p3mbench.stats import Bootstrap
from p3mbench.stats.means import difference_bounds

SIZES = (24, 100, 500)
METRICS = ("sad", "mse")
HOW = Bootstrap(resamples=999)
METHODS = 8  # equal ones, in the table of ranks
RANK_RUNS = 500
SPEED_IMAGES = 1000


@dataclass(frozen=True, eq=False)
class Population:
    """Images to draw: ``draw(rng, runs, n)`` returns (runs, n) differences of mean ``mean``."""

    name: str
    draw: Callable[[np.random.Generator, int, int], FloatArray]
    mean: float


def synthetic() -> list[Population]:
    """Return the populations that need no file."""

    def gamma(rng: np.random.Generator, runs: int, n: int) -> FloatArray:
        return rng.gamma(0.5, 1.0, (runs, n)) - 0.3

    def outliers(rng: np.random.Generator, runs: int, n: int) -> FloatArray:
        usual = rng.lognormal(0, 1, (runs, n)) - rng.lognormal(0, 1, (runs, n))
        rare = rng.random((runs, n)) < 0.02
        return np.where(rare, usual + rng.lognormal(3, 0.7, (runs, n)), usual)

    def normal(rng: np.random.Generator, runs: int, n: int) -> FloatArray:
        return rng.normal(0.2, 1.0, (runs, n))

    return [
        Population("normal", normal, 0.2),
        Population("gamma", gamma, 0.2),
        Population("log-normal, 2 % outliers", outliers, 0.02 * float(np.exp(3 + 0.7**2 / 2))),
    ]


def read_logs(folder: Path) -> dict[str, pd.DataFrame]:
    """Return metric -> errors, (images, methods), of the images that every method scored."""
    rows = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("*.csv"))])
    rows["entry"] = rows["method"] + "/" + rows["strategy"]
    return {m: rows.pivot(index="image", columns="entry", values=m).dropna() for m in METRICS}


def real(logs: dict[str, pd.DataFrame]) -> list[Population]:
    """Return the difference of each pair of methods, drawn with replacement."""
    return [
        _drawn(f"real {metric.upper()}: {a} - {b}", (errors[a] - errors[b]).to_numpy(float))
        for metric, errors in logs.items()
        for a, b in combinations(errors.columns, 2)
    ]


def stressed(logs: dict[str, pd.DataFrame]) -> list[Population]:
    """Return the SAD differences with the largest one doubled: worse than anything measured."""
    found = []
    for a, b in combinations(logs["sad"].columns, 2):
        values = np.array(logs["sad"][a] - logs["sad"][b], dtype=np.float64)
        values[np.argmax(np.abs(values))] *= 2
        found.append(_drawn(f"worst doubled, SAD: {a} - {b}", values))
    return found


def _drawn(name: str, values: FloatArray) -> Population:
    def draw(rng: np.random.Generator, runs: int, n: int) -> FloatArray:
        return rng.choice(values, (runs, n))

    return Population(name, draw, float(values.mean()))


def coverage(populations: Sequence[Population], runs: int) -> Iterator[str]:
    """Yield a table of coverage, relative width and one-sided misses of each candidate."""
    yield "| population | n | " + " | ".join(CANDIDATES) + " |"
    yield "| --- " * (2 + len(CANDIDATES)) + "|"
    for population in populations:
        for n in SIZES:
            samples = population.draw(np.random.default_rng(n), runs, n)
            of = Resampled(samples, HOW)
            usual, cells = 1.0, []
            for name, candidate in CANDIDATES.items():
                low, high = candidate(of)
                width = float(np.median(high - low))
                usual = width if name == "Student's t" else usual
                above, below = (low > population.mean).mean(), (high < population.mean).mean()
                held = 100 * (1 - above - below)
                cells.append(
                    f"{held:.1f} ({100 * below:.1f} / {100 * above:.1f}; {width / usual:.2f})"
                )
            yield f"| {population.name} | {n} | " + " | ".join(cells) + " |"


def unpaired(errors: pd.DataFrame, runs: int) -> Iterator[str]:
    """Yield a table of the unpaired interval and test, on errors of two methods as two subsets."""
    yield "| subsets | n | coverage % | relabelling p < 0.05 if equal % |"
    yield "| --- | --- | --- | --- |"
    for a, b in combinations(errors.columns, 2):
        x, y = errors[a].to_numpy(float), errors[b].to_numpy(float)
        for n in SIZES:
            rng = np.random.default_rng(n)
            held = wrong = 0
            for _ in range(runs // 4):
                one, two, three = rng.choice(x, n), rng.choice(y, n), rng.choice(x, n)
                low, high = difference_bounds(one, two, HOW)
                held += low <= x.mean() - y.mean() <= high
                wrong += stats.permutation_p(one, three, HOW) < 0.05
            yield f"| {a} - {b} | {n} | {400 * held / runs:.1f} | {400 * wrong / runs:.1f} |"


def rejections(populations: Sequence[Population], runs: int) -> Iterator[str]:
    """Yield a table of type-I errors: signs drawn at random, then the mean alone set to 0."""
    yield (
        "| population | n | signs at random: sign flips | Wilcoxon | mark "
        "| mean 0, skewed: sign flips | mark |"
    )
    yield "| --- " * 7 + "|"
    for population in populations:
        for n in SIZES:
            rng = np.random.default_rng([n, 1])
            samples = population.draw(rng, runs, n)
            flipped = samples * rng.choice([-1.0, 1.0], samples.shape)
            flips, mark = _rates(flipped)
            wilcoxon = 100 * (sps.wilcoxon(flipped, axis=1).pvalue < 0.05).mean()
            skewed, skewed_mark = _rates(samples - population.mean)
            yield (
                f"| {population.name} | {n} | {flips:.1f} | {wilcoxon:.1f} | {mark:.1f} "
                f"| {skewed:.1f} | {skewed_mark:.1f} |"
            )


def _rates(samples: FloatArray) -> tuple[float, float]:
    """Return how often the sign-flip test rejects, and how often a single method is marked."""
    rejected = stats.sign_flip_ps(samples, HOW) < 0.05
    low, high = stats.mean_intervals(samples, HOW)
    return 100 * float(rejected.mean()), 100 * float((rejected & ((low > 0) | (high < 0))).mean())


def ranks(logs: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield a table of how often ranks separate equal methods.

    Each method has the error of one of the measured methods on an image, drawn at random; without
    logs, gamma noise on a common error.
    """
    yield f"| {METHODS} equal methods | n | tables with a separation % |"
    yield "| --- | --- | --- |"
    for n in SIZES:
        rng = np.random.default_rng([n, 2])
        for name, errors in {"gamma": None, **logs}.items():
            separated = 0
            for _ in range(RANK_RUNS):
                if errors is None:
                    scores = rng.gamma(2, 3, n) + rng.gamma(0.5, 1, (METHODS, n))
                else:
                    values = errors.to_numpy(float)
                    image = rng.integers(len(values), size=n)
                    chosen = rng.integers(values.shape[1], size=(METHODS, n))
                    scores = values[image[None], chosen]
                found = stats.rank_ranges(scores, HOW)
                separated += any((r.best, r.worst) != (1, METHODS) for r in found)
            title = name if errors is None else f"real {name.upper()}"
            yield f"| {title} | {n} | {100 * separated / RANK_RUNS:.1f} |"


def trainings(runs: int) -> Iterator[str]:
    """Yield a table of gaps of several trainings: coverage, and rejections where the gap is 0.

    Trainings differ by normal noise as large as the noise of an image, or a tenth of it.
    """
    yield (
        "| seeds | images | spread of trainings | coverage, two levels % | rejected, two levels % "
        "| images only: coverage % | rejected % |"
    )
    yield "| --- " * 7 + "|"
    for seeds in (2, 3, 5, 10):
        for spread in (0.1, 1.0):
            rng = np.random.default_rng([seeds, 3])
            n, found = 96, []
            for _ in range(runs // 4):
                images = rng.gamma(0.5, 1.0, n) - 0.5
                noise = rng.normal(0, 0.5, (seeds, n)) + rng.normal(0, spread, (seeds, 1))
                d = images + noise
                mean = stats.mean_interval(d.mean(axis=0), HOW)
                p = stats.sign_flip_p(d.mean(axis=0), HOW)
                one = stats.OnAverage(
                    estimate=mean.estimate, low=mean.low, high=mean.high, p_value=p
                )
                both = stats.over_seeds(one, stats.seed_spread(d.mean(axis=1)), n, HOW)
                for level in (both, one):
                    found += [level.low <= 0 <= level.high, level.p_value < 0.05]
            rates = 100 * np.array(found).reshape(-1, 4).mean(axis=0)
            cells = " | ".join(f"{rate:.1f}" for rate in rates)
            yield f"| {seeds} | {n} | {spread} | {cells} |"


def speed() -> Iterator[str]:
    """Yield the time of one contrast of 50 methods with the default number of resamples."""
    rng = np.random.default_rng(0)
    errors = rng.gamma(2, 3, (51, SPEED_IMAGES))
    gaps = list(errors[1:] - errors[0])
    stats.paired_gaps(gaps)
    stats.unpaired_gap(errors[0], errors[1])
    began = time.process_time()
    stats.paired_gaps(gaps)
    paired = (time.process_time() - began) / len(gaps)
    began = time.process_time()
    for row in errors[1:11]:
        stats.unpaired_gap(errors[0], row)
    two = (time.process_time() - began) / 10
    began = time.process_time()
    stats.rank_ranges(errors[1:])
    pairs = time.process_time() - began
    yield (
        f"CPU time with {SPEED_IMAGES:,} images and {stats.DEFAULT.resamples:,} resamples, one "
        f"thread: {1000 * paired:.1f} ms per paired contrast, {1000 * two:.1f} ms per unpaired "
        f"one, {1000 * pairs:.0f} ms for the ranks of 50 methods."
    )


def report(logs: dict[str, pd.DataFrame], runs: int) -> Iterator[str]:
    """Yield the lines of the page."""
    populations = [*synthetic(), *real(logs)]
    yield "# Coverage of intervals, errors of tests, separation of equal methods\n"
    yield (
        f"Made by `benchmarks/statistics/coverage.py`: {runs:,} runs, {HOW.resamples} resamples. "
        "Real differences: per-image logs of P3M-Net (two strategies) and StyleMatte on the 500 "
        "images of P3M-500-NP (github.com/chroneus/stylematte), drawn with replacement.\n"
    )
    yield "## Intervals of a mean\n"
    yield (
        "Coverage in per cent of a 95 % interval (mean above the interval / below it; median "
        "width relative to Student's t).\n"
    )
    yield from coverage([*populations, *(stressed(logs) if logs else ())], runs)
    if logs:
        yield "\n## Unpaired: two subsets\n"
        yield f"Errors of two methods stand for two subsets; {runs // 4} runs.\n"
        yield from unpaired(logs["sad"], runs)
    yield "\n## Tests where there is no gap\n"
    yield (
        "Rejections at 0.05, in per cent. *mark*: test and interval agree, as for one method in "
        "a report. With random signs all gaps are 0. With the mean alone at 0, the typical image "
        "has a gap, so Wilcoxon's test has no level there.\n"
    )
    yield from rejections(populations, runs)
    yield "\n## Ranks of equal methods\n"
    yield f"{RANK_RUNS} tables each; at most 5 % may separate any two.\n"
    yield from ranks(logs)
    yield "\n## Several trainings of one method\n"
    yield (
        f"The mean gap over images and trainings is 0; {runs // 4} runs. Seeds and images as two "
        "levels, against the interval over images alone.\n"
    )
    yield from trainings(runs)
    yield "\n## Speed\n"
    yield from speed()


def main() -> None:
    """Write the page to the terminal or to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=Path, help="folder of CSV files with errors per image")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--out", type=Path, help="file to write instead of the terminal")
    given = parser.parse_args()
    lines = []
    for line in report(read_logs(given.logs) if given.logs else {}, given.runs):
        lines.append(line)
        if given.out is None:
            print(line, flush=True)
    if given.out is not None:
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
