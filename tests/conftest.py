"""What all tests share: where the reference data is, and small data sets on disk."""

from __future__ import annotations

import os

# Two test processes share two cores. With more threads each, PyTorch spins and waits.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
# A data folder that cannot exist: no test sees or leaves the user's weights and plugins.
os.environ["XDG_DATA_HOME"] = f"{os.devnull}/no-home"
# A test of two threads would keep the idle one spinning on a core that the other process needs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import shutil
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

# for odd_files and examples; importlib mode adds no folder
sys.path.insert(0, str(Path(__file__).parent))
from examples import quick_loop


def pytest_configure(config: pytest.Config) -> None:
    """The quick loop tries fewer examples of every property; the whole suite tries all."""
    quick_loop("not slow" in config.option.markexpr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many golden values and networks the passed tests compared, from every worker."""
    networks: dict[str, float] = {}
    metrics = Counter[str]()
    for report in terminalreporter.getreports("passed"):
        for name, value in getattr(report, "user_properties", ()):
            if name == "golden network":
                networks[value[0]] = min(networks.get(value[0], 1.0), value[1])
            elif name.startswith("golden metrics"):
                metrics[name] += value
    for name, count in sorted(metrics.items(), reverse=True):
        terminalreporter.write_line(f"{name}: {count}")
    if networks:
        found = ", ".join(f"{name} {error:.0e}" for name, error in sorted(networks.items()))
        terminalreporter.write_line(f"golden networks that agree: {len(networks)} ({found})")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no process is left alone with one of them at the end.

    ``slow`` may state about how many seconds a test takes, with the fixtures that only it needs.
    """
    seconds = Counter[Path]()
    for item in items:
        mark = item.get_closest_marker("slow")
        seconds[item.path] += 0.05 if mark is None else (*mark.args, 1.5)[0]
    items.sort(key=lambda item: -seconds[item.path])  # files stay together, tests in their order


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference data that does not ship with the project; skips where it is absent."""
    given = os.environ.get("P3MBENCH_SHARED")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip("the reference data is not here (P3MBENCH_SHARED)")
    return folder


def _portrait() -> dict[str, np.ndarray]:
    """A 96x64 scene: image (RGB), alpha (soft disc), trimap, face mask."""
    height, width = 96, 64
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - 40, x - 32)
    alpha = np.clip((26 - distance) / 8 + 0.5, 0, 1)
    rng = np.random.default_rng(0)
    image = np.empty((height, width, 3))
    image[:] = alpha[..., None] * [200, 150, 120] + (1 - alpha[..., None]) * [30, 60, 140]
    image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[distance < 18] = 255
    trimap[distance > 34] = 0
    face = (distance < 12).astype(np.uint8) * 255
    return {
        "image": image,
        "alpha": np.rint(alpha * 255).astype(np.uint8),
        "trimap": trimap,
        "face": face,
    }


@pytest.fixture
def portrait_arrays() -> dict[str, np.ndarray]:
    """A 96x64 scene: image (RGB), alpha (soft disc), trimap, face mask."""
    return _portrait()


def write_subset(
    folder: Path, arrays: dict[str, np.ndarray], stems: list[str], images: str
) -> None:
    """Write the same scene under each stem, in the layout of P3M-10k."""
    for name in (images, "mask", "trimap"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for shift, stem in enumerate(stems):
        rolled = {key: np.roll(value, 2 * shift, axis=0) for key, value in arrays.items()}
        cv2.imwrite(str(folder / images / f"{stem}.png"), rolled["image"][..., ::-1])
        cv2.imwrite(str(folder / "mask" / f"{stem}.png"), rolled["alpha"])
        cv2.imwrite(str(folder / "trimap" / f"{stem}.png"), rolled["trimap"])


@pytest.fixture(scope="session")
def p3m_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of three P and two NP images in the released layout, for reading only."""
    root = tmp_path_factory.mktemp("data") / "P3M-10k"
    validation, arrays = root / "validation", _portrait()
    write_subset(validation / "P3M-500-P", arrays, ["p_1", "p_2", "p_3"], "blurred_image")
    write_subset(validation / "P3M-500-NP", arrays, ["n_1", "n_2"], "original_image")
    return root


@pytest.fixture
def p3m_folder(tmp_path: Path, p3m_once: Path) -> Path:
    """A copy of that data set, which a test may change."""
    return Path(shutil.copytree(p3m_once, tmp_path / "P3M-10k"))


@pytest.fixture
def train_folder(tmp_path: Path, portrait_arrays: dict[str, np.ndarray]) -> Path:
    """P3M-10k's training folder with three blurred images and their face masks."""
    root, stems = tmp_path / "P3M-10k", ["t_1", "t_2", "t_3"]
    write_subset(root / "train", portrait_arrays, stems, "blurred_image")
    (root / "train" / "facemask").mkdir()
    for stem in stems:
        cv2.imwrite(str(root / "train" / "facemask" / f"{stem}.png"), portrait_arrays["face"])
    return root


PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

@dataclass(frozen=True)
class Grey:
    level: float = 0.25
    info: ClassVar[MethodInfo] = MethodInfo(
        name="grey", title="Grey", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        return np.full(image.shape[:2], self.level, np.float32)
"""


def write_plugin(folder: Path) -> Path:
    path = folder / "grey.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def plugin_file(tmp_path: Path) -> Path:
    """A method in one file of 15 lines."""
    return write_plugin(tmp_path)


@pytest.fixture(scope="session")
def plugin_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same method, for reading only."""
    return write_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and galleries with an empty picture for every plot, for what no plot decides.

    Names, titles and captions of the plots are there as always.
    """
    monkeypatch.setattr("p3mbench.report.plots.rendered", lambda *_, **__: b"<svg/>")


FIRST_SCHEMA = """
CREATE TABLE rows (
    key TEXT PRIMARY KEY,
    benchmark TEXT NOT NULL, subset TEXT NOT NULL, variant TEXT NOT NULL, image TEXT NOT NULL,
    method TEXT NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL, learned INTEGER NOT NULL,
    options TEXT NOT NULL, strategy TEXT NOT NULL,
    checkpoint TEXT NOT NULL, checkpoint_sha256 TEXT NOT NULL, train_setting TEXT NOT NULL,
    seed TEXT NOT NULL, trimap_source TEXT NOT NULL, convention TEXT NOT NULL,
    obfuscation TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, flags TEXT NOT NULL,
    metrics TEXT NOT NULL, seconds REAL, height INTEGER, width INTEGER, device TEXT NOT NULL,
    run_id TEXT NOT NULL
);
CREATE UNIQUE INDEX question ON rows (
    benchmark, subset, variant, image, method, options, strategy, checkpoint_sha256,
    train_setting, seed, trimap_source, convention, obfuscation
);
CREATE TABLE runs (run_id TEXT PRIMARY KEY, manifest TEXT NOT NULL);
CREATE TABLE subsets (
    benchmark TEXT NOT NULL, subset TEXT NOT NULL, images INTEGER NOT NULL,
    PRIMARY KEY (benchmark, subset)
);
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 TEXT NOT NULL);
PRAGMA user_version = 1;
"""


@pytest.fixture
def first_schema() -> str:
    """The SQL of a store as the first version made it."""
    return FIRST_SCHEMA
