"""Every golden term of training, computed by the code that trains; see ``golden/``.

A function for each file of predictions returns the terms by their golden names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from p3mbench_methods.dim import training as dim
from p3mbench_methods.dim.network import DIMOutputs
from p3mbench_methods.gfm import training as gfm
from p3mbench_methods.gfm.network import Branches, GFMOutputs, Rosta
from p3mbench_methods.indexnet.training import IndexNetTraining
from p3mbench_methods.matteformer import training as matteformer
from p3mbench_methods.matteformer.network import MatteFormerOutputs
from p3mbench_methods.modnet.network import MODNetOutputs
from p3mbench_methods.modnet.training import MODNetTraining
from p3mbench_methods.p3mnet.network import P3MNetOutputs
from p3mbench_methods.p3mnet.training import P3MNetTraining
from p3mbench_methods.training_inputs import colours
from p3mbench_methods.vitmatte.training import ViTMatteTraining
from torch import Tensor

from p3mbench.training.batch import Batch
from p3mbench.training.losses import absolute, by_image, composition_error

Tensors = Mapping[str, Tensor]
Terms = dict[str, Tensor]


def batch_of(arrays: Mapping[str, np.ndarray]) -> Batch:
    """A batch of what ``common.npz`` or the batch of a step holds."""
    planes = {
        name: torch.from_numpy(np.asarray(array, np.float32))
        for name, array in arrays.items()
        if name != "trimap_soft"
    }
    return Batch(alpha=planes.pop("alpha255") / 255, **planes)


def total(parts: Terms) -> Tensor:
    return torch.stack(list(parts.values())).sum()


def p3m_outputs(given: Tensors) -> P3MNetOutputs:
    logits = [given[f"logits_{name}"] for name in ("global", "side2", "side1", "side0")]
    return P3MNetOutputs(logits[0], given["local"], given["fusion"], *logits[1:])


def p3m(given: Tensors, batch: Batch, soft: Batch) -> Terms:
    training = P3MNetTraining("r34", 0, {})
    outputs, found = p3m_outputs(given), Terms()
    for prefix, seen in (("", batch), ("soft_", soft)):
        found |= {prefix + k: v for k, v in training.terms(outputs, seen).items()}
        found[f"{prefix}total"] = total(training.losses(outputs, seen))
    return found


def gfm_terms(given: Tensors, batch: Batch, soft: Batch) -> Terms:
    branches = {
        rosta: Branches(*(given[f"{rosta.lower()}_{name}"] for name in Branches._fields))
        for rosta in (Rosta.TT, Rosta.FT, Rosta.BT)
    }
    found = Terms()
    for rosta in Rosta:
        own = branches if rosta is Rosta.RIM else {rosta: branches[rosta]}
        fusion = given["rim_fusion"] if rosta is Rosta.RIM else branches[rosta].fusion
        outputs = GFMOutputs(own, fusion)
        training = gfm.GFMTraining("r34", rosta, {})
        found |= {f"{rosta}_{k}": v for k, v in training.terms(outputs, batch).items()}
        found[f"{rosta}_total"] = total(training.losses(outputs, batch))
    for rosta, plane in ((Rosta.BT, "dilation"), (Rosta.FT, "erosion")):
        classes = gfm.classes_of(rosta, batch, integrating=True)
        name = f"own_{rosta.lower()}_glance_{plane}"
        found[name] = gfm.glance_loss(branches[rosta].glance, classes, "code")
    target = gfm.focus_target(Rosta.BT, batch)
    for name, term in gfm.focus_terms(branches[Rosta.BT].focus, target, batch).items():
        found[f"own_bt_{name}"] = term
    return found


def modnet(given: Tensors, batch: Batch, soft: Batch) -> Terms:
    parts = MODNetTraining().losses(MODNetOutputs(**given), batch)
    return {
        "semantic": parts["semantic"],
        "detail": parts["detail"],
        "matte": parts["matte"] + parts["composition"],
        "matte_l1_part": parts["matte"],
        "matte_composition_part": parts["composition"],
        "total": total(parts),
    }


def vitmatte(given: Tensors, batch: Batch, soft: Batch) -> Terms:
    parts = ViTMatteTraining().losses(given["alpha_pred"], batch)
    return {
        "unknown_l1_loss": parts["unknown"],
        "known_l1_loss": parts["known"],
        "loss_pha_laplacian": parts["laplacian"],
        "loss_gradient_penalty": parts["gradient"],
        "total": total(parts),
    }


def indexnet_dim(given: Tensors, batch: Batch, soft: Batch) -> Terms:
    alpha = given["alpha_pred"]
    index = IndexNetTraining().losses(alpha, batch)
    plain = dim.DIMTraining(None, False).losses(DIMOutputs(alpha, None), batch)
    refining = replace(batch, stage=dim.REFINING)
    refined = dim.DIMTraining(None, True).losses(DIMOutputs(alpha, given["refined"]), refining)
    image, layers = colours(batch)
    unknown = batch.unknown  # mmagic's IndexNet masks after the root, and weighs means by 1.5
    mmagic = {
        "alpha": 0.5 * by_image(absolute(alpha - batch.alpha) * unknown, unknown),
        "composition": 0.5
        * by_image(absolute(composition_error(alpha, image, layers)) * unknown, unknown),
    }
    return {
        "official_alpha": 2 * index["alpha"],
        "official_composition": 2 * index["composition"],
        "official_total": total(index),
        **{f"mmagic_indexnet_{name}": term for name, term in mmagic.items()},
        "mmagic_indexnet_total": total(mmagic),
        **{f"mmagic_dim_{name}": term for name, term in plain.items()},
        "mmagic_dim_total": total(plain),
        "mmagic_dim_refine": refined["refined"],
    }


def matteformer_terms(given: Tensors, batch: Batch, soft: Batch) -> Terms:
    training = matteformer.MatteFormerTraining()
    outputs, warm = MatteFormerOutputs(**given), replace(batch, stage=matteformer.WARM)
    parts = training.losses(outputs, warm)
    return training.terms(outputs, warm) | parts | {"total": total(parts)}


COMPUTE: dict[str, Callable[[Tensors, Batch, Batch], Terms]] = {
    "p3m": p3m,
    "gfm": gfm_terms,
    "modnet": modnet,
    "vitmatte": vitmatte,
    "indexnet_dim": indexnet_dim,
    "matteformer": matteformer_terms,
}


def gradient_of(key: str, terms: Terms, given: Tensors) -> Tensor:
    """The gradient that a golden key names: TENSOR, TENSOR__TERM or VARIANT__TENSOR.

    Raises:
        KeyError: there is no such term or tensor.
    """
    first, _, second = key.partition("__")
    if not second:
        tensor, term = first, "total"
    elif first in given:
        tensor, term = first, second.removesuffix("_only")
    else:
        tensor, term = second, f"{first}_total"
    found = torch.autograd.grad(terms[term], given[tensor], retain_graph=True)
    return found[0]
