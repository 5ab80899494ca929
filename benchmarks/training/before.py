"""Compute the results of p3mbench 0.1 for the golden inputs of training; run by `fidelity.py`.

It runs in a Python with that version (94c99ff) installed, uses only its API, and prints JSON:
``terms`` by file and golden name, and ``gradients`` of one step of P3M-Net r34. Its imports name
the classes of that version and must not follow later renamings.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from p3mbench_methods.dim import training as dim
from p3mbench_methods.dim.network import Outputs as DIMOutputs
from p3mbench_methods.gfm import training as gfm
from p3mbench_methods.gfm.network import Branches, Rosta
from p3mbench_methods.gfm.network import Outputs as GFMOutputs
from p3mbench_methods.indexnet.training import IndexNetTraining
from p3mbench_methods.matteformer import training as matteformer
from p3mbench_methods.matteformer.network import Outputs as MatteFormerOutputs
from p3mbench_methods.modnet.network import Outputs as MODNetOutputs
from p3mbench_methods.modnet.training import MODNetTraining
from p3mbench_methods.p3mnet.network import Outputs as P3MNetOutputs
from p3mbench_methods.p3mnet.training import P3MNetTraining
from p3mbench_methods.vitmatte.training import ViTMatteTraining
from torch import Tensor

from p3mbench.registry import get
from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, class_loss, laplacian_loss
from p3mbench.training.recipe import training_of

KEPT = ("image", "foreground", "background", "trimap")
Given = dict[str, Tensor]


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file."""
    with np.load(path) as data:
        return dict(data)


def batch_of(arrays: dict[str, np.ndarray]) -> Batch:
    """A batch of golden arrays."""
    planes: dict[str, Any] = {
        name: torch.from_numpy(np.asarray(arrays[name], np.float32)) for name in KEPT
    }
    alpha = torch.from_numpy(np.asarray(arrays["alpha255"], np.float32)) / 255
    return Batch(alpha=alpha, **planes)


def total(parts: Given) -> Tensor:
    """Their sum."""
    return torch.stack(list(parts.values())).sum()


def both(name: str, matte: Tensor, truth: Tensor, region: Tensor | None = None) -> Given:
    """Alpha and Laplacian of a matte."""
    return {
        f"{name}_alpha": alpha_loss(matte, truth, region),
        f"{name}_laplacian": laplacian_loss(matte, truth, region),
    }


def p3m(given: Given, batch: Batch) -> Given:
    """P3M-Net."""
    names = ("global", "side2", "side1", "side0")
    logits = {name: given[f"logits_{name}"] for name in names}
    first, *sides = logits.values()
    outputs = P3MNetOutputs(first, given["local"], given["fusion"], *sides)
    parts = P3MNetTraining("r34", 0, {}).losses(outputs, batch)
    return {
        **{f"ce_{name}": class_loss(plane, batch.classes) for name, plane in logits.items()},
        **both("local", outputs.local, batch.alpha, batch.unknown),
        **both("fusion", outputs.fusion, batch.alpha),
        "fusion_composition": parts["composition"],
        "total": total(parts),
    }


def gfm_terms(given: Given, batch: Batch) -> Given:
    """GFM, which had one composition term and no weights of a quarter."""
    found: Given = {}
    branches = {
        rosta: Branches(*(given[f"{rosta.lower()}_{name}"] for name in Branches._fields))
        for rosta in (Rosta.TT, Rosta.FT, Rosta.BT)
    }
    for rosta, read_ in branches.items():
        target = batch.alpha
        if rosta is not Rosta.TT:
            known = gfm.classes_of(rosta, batch)[:, None].to(target.dtype)
            target = target - known if rosta is Rosta.FT else known - target
        training = gfm.GFMTraining("r34", rosta, {})
        parts = training.losses(GFMOutputs({rosta: read_}, read_.fusion), batch)
        terms = {
            "glance": parts["classes"],
            **both("focus", read_.focus, target, batch.unknown),
            **both("fusion", read_.fusion, batch.alpha),
        }
        found |= {f"{rosta}_{name}": term for name, term in terms.items()}
        found |= {f"RIM_{rosta.lower()}_{name}": term for name, term in terms.items()}
        found[f"{rosta}_fusion_composition"] = parts["composition"]
        found[f"{rosta}_total"] = total(parts)
    integrated = GFMOutputs(branches, given["rim_fusion"])
    parts = gfm.GFMTraining("r34", "RIM", {}).losses(integrated, batch)
    for name, term in both("fusion", given["rim_fusion"], batch.alpha).items():
        found[f"RIM_final_{name}"] = term
    return found | {"RIM_final_fusion_composition": parts["composition"], "RIM_total": total(parts)}


