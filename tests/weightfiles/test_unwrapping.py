"""State dicts are found wherever training scripts put them, and told apart."""

from __future__ import annotations

from argparse import Namespace
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from p3mbench.errors import DataWarning, WeightsError
from p3mbench.weightfiles.unwrapping import state_dicts
from p3mbench.weights import MisfitError, load_into, read_state_dict

State = dict[str, torch.Tensor]


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))


STATE: State = {k: v.clone() for k, v in network(7).state_dict().items()}
OTHER: State = {k: v.clone() for k, v in network(8).state_dict().items()}


def put(prefix: str, state: State = STATE) -> State:
    return {prefix + key: value for key, value in state.items()}


def optimiser() -> dict[str, Any]:
    model = network(9)
    chosen = torch.optim.Adam(model.parameters())
    model(torch.zeros(1, 3, 8, 6)).sum().backward()
    chosen.step()
    return chosen.state_dict()


def averaged(state: State = STATE) -> State:
    return {"n_averaged": torch.tensor(5), **put("module.", state)}


LIGHTNING = {
    "epoch": 3,
    "global_step": 100,
    "pytorch-lightning_version": "2.1.0",
    "loops": {"fit_loop": {"state_dict": {}}},
    "callbacks": {"ModelCheckpoint{'monitor': 'sad'}": {"best_model_score": torch.tensor(1.0)}},
    "optimizer_states": [optimiser()],
    "lr_schedulers": [{"last_epoch": 3}],
    "hyper_parameters": {"lr": 1e-5},
}

HOW: dict[str, Callable[[], Any]] = {
    "module": lambda: put("module."),
    "compiled": lambda: put("_orig_mod."),
    "module, compiled": lambda: put("module._orig_mod."),
    "compiled, module": lambda: put("_orig_mod.module."),
    "compiled twice": lambda: put("_orig_mod._orig_mod."),
    "compiled within": lambda: {
        k.replace("0.", "0._orig_mod.", 1) if k.startswith("0.") else k: v for k, v in STATE.items()
    },
    "parallel within": lambda: put("model.module."),
    "lightning model": lambda: {**LIGHTNING, "state_dict": put("model.")},
    "lightning net": lambda: {**LIGHTNING, "state_dict": put("net.")},
    "lightning compiled": lambda: {**LIGHTNING, "state_dict": put("model._orig_mod.")},
    "any prefix": lambda: {"state_dict": put("student_network.backbone.")},
    "numbered": lambda: {0: STATE, 1: {"epoch": 3}},
    "bytes": lambda: {b"model": STATE},
    "thop's counts": lambda: {
        **STATE,
        **{name: torch.ones(1, dtype=torch.float64) for name in ("total_ops", "0.total_params")},
    },
    "counters of one element": lambda: {
        k: v.reshape(1) if "num_batches" in k else v for k, v in STATE.items()
    },
    "averaged model": averaged,
    "averaged, nested": lambda: {"swa_state_dict": averaged()},
    "averaged, compiled": lambda: {"n_averaged": torch.tensor(2), **put("module._orig_mod.")},
    "net": lambda: {"net": STATE, "acc": 91.0, "epoch": 3},
    "params": lambda: {"params": STATE},
    "unheard of": lambda: {"weights_of_stage_2": {"matting": STATE}},
    "list": lambda: [STATE, optimiser()],
    "tuple": lambda: (3, put("module."), None),
    "optimiser beside": lambda: {"model": STATE, "optimizer": optimiser(), "epoch": 3},
    "optimiser within": lambda: {**STATE, "optimizer": optimiser()},
    "numbers within": lambda: {**STATE, "epoch": 3, "step": torch.tensor(7), "lr": 0.1},
    "timm": lambda: {"arch": "x", "state_dict": STATE, "args": Namespace(lr=1), "metric": 3.0},
    "numpy number": lambda: {"state_dict": STATE, "best": np.float64(3), "n": np.int64(3)},
    "path": lambda: {"state_dict": STATE, "out": Path("runs/3")},
    "ordered": lambda: OrderedDict(state_dict=OrderedDict(STATE)),
    "parameters": lambda: {k: nn.Parameter(v, requires_grad=False) for k, v in STATE.items()},
    "gan": lambda: {"netG": STATE, "netD": {"conv.weight": torch.ones(3, 3)}},
    "loss beside": lambda: {"state_dict": STATE, "loss": {"running": torch.ones(3)}},
    "no counters": lambda: {k: v for k, v in STATE.items() if "num_batches" not in k},
    "half": lambda: {k: v.half() if v.is_floating_point() else v for k, v in STATE.items()},
    "all half": lambda: {k: v.half() for k, v in STATE.items()},
    "double": lambda: {k: v.double() if v.is_floating_point() else v for k, v in STATE.items()},
}


@pytest.mark.parametrize("how", HOW)
def test_weights_are_found_in_any_wrapping(tmp_path: Path, how: str) -> None:
    path = tmp_path / "w.pth"
    torch.save(HOW[how](), path)
    loaded = network()
    load_into(loaded, path)
    for key, value in loaded.state_dict().items():
        if "num_batches" in key and how == "no counters":
            continue
        wanted = STATE[key].half().to(value.dtype) if "half" in how else STATE[key]
        assert torch.equal(value, wanted), key


