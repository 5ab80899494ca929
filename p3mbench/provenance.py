"""Record the origin of numbers: versions, hardware, and hashes of files."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p3mbench.errors import DataError

if TYPE_CHECKING:
    from p3mbench.store import Store

RACY_NS = 2_000_000_000  # coarser than the clock of every usual file system
_MOST = 2**63 - 1  # SQLite's integers are signed
PACKAGES = (
    "p3mbench",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "opencv-python",
    "pillow",
    "pandas",
    "matplotlib",
    "scikit-image",
    "torch",
    "PyMatting",
    "numba",
)


def versions() -> dict[str, str]:
    """Return the installed version of each package that can change a number; imports none."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def cpu_model() -> str:
    """Return the system's name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def usable_cores() -> int:
    """Count the cores of this process (a SLURM job may have fewer than the machine)."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def gpus() -> int:
    """Count the driver's NVIDIA GPUs without importing PyTorch; 0 if this is not possible."""
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))


def memory_gib() -> float | None:
    """Return the physical memory in GiB; None if the system does not tell it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, OSError, ValueError):
        return None


def environment() -> dict[str, Any]:
    """Return versions and hardware for a run's manifest."""
    return {
        "versions": versions(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_gib": round(memory_gib() or 0, 1) or None,
    }


def canonical(value: Any) -> str:
    """Return JSON that does not depend on the order of keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(value: Any) -> str:
    """Return the SHA-256 of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Hash a file's bytes by SHA-256: 64 hexadecimal digits; `DataError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def _named(path: Path) -> str:
    """Return a file's absolute path as text for the store, even if its name is not Unicode."""
    return os.fsencode(path.resolve()).decode(errors="backslashreplace")


def hash_files(paths: Iterable[Path], store: Store) -> Mapping[Path, str]:
    """Hash the bytes of each file by SHA-256.

    A file is not read again if device, inode, size and both times of change are those of the hashed
    file. A file that changed within `RACY_NS` before hashing may change again without a trace, so
    its hash is not reused.
    """
    known, fresh = store.file_hashes(), []
    hashes: dict[Path, str] = {}
    todo: dict[Path, tuple[tuple[int, ...], int]] = {}
    for path in dict.fromkeys(paths):
        try:
            facts = _facts(path)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
        before, hashed, digest = known.get(_named(path), ((), 0, ""))
        if before == facts and max(facts[-2:]) < hashed - RACY_NS:
            hashes[path] = digest
        else:
            todo[path] = (facts, time.time_ns())
    with ThreadPoolExecutor(usable_cores()) as pool:
        for path, digest in zip(todo, pool.map(sha256_of, todo), strict=True):
            hashes[path] = digest
            fresh.append((_named(path), *todo[path], digest))
    if fresh:
        store.remember_hashes(fresh)
    return hashes


def _facts(path: Path) -> tuple[int, ...]:
    """Return the system's data of a file; the last two are its times in ns."""
    stat = path.stat()
    return (
        stat.st_dev, stat.st_ino & _MOST, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns,
    )  # fmt: skip
