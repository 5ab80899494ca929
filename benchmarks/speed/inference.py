"""Measure the networks at published width against a literal version of the published steps.

Run it from a checkout: python benchmarks/speed/inference.py [--methods A,B] [--sizes 512x512]
[--device cuda] [--out F]. Weights are random; neither time nor equality depends on them.

Three versions run in one process on the same image: ours (``predict`` as the harness calls it, and
its time within the network); the literal one (the same network in PyTorch's usual memory layout
computes all that the published code computes, with the published calls of scikit-image, OpenCV and
NumPy around it); and ours with --precision bf16.
"""

from __future__ import annotations

import argparse
import gc
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage
import torch
import torch.nn.functional as F
from skimage.transform import resize as sk_resize
from torch import Tensor, nn

from p3mbench.harness.engine import COMPILED, Engine
from p3mbench.method import Method
from p3mbench.registry import find
from p3mbench.training.recipe import training_of

ROOT = Path(__file__).resolve().parents[2]
Image = np.ndarray[Any, np.dtype[np.uint8]]
Alpha = np.ndarray[Any, np.dtype[np.float32]]
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALVES = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


# --- the published steps, literally -------------------------------------------------------------


def normal(image: np.ndarray, statistics: tuple[tuple[float, ...], ...] = IMAGENET) -> Tensor:
    """(H, W, 3) in [0, 1] to a normalised batch, as ToTensor and Normalize do."""
    x = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()[None]
    mean, std = (torch.tensor(s).view(1, 3, 1, 1) for s in statistics)
    return (x - mean) / std


def lowered(shape: tuple[int, ...], ratio: float) -> tuple[int, int]:
    """Sides scaled, lowered to multiples of 32, 1600 at most."""
    height, width = (min(1600, int(side * ratio) - int(side * ratio) % 32) for side in shape[:2])
    return height, width


def plane(x: Tensor) -> Alpha:
    """The matte of a batch of one."""
    return x[0, 0].detach().cpu().numpy()


def by_resizing(
    ratio: float, matte: Callable[[Any], Tensor], scaled: bool = True
) -> Callable[..., Alpha]:
    """P3M's RESIZE, GFM's TEST, and the P3M paper's procedure for methods without code.

    Args:
        ratio: size of the input relative to the image.
        matte: function from the network's outputs to the fused matte.
        scaled: whether the network takes normalised colours (else levels).
    """

    def literal(network: nn.Module, image: Image, trimap: Image) -> Alpha:
        small = sk_resize(image, lowered(image.shape, ratio)) * 255.0
        levels = torch.from_numpy(small.transpose(2, 0, 1)).float()[None]
        x = normal(small / 255.0) if scaled else levels
        alpha = sk_resize(plane(matte(network(x))), image.shape[:2])
        return alpha.astype(np.float32)

    return literal


def modnet(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """MODNet's demo: averaged to a shorter side of 512, and back."""
    x = normal(image / 255.0, HALVES)
    height, width = image.shape[:2]
    if max(height, width) < 512 or min(height, width) > 512:
        if width >= height:
            rh, rw = 512, int(width / height * 512)
        else:
            rh, rw = int(height / width * 512), 512
    else:
        rh, rw = height, width
    x = F.interpolate(x, size=(rh - rh % 32, rw - rw % 32), mode="area")
    matte = F.interpolate(network(x).matte, size=(height, width), mode="area")
    return plane(matte)


def pasted(alpha: Alpha, trimap: Image) -> Alpha:
    """Set the trimap's known pixels."""
    alpha[trimap == 0], alpha[trimap == 255] = 0.0, 1.0
    return alpha


def one_hot(trimap: Image) -> Tensor:
    """(1, 3, H, W) background, unknown, foreground."""
    classes = np.select([trimap < 85, trimap >= 170], [0, 2], 1)
    return F.one_hot(torch.from_numpy(classes), 3).permute(2, 0, 1).float()[None]


def reflected(x: np.ndarray, margin: int = 0) -> np.ndarray:
    """Padded to multiples of 32 at the bottom and right, and by a margin all around."""
    below, right = (-side % 32 for side in x.shape[:2])
    pads = [(margin, margin + below), (margin, margin + right), (0, 0)]
    return np.pad(x, pads[: x.ndim], mode="reflect")


def levels(image: np.ndarray, trimap: np.ndarray) -> Tensor:
    """(1, 4, H, W): normalised colours and the trimap over 255."""
    hint = torch.from_numpy(trimap.astype(np.float32) / 255)[None, None]
    return torch.cat([normal(image / 255.0), hint], dim=1)


def dim(network: Any, image: Image, trimap: Image) -> Alpha:
    """mmagic: reflected, no resizing."""
    height, width = trimap.shape
    alpha = plane(network(levels(reflected(image), reflected(trimap))).best)
    return pasted(alpha[:height, :width].copy(), trimap)


def linear(best: Callable[[Any], Tensor], longest: int) -> Callable[..., Alpha]:
    """huochaitiantang's DIM and CDOTAD's AlphaGAN: OpenCV's linear resizing of 8 bits, and back."""

    def literal(network: nn.Module, image: Image, trimap: Image) -> Alpha:
        height, width = (min(longest, side - side % 32) for side in trimap.shape)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        hint = cv2.resize(trimap, (width, height), interpolation=cv2.INTER_LINEAR)
        alpha = plane(best(network(levels(small, hint))))
        size = trimap.shape[::-1]
        return pasted(cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR), trimap)

    return literal


