"""Train nano P3M-Net from the same start with an old and this version; plot validation curves.

Run ``python benchmarks/training/curves.py --old OLD_PYTHON``, where OLD_PYTHON has version 0.1 of
p3mbench installed. Each version trains with its own losses and crops, from the same weights and
with the same seed, for ``--steps`` steps of the nano recipe with a shortened schedule. Every
``--every`` steps, the mattes of `mini`'s validation split are scored (whole-image SAD, mean over
the images; faces as in training). Writes ``training_curves.csv`` and ``.png`` into ``--out``.
"""

from __future__ import annotations

import copy
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
METHOD = "p3mnet-r34"
LABELS = {"old": "losses and crops of 0.1", "new": "losses and crops of this version"}
Curve = list[tuple[int, float]]


def train(start: Path, steps: int, every: int, seed: int) -> Curve:
    """Compute the curve of the running version; p3mbench is imported only here."""
    from dataclasses import replace

    import torch

    from p3mbench.benchmark import get
    from p3mbench.registry import get as method_of
    from p3mbench.training.crops import Crops, collate
    from p3mbench.training.optimisation import optimiser_of, set_rate
    from p3mbench.training.recipe import training_of
    from p3mbench.training.sources import DrawnSource

    try:
        from p3mbench.benchmark import train_samples
    except ImportError:  # version 0.1
        from p3mbench.data.splits import train_samples  # type: ignore[import-not-found,no-redef]

    torch.set_num_threads(1)
    training = training_of(method_of(METHOD))
    recipe = replace(training.recipe("nano"), steps=steps)
    source = DrawnSource(train_samples(get("mini"), None, "B"), "B")
    source.prepare(lambda done, total: None)
    crops = Crops(source, recipe, seed)
    network = training.network(recipe.width)
    network.load_state_dict(torch.load(start, weights_only=True))
    optimiser = optimiser_of(network, recipe)
    found = [(0, score(network))]
    for step in range(steps):
        first = step * recipe.batch_size
        batch = collate([crops[first + k] for k in range(recipe.batch_size)])
        set_rate(optimiser, recipe.rate_at(step, steps))
        parts = training.losses(network.train()(*training.inputs(batch)), batch)
        optimiser.zero_grad()
        torch.autograd.backward([torch.stack(list(parts.values())).sum()])
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        optimiser.step()
        if (step + 1) % every == 0 or step + 1 == steps:
            found.append((step + 1, score(network)))
    return found


def score(network: Any) -> float:
    """Mean SAD of a network's mattes of validation images, in thousands of pixels."""
    import numpy as np
    from p3mbench_methods.p3mnet.method import STRATEGIES, P3MNetPredictor

    from p3mbench.benchmark import get, open_benchmark
    from p3mbench.data.sample import TrimapSource

    predictor = P3MNetPredictor(copy.deepcopy(network), "cpu", STRATEGIES["resize"])
    errors = []
    for subset in open_benchmark(get("mini-val"), None).subsets:
        for sample in subset.samples:
            loaded = sample.load("B", TrimapSource())
            truth = np.asarray(loaded.alpha, np.float64) / 255
            errors.append(np.abs(predictor.predict(loaded.image) - truth).sum() / 1000)
    return float(np.mean(errors))


def start_weights(path: Path, seed: int) -> None:
    """Write the weights that both versions start from."""
    import torch

    from p3mbench.registry import get
    from p3mbench.training.recipe import training_of

    training = training_of(get(METHOD))
    torch.manual_seed(seed)
    torch.save(training.network(training.recipe("nano").width).state_dict(), path)


def write(curves: dict[str, Curve], out: Path) -> None:
    """Write the CSV and the plot."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    out.mkdir(parents=True, exist_ok=True)
    with (out / "training_curves.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["version", "step", "validation SAD"])
        for name, curve in curves.items():
            writer.writerows([name, step, f"{sad:.4f}"] for step, sad in curve)
    figure, axes = pyplot.subplots(figsize=(6, 4))
    for name, curve in curves.items():
        axes.plot(*zip(*curve, strict=True), marker="o", label=LABELS[name])
    axes.set(xlabel="step", ylabel="SAD on mini's validation split (B:B)", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(out / "training_curves.png", dpi=150)


@click.command()
@click.option("--old", type=click.Path(path_type=Path, exists=True), help="Python of version 0.1.")
@click.option("--steps", type=click.IntRange(1), default=300, show_default=True)
@click.option("--every", type=click.IntRange(1), default=25, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "results")
@click.option("--only", type=click.Path(path_type=Path), hidden=True, help="Start; print a curve.")
def main(old: Path | None, steps: int, every: int, seed: int, out: Path, only: Path | None) -> None:
    """Train with both versions and compare."""
    if only is not None:
        click.echo(json.dumps(train(only, steps, every, seed)))
        return
    if old is None:
        raise click.UsageError("give the Python of version 0.1 with --old")
    curves: dict[str, Curve] = {}
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "start.pth"
        start_weights(start, seed)
        for name, python in (("old", old.absolute()), ("new", Path(sys.executable))):
            command = [str(python), "-W", "ignore", str(HERE), "--only", str(start)]
            command += ["--steps", str(steps), "--every", str(every), "--seed", str(seed)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
            curves[name] = [(int(k), float(v)) for k, v in json.loads(done.stdout.splitlines()[-1])]
            click.echo(f"{name}: {curves[name]}")
    write(curves, out)
    click.echo(f"wrote {out / 'training_curves.csv'} and .png")


if __name__ == "__main__":
    main()
