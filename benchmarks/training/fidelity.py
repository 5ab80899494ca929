"""Write ``results/training_fidelity.md``: losses of the official codes, version 0.1 and now.

Run ``python benchmarks/training/fidelity.py --old OLD_PYTHON``, where OLD_PYTHON has version 0.1 of
p3mbench installed; without it the column "before" stays empty. ``--golden`` is the folder of the
golden values of training (by default the copy in tests/training/golden).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import torch

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "training"
NETWORKS = ROOT / "tests" / "methods" / "conftest.py"
sys.path[:0] = [str(TESTS)]  # the tests use the same functions

from conftest import load_golden  # noqa: E402
from test_losses_golden import DEEP, GRADIENTS, LAST_LAYERS, Step, computed, expected_of  # noqa: E402

from p3mbench.registry import find, get  # noqa: E402
from p3mbench.training.recipe import Trainable, fidelity_of, training_of  # noqa: E402
from p3mbench.writing import write_bytes  # noqa: E402

HEAD = """# Training compared with the published codes

Written by `benchmarks/training/fidelity.py`. *Official* is the published code in double precision
on fixed inputs (case {case}, seed {seed}); *before* is p3mbench 0.1, *now* this version, both in
single precision on a CPU; the last columns are relative differences from *official*. A dash
means that version 0.1 did not have the term, or not separately.
`tests/training/test_losses_golden.py` checks the column *now* to 1e-5 and every
gradient to 1e-4. GFM uses the code's formula (`--formula code`); version 0.1 mixed both.
"""


CURVES = """
## The first 300 steps

![SAD on the validation split of mini](training_curves.png)

Nano P3M-Net from one start, faces blurred in training and test, with the losses and crops of
version 0.1 and of this one (`benchmarks/training/curves.py`; figures in
[training_curves.csv](training_curves.csv)). On this synthetic split both versions end at
the same level: the new version trains other losses and crops, but a thin network gets no further in
300 steps.""".splitlines()


def rule(header: list[str]) -> list[str]:
    """The head of a Markdown table."""
    return [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]


def off(value: float | None, official: float) -> str:
    """A relative difference."""
    return "–" if value is None else f"{abs(value / official - 1):.1e}"


def shown(value: float | None) -> str:
    """A value."""
    return "–" if value is None else f"{value:.6g}"


def losses(golden: Path, before: dict[str, Any]) -> list[str]:
    """A table for each file of predictions."""
    lines: list[str] = []
    for name, facts in expected_of(golden)["losses"].items():
        terms, _, _ = computed(golden, name)
        old = before.get("terms", {}).get(name, {})
        lines += ["", f"### {name}", ""]
        lines += rule(["term", "official", "before", "now", "off before", "off now"])
        for term, value in facts["terms"].items():
            official, now = value["float64"], float(terms[term].detach())
            was = old.get(term)
            cells = [term, shown(official), shown(was), shown(now)]
            lines.append(f"| {' | '.join([*cells, off(was, official), off(now, official)])} |")
    return lines


def one_step(golden: Path, before: dict[str, Any]) -> list[str]:
    """Gradients of one step."""
    torch.manual_seed(0)
    network = training_of(get("p3mnet-r34")).network(1.0)
    network.load_state_dict(load_golden()("p3mnet_r34").state(network), strict=True)
    step = Step(golden, network)
    header = ["gradient of", "official", "before", "now", "off before", "off now", "bound"]
    lines = ["", *rule(header)]
    for name, facts in step.expected["gradients"].items():
        official, gradient = facts["grad_l2_float64"], step.gradients[name]
        assert gradient is not None  # noqa: S101 - the test says so
        was, now = before.get("gradients", {}).get(name), float(gradient.double().norm())
        bound = GRADIENTS if name.startswith(LAST_LAYERS) else DEEP
        cells = [f"`{name}`", shown(official), shown(was), shown(now)]
        cells += [off(was, official), off(now, official), f"{bound:g}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def checks() -> list[str]:
    """List how each method's training was checked, from the methods' data."""
    lines = ["", *rule(["method", "losses", "optimiser, schedule, data", "departures"])]
    for entry in find():
        if not isinstance(entry.method, Trainable):
            continue
        fidelity = fidelity_of(training_of(entry.method))
        if fidelity is None:
            continue
        page = f"[{len(fidelity.departures)}](../docs/methods/{entry.name}.md)"
        lines.append(f"| {entry.name} | {fidelity.losses} | {fidelity.rest} | {page} |")
    return lines


@click.command()
@click.option("--golden", type=click.Path(path_type=Path, exists=True), default=TESTS / "golden")
@click.option("--old", type=click.Path(path_type=Path, exists=True), help="Python of version 0.1.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=ROOT / "results" / "training_fidelity.md"
)
def main(golden: Path, old: Path | None, out: Path) -> None:
    """Compute, compare, write."""
    before: dict[str, Any] = {}
    if old is not None:
        script = Path(__file__).parent / "before.py"
        command = [str(old.absolute()), "-W", "ignore", str(script), str(golden), str(NETWORKS)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
        before = json.loads(done.stdout)
    expected = expected_of(golden)
    lines = [HEAD.format(case=expected["case"], seed=expected["seed"]), "## Loss terms"]
    lines += losses(golden, before)
    lines += ["", "## One step of P3M-Net", ""]
    lines += ["L2 norms of the gradients of the total loss; filled weights, batch statistics."]
    lines += one_step(golden, before)
    lines += ["", "## Crops", "", "In [training_crops.md](training_crops.md).", *CURVES]
    lines += ["", "## How each training was checked", ""]
    lines += ["Each method's page lists the departures and their reasons.", *checks()]
    write_bytes(out, ("\n".join(lines) + "\n").encode())
    click.echo(f"wrote {out}")


if __name__ == "__main__":
    main()