def indexnet(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' demo: sides raised to multiples of 32 by cubic and nearest resizing."""
    height, width = (-(-side // 32) * 32 for side in trimap.shape)
    large = cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    hint = cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST)
    alpha = plane(network(levels(large, hint)))
    alpha = cv2.resize(alpha, trimap.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return pasted(np.clip(alpha, 0, 1), trimap)


def gca(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' demo without its margin, as our default strategy."""
    x = torch.cat([normal(reflected(image) / 255.0), one_hot(reflected(trimap))], dim=1)
    height, width = trimap.shape
    return pasted(plane(network(x))[:height, :width].copy(), trimap)


def matteformer(network: Any, image: Image, trimap: Image) -> Alpha:
    """The authors' inference, progressive refinement included."""
    pixels, hint = reflected(image, 32), reflected(trimap, 32)
    out = network(torch.cat([normal(pixels / 255.0), one_hot(hint)], dim=1))
    alpha = plane(out.os8).copy()
    for finer, side in ((out.os4, 15), (out.os1, 7)):
        small = cv2.resize(alpha, (640, 640), interpolation=cv2.INTER_NEAREST)
        band = ((small >= 1 / 255) & (small <= 1 - 1 / 255)).astype(np.uint8)
        ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        band = cv2.dilate(band, ellipse)
        band = cv2.resize(band, alpha.shape[::-1], interpolation=cv2.INTER_NEAREST)
        alpha[band > 0] = plane(finer)[band > 0]
    height, width = trimap.shape
    return pasted(alpha[32 : 32 + height, 32 : 32 + width].copy(), trimap)


def fba(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' demo: Lanczos to multiples of 8, distance maps, filters standardised again."""
    height, width = trimap.shape
    size = (-(-width // 8) * 8, -(-height // 8) * 8)
    known = np.stack([trimap == 0, trimap == 255], axis=2).astype(np.float64)
    photo = cv2.resize(image / 255.0, size, interpolation=cv2.INTER_LANCZOS4)
    planes = cv2.resize(known, size, interpolation=cv2.INTER_LANCZOS4)
    maps = np.zeros((*planes.shape[:2], 6), np.float32)
    for k in range(2):
        if planes[..., k].any():
            seen = (255 * (1 - planes[..., k])).astype(np.int64).astype(np.uint8)
            far = -(cv2.distanceTransform(seen, cv2.DIST_L2, 0) ** 2)
            for j, spread in enumerate((0.02, 0.08, 0.16)):
                maps[..., 3 * k + j] = np.exp(far / (2 * (spread * 320) ** 2))

    def batch(x: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1))).float()[None]

    alpha = plane(network(batch(photo), batch(planes), normal(photo), batch(maps)).alpha)
    return pasted(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LANCZOS4), trimap)


def vitmatte(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' inference, without resizing."""
    photo = torch.from_numpy(image.transpose(2, 0, 1).copy()).float()[None] / 255
    hint = torch.from_numpy(trimap.copy()).float()[None, None] / 255
    return plane(network(photo, hint))


def fusion(outputs: Any) -> Tensor:
    """The fused matte of P3M-Net and GFM."""
    matte: Tensor = outputs.fusion
    return matte


def alpha_of(outputs: Any) -> Tensor:
    """The matte of SHM, LF and HATT."""
    matte: Tensor = outputs.alpha
    return matte


LITERAL: dict[str, Callable[..., Alpha]] = {
    **dict.fromkeys(
        ("p3mnet-r34", "p3mnet-basic", "p3mnet-swin-t", "p3mnet-vitae-s"), by_resizing(0.5, fusion)
    ),
    **dict.fromkeys(
        ("gfm-r34", "gfm-d121", "gfm-r34-ft", "gfm-r34-bt", "gfm-r101", "gfm-r34-2b"),
        by_resizing(0.5, fusion, scaled=False),
    ),
    "gfm-d121-rim": by_resizing(1 / 3, fusion, scaled=False),
    "shm": lambda network, image, trimap: by_resizing(0.5, alpha_of)(
        Unscaled(network), image, trimap
    ),
    "lf": by_resizing(0.5, alpha_of),
    "hatt": by_resizing(0.5, alpha_of),
    "modnet": modnet,
    "dim": dim,
    "dim-skip": linear(lambda out: out.best, 1600),
    "alphagan": linear(lambda out: out, 6400),
    "indexnet": indexnet,
    "gca": gca,
    "matteformer": matteformer,
    "fba": fba,
    "vitmatte-s": vitmatte,
}


class Unscaled(nn.Module):
    """Undo `normal`, because SHM's network takes colours in [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Any:
        """As the network's."""
        mean, std = (torch.tensor(s).view(1, 3, 1, 1) for s in IMAGENET)
        return self.network(x * std + mean)


# --- timing ---------------------------------------------------------------------------------------


@dataclass
class Result:
    """Seconds of one method at one size; None if not measured."""

    method: str
    size: str
    forward: float
    ours: float
    literal: float | None
    bf16: float
    off: float | None  # largest difference of the mattes, ours and literal
    off_bf16: tuple[float, float]  # mean and largest difference of the bf16 matte


def scene(height: int, width: int) -> tuple[Image, Image]:
    """A photograph-like image of smooth noise, and a trimap with a band unknown."""
    rng = np.random.default_rng(height * 10000 + width)
    coarse = rng.integers(0, 256, (height // 24, width // 24, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    trimap = np.zeros((height, width), np.uint8)
    middle, radii = (width // 2, height // 2), (width // 3, height // 3)
    cv2.ellipse(trimap, middle, radii, 0, 0, 360, 255, -1)
    band = max(3, min(height, width) // 12)
    cv2.ellipse(trimap, middle, radii, 0, 0, 360, 128, band)
    return image, trimap


@contextmanager
def watched(network: nn.Module) -> Iterator[list[float]]:
    """Measure the seconds of each call of the network."""
    taken: list[float] = []
    originals = {n: getattr(network, n) for n in COMPILED if hasattr(network, n)}
    depth = [0]

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            depth[0] += 1
            start = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                depth[0] -= 1
                if not depth[0]:
                    taken.append(time.perf_counter() - start)

        return run

    for name, function in originals.items():
        setattr(network, name, timed(function))
    try:
        yield taken
    finally:
        for name in originals:
            delattr(network, name)


def least(task: Callable[[], Alpha], repeat: int) -> tuple[float, Alpha]:
    """Return the least seconds of some repetitions after a warm-up, and the matte."""
    matte = task()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        matte = task()
        times.append(time.perf_counter() - start)
    return min(times), matte


def measure(method: Method, sizes: list[tuple[int, int]], repeat: int, device: str) -> list[Result]:
    """Measure one method."""
    torch.manual_seed(0)
    training = training_of(method)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "random.pth"
        torch.save(training.network(1).state_dict(), weights)
        predictor = method.load(device, weights)
        network: Any = training.network(1)
        network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    found = []
    for height, width in sizes:
        found.append(measure_at(method, predictor, network, (height, width), repeat, device))
        print(found[-1], flush=True)
    return found


def measure_at(
    method: Method, predictor: Any, network: Any, size: tuple[int, int], repeat: int, device: str
) -> Result:
    """Measure one size; ``network`` is a copy for the literal version."""
    name = method.info.name
    image, trimap = scene(*size)
    hint = trimap if method.info.needs_trimap else None
    engine = Engine(predictor, device)
    lower = Engine(predictor, device, "bf16")
    inner: Any = engine.network
    with watched(inner) as taken:
        ours, alpha = least(lambda: engine.call(image, hint).alpha, repeat)
        calls = len(taken) // (repeat + 2)  # of one predict; the engine warms up again
    forward = min(sum(taken[i : i + calls]) for i in range(0, len(taken) - calls + 1, calls))
    bf16, rough = least(lambda: lower.call(image, hint).alpha, repeat)
    literal, off = None, None
    if device == "cpu":
        render = LITERAL[name]
        with torch.no_grad():
            literal, other = least(lambda: render(network, image, trimap), repeat)
        off = float(np.abs(alpha - np.clip(other, 0, 1)).max())
    gap = np.abs(alpha - rough)
    differences = float(gap.mean()), float(gap.max())
    where = f"{size[0]}x{size[1]}"
    return Result(name, where, forward, ours, literal, bf16, off, differences)


def table(results: list[Result], repeat: int, device: str) -> str:
    """The report."""
    cuda = torch.cuda.get_device_name() if device != "cpu" else ""
    where = (
        cuda or f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"
    )
    lines = [
        "# Speed of inference",
        "",
        f"Made by `benchmarks/speed/inference.py` on {date.today()}: {where}; Python "
        f"{platform.python_version()}, PyTorch {torch.__version__}, OpenCV {cv2.__version__}, "
        f"scikit-image {skimage.__version__}. Networks of published width with random weights, "
        f"default strategy, least of {repeat} repetitions, in seconds.",
        "",
        "*Network* is the time within the network, *ours* the whole of `predict`, and *literal* "
        "the published steps by the published calls with the same network. *Difference* is the "
        "largest difference of the two mattes. *bf16* is `--precision bf16`, with its mean and "
        "largest difference from ours. With random weights, classes are nearly tied, and one "
        "changed class can move a pixel by up to 1. With trained weights this is rarer, and "
        "`p3mbench run` prints the effect on the scores.",
        "",
        "| method | size | network | ours | literal | times faster | difference | bf16 "
        "| times faster | its difference, mean | largest |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for r in results:
        literal = "" if r.literal is None else f"{r.literal:.2f}"
        ratio = "" if r.literal is None else f"{r.literal / r.ours:.2f}"
        off = "" if r.off is None else f"{r.off:.1e}"
        against = r.ours if r.literal is None else r.literal
        lines.append(
            f"| {r.method} | {r.size} | {r.forward:.2f} | {r.ours:.2f} | {literal} | {ratio} "
            f"| {off} | {r.bf16:.2f} | {against / r.bf16:.2f} "
            f"| {r.off_bf16[0]:.1e} | {r.off_bf16[1]:.1e} |"
        )
    compared = [r for r in results if r.literal is not None]
    if compared:
        ratios = sorted((r.literal or 0) / r.ours for r in compared)
        lower = sorted((r.literal or 0) / r.bf16 for r in compared)
        lines += [
            "",
            f"- Median over methods and sizes: {ratios[len(ratios) // 2]:.2f} times as fast as the "
            f"literal steps in float32 ({sum(x >= 1.5 for x in ratios)} of {len(ratios)} "
            f"reach 1.5), {lower[len(lower) // 2]:.2f} times with bf16 "
            f"({sum(x >= 3 for x in lower)} of {len(lower)} reach 3).",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="")
    parser.add_argument("--sizes", default="512x512,1080x1620")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "speed" / "inference.md")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sizes = []
    for text in args.sizes.split(","):
        height, _, width = text.partition("x")
        sizes.append((int(height), int(width)))
    wanted = args.methods.split(",") if args.methods else list(LITERAL)
    methods = {e.name: e.method for e in find() if e.method is not None}
    results: list[Result] = []
    for name in wanted:
        results += measure(methods[name], sizes, args.repeat, args.device)
        gc.collect()
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(table(results, args.repeat, args.device))


if __name__ == "__main__":
    main()