def test_bfloat16_is_converted(tmp_path: Path) -> None:
    small = {k: v.bfloat16() if v.is_floating_point() else v for k, v in STATE.items()}
    torch.save({"model": small}, tmp_path / "w.pth")
    loaded = network()
    load_into(loaded, tmp_path / "w.pth")
    assert torch.equal(loaded.state_dict()["0.weight"], STATE["0.weight"].bfloat16().float())


AVERAGES: dict[str, Callable[[], Any]] = {
    "ema": lambda: {"model": OTHER, "ema": STATE},
    "state_dict_ema": lambda: {"state_dict": OTHER, "state_dict_ema": STATE},
    "params_ema": lambda: {"params": OTHER, "params_ema": STATE},
    "model_ema": lambda: {"model": OTHER, "model_ema": averaged()},
    "ema first": lambda: {"ema_state_dict": STATE, "state_dict": OTHER},
    "ModelEMA": lambda: {"net": OTHER, "ModelEMA": {"module": STATE, "updates": 3}},
    "prefix": lambda: {"state_dict": {**put("model.", OTHER), **put("ema_model.")}},
    "prefix, numbers": lambda: {
        **put("net.", OTHER),
        **put("net_ema."),
        "net_ema.decay": torch.tensor(0.99),
        "net_ema.num_updates": torch.tensor(5),
    },
    "ema_pytorch, nested": lambda: {
        "model": OTHER,
        "ema": {
            "initted": torch.tensor([True]),
            "step": torch.tensor([10]),
            **put("online_model.", OTHER),
            **put("ema_model."),
        },
    },
    "lightning": lambda: {
        **LIGHTNING,
        "state_dict": put("model.", OTHER),
        "averaging_state": averaged(),
    },
}


@pytest.mark.parametrize("how", AVERAGES)
def test_an_average_is_taken_before_plain_weights_and_said(tmp_path: Path, how: str) -> None:
    path = tmp_path / "w.pth"
    torch.save(AVERAGES[how](), path)
    loaded = network()
    with pytest.warns(DataWarning, match="averaged and plain weights; the average under"):
        load_into(loaded, path)
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, STATE[key]), key


def test_an_average_that_does_not_fit_leaves_the_plain_weights(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"model": STATE, "ema": {"shadow": {"0": torch.ones(3)}}}, path)
    loaded = network()
    with pytest.warns(DataWarning, match=r"'ema\.shadow' does not fit, so the plain weights under"):
        load_into(loaded, path)
    assert torch.equal(loaded.state_dict()["0.weight"], STATE["0.weight"])


def test_a_second_one_that_fits_elsewhere_is_said(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"model": STATE, "best_model": OTHER}, path)
    loaded = network()
    with pytest.warns(DataWarning, match="the one under 'model' is used, not 'best_model'"):
        load_into(loaded, path)
    assert torch.equal(loaded.state_dict()["0.weight"], STATE["0.weight"])


def test_a_network_may_have_a_part_named_as_an_average(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    model = nn.ModuleDict({"avg": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    torch.save(model.state_dict(), path)
    loaded = nn.ModuleDict({"avg": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    load_into(loaded, path)
    assert torch.equal(loaded["avg"].weight, model["avg"].weight)


def test_halves_are_never_mixed(tmp_path: Path) -> None:
    """An average that lacks a tensor is not completed from the plain weights."""
    path = tmp_path / "w.pth"
    part = {k: v for k, v in STATE.items() if k != "0.bias"}
    torch.save({"model": OTHER, "ema": part}, path)
    loaded = network()
    with pytest.warns(DataWarning, match="does not fit, so the plain weights under 'model'"):
        load_into(loaded, path)
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, OTHER[key]), key


def test_two_that_fit_equally_are_refused_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"student": STATE, "teacher": OTHER}, path)
    with pytest.raises(WeightsError, match="several state dicts that fit, 'student' and 'teacher'"):
        load_into(network(), path)
    torch.save({"student": STATE, "teacher": dict(STATE)}, path)
    load_into(network(), path)  # one and the same


def test_what_lies_beside_a_whole_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"state_dict": {**put("model."), "criterion.vgg.weight": torch.ones(3)}}, path)
    with pytest.raises(MisfitError, match=r"beside 1 others \(criterion\.vgg\.weight\)") as caught:
        load_into(network(), path)
    assert "another network" not in str(caught.value)


def test_a_pickle_that_holds_itself_a_million_times_is_walked_once(tmp_path: Path) -> None:
    nested: Any = {"state_dict": STATE}
    for _ in range(40):
        nested = [nested, nested]
    found = state_dicts([{"model": STATE}, nested], tmp_path)
    assert [one.where for one in found] == ["0.model"]


def test_read_state_dict_takes_off_what_wrappers_add(tmp_path: Path) -> None:
    torch.save(
        {"model": {"n_averaged": torch.tensor(1), **put("module._orig_mod.")}}, tmp_path / "w"
    )
    assert set(read_state_dict(tmp_path / "w")) == set(STATE)


class Inner(nn.Module):
    """A network that has parts of its own called as wrappers are."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Linear(2, 2)
        self.model = nn.Sequential(nn.Linear(2, 2))


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "_orig_mod.module."])
def test_names_that_look_like_wrappers_stay_if_the_network_has_them(
    tmp_path: Path, prefix: str
) -> None:
    torch.manual_seed(3)
    state = {k: v.clone() for k, v in Inner().state_dict().items()}
    torch.save(put(prefix, state), tmp_path / "w.pth")
    loaded = Inner()
    load_into(loaded, tmp_path / "w.pth")
    assert all(torch.equal(v, state[k]) for k, v in loaded.state_dict().items())
