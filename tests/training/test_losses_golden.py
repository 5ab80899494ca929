"""Our losses and one step of ours against the official training codes' values and gradients.

The golden folder says what it holds: whatever term or gradient its ``expected.json`` lists is
compared, and one that nothing here computes is a failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from official import COMPUTE, Terms, batch_of, gradient_of, total
from torch import Tensor

from p3mbench.registry import get
from p3mbench.training.batch import Batch
from p3mbench.training.optimisation import optimiser_of, set_rate
from p3mbench.training.recipe import training_of

VALUES, GRADIENTS = 1e-5, 1e-4  # relative tolerances against double precision
LAST_LAYERS = ("dbfi_0.conv2", "dbfi_1.conv2", "decoder0_g.6", "decoder_final_l")
DEEP = 3e-3  # batch normalisation over few pixels amplifies rounding
CHANGE, SMALL_CHANGE = 2e-4, 5e-3


def read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as data:
        return dict(data)


def expected_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "losses" / "expected.json").read_text()))


def computed(folder: Path, name: str) -> tuple[Terms, dict[str, Tensor], dict[str, np.ndarray]]:
    """Our terms, the predictions that carry gradients, and the golden gradients of a file."""
    common, arrays = read(folder / "losses" / "common.npz"), read(folder / "losses" / f"{name}.npz")
    batch = batch_of(common)
    soft = batch_of({**common, "trimap": common["trimap_soft"]})
    given = {
        key: torch.from_numpy(array).requires_grad_()
        for key, array in arrays.items()
        if not key.startswith("grad__")
    }
    return COMPUTE[name](given, batch, soft), given, arrays


def wrong_terms(folder: Path) -> Iterator[str]:
    """A sentence for each golden term that ours is not equal to, or does not exist."""
    for name, facts in expected_of(folder)["losses"].items():
        if name not in COMPUTE:
            yield f"{name}: nothing here computes its terms"
            continue
        terms, _, _ = computed(folder, name)
        for term, value in facts["terms"].items():
            if term not in terms:
                yield f"{name} {term}: nothing here computes it"
                continue
            error = abs(float(terms[term].detach()) / value["float64"] - 1)
            if not error < VALUES:
                yield f"{name} {term}: {float(terms[term].detach())}, not {value['float64']}"


def wrong_gradients(folder: Path) -> Iterator[str]:
    """Likewise of gradients."""
    expected = expected_of(folder)
    step = expected["gradient_stride"]
    for name, facts in expected["losses"].items():
        terms, given, arrays = computed(folder, name)
        for key, value in facts["gradients"].items():
            try:
                found = gradient_of(key, terms, given).double().numpy()
            except KeyError as unknown:
                yield f"{name} {key}: nothing here computes {unknown}"
                continue
            wanted = arrays[f"grad__{key}"].astype(np.float64)
            error = np.linalg.norm(found[..., ::step, ::step] - wanted) / np.linalg.norm(wanted)
            length = abs(np.linalg.norm(found) / value["l2"] - 1)
            if not (error < GRADIENTS and length < GRADIENTS):
                yield f"{name} {key}: off by {error:.2g}, its length by {length:.2g}"


def test_every_term_is_the_official_one(training_golden: Path) -> None:
    expected = expected_of(training_golden)
    assert sum(len(facts["terms"]) for facts in expected["losses"].values()) > 50
    assert list(wrong_terms(training_golden)) == []


def test_every_gradient_is_the_official_one(training_golden: Path) -> None:
    assert list(wrong_gradients(training_golden)) == []


def test_tensors_that_the_official_loss_does_not_read(training_golden: Path) -> None:
    facts = expected_of(training_golden)["losses"]["gfm"]["facts"]
    terms, given, _ = computed(training_golden, "gfm")
    for name in facts["RIM_tensors_without_gradient"]:
        found = torch.autograd.grad(
            terms["RIM_total"], given[name], retain_graph=True, allow_unused=True
        )
        assert found[0] is None, name


def test_facts_of_kernels_and_levels(training_golden: Path) -> None:
    from p3mbench_methods.modnet.training import KERNEL, SEMANTIC, smoothed

    from p3mbench.training.losses import P3M_KERNEL, laplacian_levels

    losses, common = expected_of(training_golden)["losses"], training_golden / "losses"
    batch = batch_of(read(common / "common.npz"))
    facts = losses["p3m"]["facts"]
    np.testing.assert_allclose(np.squeeze(P3M_KERNEL), facts["kernel_5x5"], rtol=1e-6)
    fusion = torch.from_numpy(read(common / "p3m.npz")["fusion"])
    pairs = zip(laplacian_levels(fusion), laplacian_levels(batch.alpha), strict=True)
    levels = [float((a - b).abs().mean()) for a, b in pairs]
    np.testing.assert_allclose(levels, facts["fusion_laplacian_levels"], rtol=VALUES)
    facts = losses["modnet"]["facts"]
    np.testing.assert_allclose(np.squeeze(KERNEL), facts["kernel_3x3"], rtol=1e-6)
    target = smoothed(batch.reduced(SEMANTIC)).numpy()
    np.testing.assert_allclose(target.ravel(), np.ravel(facts["semantic_target"]), atol=1e-6)


def test_a_term_that_nothing_computes_is_a_failure(training_golden: Path, tmp_path: Path) -> None:
    (tmp_path / "losses").mkdir()
    for path in (training_golden / "losses").iterdir():
        (tmp_path / "losses" / path.name).symlink_to(path.resolve())
    expected = expected_of(training_golden)
    expected["losses"]["vitmatte"]["terms"]["new"] = {"float64": 1.0}
    expected["losses"]["vitmatte"]["terms"]["total"]["float64"] *= 1 + 3e-5
    expected["losses"]["vitmatte"]["gradients"]["alpha_pred__new"] = {"l2": 1.0}
    (tmp_path / "losses" / "expected.json").unlink()
    (tmp_path / "losses" / "expected.json").write_text(json.dumps(expected))
    terms = list(wrong_terms(tmp_path))
    assert [line.split(":")[0] for line in terms] == ["vitmatte total", "vitmatte new"]
    assert [line.split(":")[0] for line in wrong_gradients(tmp_path)] == [
        "vitmatte alpha_pred__new"
    ]
    expected["losses"]["another"] = {"terms": {}, "gradients": {}}
    (tmp_path / "losses" / "expected.json").write_text(json.dumps(expected))
    assert "another: nothing here computes its terms" in list(wrong_terms(tmp_path))


class Step:
    """One step of P3M-Net r34 by our own losses and optimiser, from the filled weights."""

    def __init__(self, golden: Path, network: torch.nn.Module) -> None:
        self.expected = json.loads((golden / "step" / "p3mnet_r34.json").read_text())
        batch: Batch = batch_of(read(golden / "step" / self.expected["batch_file"]))
        training: Any = training_of(get("p3mnet-r34"))
        optimiser = optimiser_of(network, training.recipe("paper"))
        set_rate(optimiser, training.recipe("paper").rate_at(0, 1000))
        outputs = network.train()(*training.inputs(batch))
        self.terms = training.terms(outputs, batch)
        parts = training.losses(outputs, batch)
        self.terms["total"] = total(parts)
        self.terms["total"].backward()
        named = dict(network.named_parameters(remove_duplicate=False))
        before = {name: named[name].detach().clone() for name in self.expected["gradients"]}
        everything = [p.detach().clone() for p in network.parameters()]
        optimiser.step()
        moved = [
            (p.detach() - b).double().norm()
            for p, b in zip(network.parameters(), everything, strict=True)
        ]
        self.moved = float(torch.stack(moved).norm())
        self.gradients = {name: named[name].grad for name in self.expected["gradients"]}
        self.changes = {name: named[name].detach() - value for name, value in before.items()}
        self.without = {n for n, p in network.named_parameters() if p.grad is None}
        buffers = dict(network.named_buffers())
        self.norms = {
            kind: float(torch.cat([b for n, b in buffers.items() if n.endswith(kind)]).norm())
            for kind in ("running_mean", "running_var")
        }


@pytest.fixture(scope="module")
def step(training_golden: Path, network_golden: Callable[[str], Any]) -> Step:
    torch.manual_seed(0)
    network = training_of(get("p3mnet-r34")).network(1.0)
    network.load_state_dict(network_golden("p3mnet_r34").state(network), strict=True)
    return Step(training_golden, network)


@pytest.mark.slow
def test_the_terms_of_a_step(step: Step) -> None:
    found = {name: float(step.terms[name].detach()) for name in step.expected["terms"]}
    wanted = {name: value["float64"] for name, value in step.expected["terms"].items()}
    assert found == pytest.approx(wanted, rel=VALUES)


@pytest.mark.slow
def test_the_gradients_and_changes_of_a_step(step: Step) -> None:
    assert len(step.gradients) >= 10
    for name, facts in step.expected["gradients"].items():
        gradient, tensor = step.gradients[name], step.changes[name]
        assert gradient is not None and list(gradient.shape) == facts["shape"]
        bound = GRADIENTS if name.startswith(LAST_LAYERS) else DEEP
        assert float(gradient.double().norm()) == pytest.approx(
            facts["grad_l2_float64"], rel=bound
        ), name
        bound = SMALL_CHANGE if tensor.ndim == 1 else CHANGE
        assert float(tensor.double().norm()) == pytest.approx(
            facts["change_l2_float64"], rel=bound
        ), name


@pytest.mark.slow
def test_what_a_step_leaves_alone_and_what_it_counts(step: Step) -> None:
    nothing = step.expected["parameters_without_gradient"]
    assert step.without == set(nothing["tensors"])
    norms = step.expected["batch_norm_after_step"]
    found = {f"{kind}_l2_all": norm for kind, norm in step.norms.items()}
    assert found == pytest.approx({name: norms[name] for name in found}, rel=VALUES)
    assert step.moved == pytest.approx(
        step.expected["change_l2_all_parameters"]["float64"], rel=2e-4
    )
