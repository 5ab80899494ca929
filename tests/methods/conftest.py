"""What the tests of all networks share: golden data, deterministic weights, comparisons.

A network NAME has in ``golden/``: ``NAME.state_dict.json`` (the published key list, and how its
weights are filled for the golden run) and ``NAME.golden.npz`` (an image and what the published
code answers under those weights).
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "golden"
PART = 1 << 16

compared: list[tuple[str, float]] = []  # golden network and its largest relative error, as met


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Carry what a test compared to the summary of the session (see tests/conftest.py)."""
    before = len(compared)
    result = yield
    item.user_properties += [("golden network", found) for found in compared[before:]]
    return result


def filled(key: str, shape: tuple[int, ...], gain: float = 1.0) -> np.ndarray:
    """The deterministic float32 tensor of a name: random numbers seeded by its CRC-32.

    Running means and biases scatter about 0, running variances lie in [0.5, 1.5), scales scatter
    about 1, and matrices have the spread 2 / fan-in (He) that keeps activations in range.
    """
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    role = key.rpartition(".")[2]
    if role == "running_var":
        values = rng.uniform(0.5, 1.5, shape)
    elif role == "running_mean" or len(shape) < 2:
        centre = 1.0 if role == "weight" else 0.0
        values = centre + 0.1 * rng.standard_normal(shape)
    else:
        return _scaled(rng, shape, np.sqrt(2.0 / np.prod(shape[1:])), gain)
    return np.asarray(values * gain, dtype=np.float32)


def _scaled(
    rng: np.random.Generator, shape: tuple[int, ...], spread: float, gain: float
) -> np.ndarray:
    """Normal numbers times both, in parts that stay in the processor's cache."""
    made = np.empty(math.prod(shape), np.float32)
    part = np.empty(min(PART, made.size))
    for start in range(0, made.size, PART):
        values = part[: made.size - start]
        rng.standard_normal(out=values)
        values *= spread
        values *= gain
        made[start : start + len(values)] = values
    return made.reshape(shape)


@dataclass(frozen=True)
class Golden:
    """The golden data of one network."""

    name: str

    @cached_property
    def facts(self) -> dict[str, Any]:
        return json.loads((FOLDER / f"{self.name}.state_dict.json").read_text())

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        return self.read("golden")

    def read(self, kind: str) -> dict[str, np.ndarray]:
        with np.load(FOLDER / f"{self.name}.{kind}.npz") as data:
            return dict(data)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every entry of the published state dict, in its order."""
        return {key: tuple(shape) for key, shape, *_ in self.facts["entries"]}

    @property
    def aliases(self) -> dict[str, str]:
        """Entries that are the same tensor under a second name: name -> first of its names."""
        return {entry[0]: entry[3] for entry in self.facts["entries"] if len(entry) > 3}

    def state(self, network: Any) -> dict[str, Any]:
        """The filled state dict; what the rules leave alone is taken from ``network``."""
        import torch

        rules = self.facts["fill"]
        state, made = dict(network.state_dict()), {}
        for key, shape, dtype, *alias in self.facts["entries"]:
            if not dtype.startswith("float") or any(re.search(p, key) for p in rules["keep"]):
                continue
            source = alias[0] if alias else key
            if source not in made:
                values = self._values(source, tuple(shape))
                made[source] = torch.from_numpy(values)
            state[key] = made[source]
        return state

    def network(self, make: Callable[[], Any]) -> Any:
        """The network that ``make`` makes, filled; its own numbers are never drawn.

        For networks whose state dict holds nothing but weights, statistics and counters.
        """
        import torch

        with torch.device("meta"):
            network = make()
        state = self.state(network)
        for key, value in state.items():
            if value.is_meta:
                assert key.endswith("num_batches_tracked"), key
                state[key] = torch.zeros((), dtype=value.dtype)
        network.load_state_dict(state, strict=True, assign=True)
        return network

    def _values(self, key: str, shape: tuple[int, ...]) -> np.ndarray:
        rules = self.facts["fill"]
        if key in rules["sets"]:
            return np.asarray(rules["sets"][key], np.float32).reshape(shape)
        usual = rules["matrix_gain"] if len(shape) >= 2 else 1.0
        gains = (gain for pattern, gain in rules["gains"] if re.search(pattern, key))
        return filled(key, shape, next(gains, usual))

    def relative_errors(self, outputs: dict[str, np.ndarray]) -> dict[str, float]:
        """For each output the largest error over the largest magnitude of the golden one."""
        published = self.facts["cases"]["A"]["outputs"]
        assert outputs.keys() == published.keys()
        errors = {}
        for name, values in outputs.items():
            assert list(values.shape) == published[name]["shape"], name
            assert values.dtype == np.float32
            step = published[name]["stride"]
            wanted = self.arrays[f"out_{name}"]
            error = np.abs(values[..., ::step, ::step] - wanted).max()
            errors[name] = float(error / np.abs(wanted).max())
        compared.append((self.name, max(errors.values())))
        return errors

    def share_beyond(self, outputs: dict[str, np.ndarray], tolerance: float) -> float:
        """Share of the compared values whose relative error is larger, the worst output's.

        Where two values that are pooled nearly tie, other processors' sums settle it differently;
        that moves the pixels around and no others.
        """
        shares = []
        for name, values in outputs.items():
            step = self.facts["cases"]["A"]["outputs"][name]["stride"]
            wanted = self.arrays[f"out_{name}"]
            error = np.abs(values[..., ::step, ::step] - wanted) / np.abs(wanted).max()
            shares.append(float((error > tolerance).mean()))
        return max(shares)


def with_spectral_vectors(state: dict[str, Any], transposed_rows: int = 0) -> dict[str, Any]:
    """A filled state with unit vectors of the spectral norm: u from its name, v = W^T u.

    Args:
        state: filled, of either layout (``weight_bar`` or ``weight_orig``).
        transposed_rows: axis of a 4x4 (transposed) weight that is the matrix's rows.
    """
    import torch

    made = dict(state)
    for key in state:
        if not key.endswith("weight_u"):
            continue
        stem = key.removesuffix("weight_u")
        weight = state.get(stem + "weight_bar", state.get(stem + "weight_orig")).double()
        if weight.shape[-1] == 4:
            weight = weight.transpose(0, transposed_rows)
        matrix = weight.reshape(weight.shape[0], -1)
        u = torch.from_numpy(filled(key, tuple(state[key].shape))).double()
        u = u / u.norm()
        v = matrix.T @ u
        made[key], made[stem + "weight_v"] = u.float(), (v / v.norm()).float()
    return made


@pytest.fixture(scope="session")
def spectral() -> Callable[..., dict[str, Any]]:
    """The filler's rule for spectral normalisation."""
    return with_spectral_vectors


@pytest.fixture(scope="session")
def fill() -> Callable[..., np.ndarray]:
    """The rule that makes a tensor from its name and shape."""
    return filled


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Golden]:
    """``golden(name)`` is the golden data of the network of that name."""
    return Golden