def modnet(given: Given, batch: Batch) -> Given:
    """MODNet."""
    parts = MODNetTraining().losses(MODNetOutputs(**given), batch)
    matte, composition = parts["matte"], parts["composition"]
    return {
        **{name: parts[name] for name in ("semantic", "detail")},
        "matte": matte + composition,
        "matte_l1_part": matte,
        "matte_composition_part": composition,
        "total": total(parts),
    }


def vitmatte(given: Given, batch: Batch) -> Given:
    """ViTMatte."""
    parts = ViTMatteTraining().losses(given["alpha_pred"], batch)
    return {
        "unknown_l1_loss": parts["unknown"],
        "known_l1_loss": parts["known"],
        "loss_pha_laplacian": parts["laplacian"],
        "loss_gradient_penalty": parts["gradient"],
        "total": total(parts),
    }


def indexnet_dim(given: Given, batch: Batch) -> Given:
    """IndexNet and Deep Image Matting, with weighted terms."""
    alpha = given["alpha_pred"]
    index = IndexNetTraining().losses(alpha, batch)
    plain = dim.DIMTraining(None, False).losses(DIMOutputs(alpha, None), batch)
    refining = replace(batch, stage=dim.REFINING)
    refined = dim.DIMTraining(None, True).losses(DIMOutputs(alpha, given["refined"]), refining)
    return {
        "official_alpha": index["alpha"],
        "official_composition": index["composition"],
        "official_total": total(index),
        **{f"mmagic_dim_{name}": term for name, term in plain.items()},
        "mmagic_dim_total": total(plain),
        "mmagic_dim_refine": refined["refined"],
    }


def matteformer_terms(given: Given, batch: Batch) -> Given:
    """MatteFormer."""
    training = matteformer.MatteFormerTraining()
    parts = training.losses(MatteFormerOutputs(**given), replace(batch, stage=matteformer.WARM))
    names = {"rec": "alpha", "comp": "composition", "lap": "laplacian"}
    return {ours: parts[theirs] for ours, theirs in names.items()} | {"total": total(parts)}


COMPUTE = {
    "p3m": p3m,
    "gfm": gfm_terms,
    "modnet": modnet,
    "vitmatte": vitmatte,
    "indexnet_dim": indexnet_dim,
    "matteformer": matteformer_terms,
}


def gradients(golden: Path, networks: Path) -> dict[str, float]:
    """Norms of the gradients of one step of P3M-Net r34 from the filled weights."""
    spec = importlib.util.spec_from_file_location("golden_of_networks", networks)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    facts = json.loads((golden / "step" / "p3mnet_r34.json").read_text())
    batch = batch_of(read(golden / "step" / facts["batch_file"]))
    training: Any = training_of(get("p3mnet-r34"))
    network = training.network(1.0)
    network.load_state_dict(module.Golden("p3mnet_r34").state(network), strict=True)
    loss = total(training.losses(network.train()(*training.inputs(batch)), batch))
    torch.autograd.backward([loss])
    named = dict(network.named_parameters(remove_duplicate=False))
    return {name: float(named[name].grad.double().norm()) for name in facts["gradients"]}


def main() -> None:
    """Print all results; arguments: the golden folder, the file that fills networks."""
    golden, networks = Path(sys.argv[1]), Path(sys.argv[2])
    batch = batch_of(read(golden / "losses" / "common.npz"))
    terms = {}
    for name, compute in COMPUTE.items():
        arrays = read(golden / "losses" / f"{name}.npz")
        given = {k: torch.from_numpy(v) for k, v in arrays.items() if not k.startswith("grad__")}
        terms[name] = {term: float(value) for term, value in compute(given, batch).items()}
    print(json.dumps({"terms": terms, "gradients": gradients(golden, networks)}))  # noqa: T201


if __name__ == "__main__":
    main()
