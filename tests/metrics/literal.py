"""The published formulas, written down as literally as SciPy and scikit-image allow, and slow.

An independent reference: it shares no code with p3mbench.metrics. What the originals compute and
never use (distance transforms) is left out. benchmarks/speed/metrics.py times it.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.measure import label

SIGMA = 1.4
STEPS = np.arange(0, 1.1, 0.1)
RULES = {
    "p3m": {"single": False, "empty": "skip", "order": "C", "background": False},
    "p3m-8bit": {"single": True, "empty": "skip", "order": "C", "background": False},
    "dim": {"single": True, "empty": "fail", "order": "F", "background": False},
    "dim-masked": {"single": True, "empty": "fail", "order": "F", "background": False},
    "dim-indexnet": {"single": True, "empty": "skip", "order": "F", "background": False},
    "mmagic": {"single": False, "empty": "fail", "order": "C", "background": False},
    "paddleseg": {"single": True, "empty": "fail", "order": "C", "background": False},
    "gca": {"single": True, "empty": "fail", "order": "C", "background": True},
    "gca-whole": {"single": True, "empty": "fail", "order": "C", "background": True},
    "gca-tester": {"single": True, "empty": "fail", "order": "C", "background": True},
    "rvm": {"single": True, "empty": "fail", "order": "C", "background": False},
}
P3M_GRADIENT = ("p3m", "p3m-8bit")
PASTED = ("dim-masked", "mmagic", "paddleseg", "gca-tester")
STRETCHED = ("dim", "dim-masked", "dim-indexnet", "mmagic", "paddleseg", "rvm")


def as_float(matte, single=False):
    unit = matte / 255.0 if matte.dtype == np.uint8 else matte.astype(np.float64)
    return unit.astype(np.float32) if single else unit


def paste(pred, trimap):
    pasted = pred.copy()
    pasted[trimap == 255] = 255 if pred.dtype == np.uint8 else 1
    pasted[trimap == 0] = 0
    return pasted


def whole_errors(p, g):
    d = as_float(p) - as_float(g)
    return np.abs(d).sum() / 1000, (d**2).mean(), np.abs(d).mean()


def trimap_errors(p, g, trimap):
    """P3M: known labels pasted, whole image summed, divided by the unknown pixels."""
    d = as_float(paste(p, trimap)) - as_float(g)
    n = (trimap == 128).sum()
    if not n:
        return (np.nan,) * 3
    return np.abs(d).sum() / 1000, (d**2).sum() / n, np.abs(d).sum() / n


def side_errors(p, g, trimap):
    d = np.abs(as_float(p) - as_float(g))
    return d[trimap == 255].sum() / 1000, d[trimap == 0].sum() / 1000


def p3m_gradient(p, g, region=...):
    def magnitude(x):
        k = np.arange(-6, 7)
        w = np.exp(-(k**2) / (2 * SIGMA**2))
        w /= w.sum()
        dw = k * w / SIGMA**2
        along = ndimage.correlate1d(ndimage.correlate1d(x, dw, 0, mode="reflect"), w, 1)
        across = ndimage.correlate1d(ndimage.correlate1d(x, w, 0, mode="reflect"), dw, 1)
        return np.sqrt(along**2 + across**2)

    return ((magnitude(as_float(p)) - magnitude(as_float(g)))[region] ** 2).sum() / 10


def dim_gradient(p, g, region, stretch):
    u = np.arange(-4, 5)
    gauss = np.exp(-(u**2) / (2 * SIGMA**2)) / (SIGMA * np.sqrt(2 * np.pi))
    kernel = np.outer(gauss, -u * gauss / SIGMA**2)
    kernel /= np.sqrt((kernel**2).sum())

    def magnitude(x):
        if stretch:
            x = (x - x.min()) / (x.max() - x.min()) if x.max() > x.min() else np.zeros_like(x)
        along = ndimage.correlate(x, kernel, mode="nearest")
        across = ndimage.correlate(x, kernel.T, mode="nearest")
        return np.sqrt(along**2 + across**2)

    difference = magnitude(as_float(p)) - magnitude(as_float(g))
    return (difference[region] ** 2).sum() / 1000


def connectivity(p, g, region, convention):
    rules = RULES[convention]
    p, g = as_float(p, rules["single"]), as_float(g, rules["single"])
    last = np.full(p.shape, -1, np.float32)
    for i in range(1, len(STEPS)):
        both = (p >= np.float64(i * 0.1)) & (g >= np.float64(i * 0.1))
        if not both.any() and rules["empty"] == "skip":
            continue
        if not both.any() and not rules["background"]:
            omega = both
        else:
            turned = both.T if rules["order"] == "F" else both
            labels = label(turned, connectivity=1)
            labels = labels.T if rules["order"] == "F" else labels
            sizes = np.bincount(labels.ravel())
            if not rules["background"]:
                sizes[0] = 0
            omega = labels == sizes.argmax()
        last[(last == -1) & ~omega] = (i - 1) * 0.1
    last[last == -1] = 1

    def penalty(x):
        rise = x - last if rules["single"] else x - last.astype(np.float64)
        return np.where(rise >= rise.dtype.type(0.15), rise, 0).astype(np.float64)

    return np.abs(penalty(p) - penalty(g))[region].sum() / 1000


def score(pred, alpha, trimap, convention):
    """Every metric of a convention, as p3mbench.metrics.score names them."""
    everywhere = np.ones(alpha.shape, bool)
    if convention in P3M_GRADIENT:
        values = dict(zip(("sad", "mse", "mad"), whole_errors(pred, alpha), strict=True))
        values["grad"] = p3m_gradient(pred, alpha)
        values["conn"] = connectivity(pred, alpha, everywhere, convention)
        if trimap is not None:
            errors = trimap_errors(pred, alpha, trimap)
            values |= dict(zip(("sad_t", "mse_t", "mad_t"), errors, strict=True))
            values |= dict(zip(("sad_fg", "sad_bg"), side_errors(pred, alpha, trimap), strict=True))
        return values
    if trimap is None or convention in ("rvm", "gca-whole"):
        region, end = everywhere, ""
    else:
        region, end = trimap == 128, "_t"
        if convention in PASTED:
            pred = paste(pred, trimap)
    n = region.sum() + (1e-8 if convention.startswith("gca") else 0)
    if end and not region.any():
        return dict.fromkeys(("sad_t", "mse_t", "grad_t", "conn_t"), np.nan)
    summed = everywhere if convention == "mmagic" else region
    p, g = (
        as_float(m, RULES[convention]["single"] and m.dtype != np.uint8) for m in (pred, alpha)
    )  # float32 rounding of bytes is an accident of the originals, 1e-8
    d = (p.astype(float) - g.astype(float))[summed]
    scale = 1000 if convention == "rvm" else 1
    values = {
        "sad" + end: np.abs(d).sum() / 1000,
        "mse" + end: (d**2).sum() / n * scale,
        "grad" + end: dim_gradient(
            p.astype(float), g.astype(float), region, convention in STRETCHED
        ),
        "conn" + end: connectivity(pred, alpha, region, convention),
    }
    if not end:
        values["mad"] = np.abs(d).sum() / n * scale
    for name in {"rvm": ("sad",), "paddleseg": ("mad",)}.get(convention, ()):
        values.pop(name, None)
    return values
