"""How fast the thin networks train, and how much of it is waiting for data.

Run it from a checkout: python benchmarks/speed/training.py [--methods A,B] [--steps 40] [--out F].
Every method trains for some steps on `mini` with its own nano recipe, one thread, and a process
beside it that loads; the first steps, which wait for that process to start, are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from p3mbench.provenance import cpu_model, usable_cores
from p3mbench.registry import find
from p3mbench.training.recipe import Trainable, training_of

ROOT = Path(__file__).resolve().parents[2]


def measure(method: str, batch: int, steps: int, folder: Path) -> tuple[float, float]:
    """(images per second, share of time waiting) between the first log line and the last."""
    command = [sys.executable, "-m", "p3mbench", "train", method, "--setting", "N", "--seed", "0"]
    command += ["--preset", "nano", "--steps", str(steps), "--threads", "1", "--workers", "1"]
    command += ["--no-tensorboard", "--out", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    first, last = lines[0], lines[-1]
    starts, ends = (batch * line["step"] / line["images_per_second"] for line in (first, last))
    waited = last["waiting"] * ends - first["waiting"] * starts
    return batch * (last["step"] - first["step"]) / (ends - starts), waited / (ends - starts)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "speed" / "training.md")
    args = parser.parse_args()
    methods = [e.method for e in find() if isinstance(e.method, Trainable)]
    wanted = args.methods.split(",") if args.methods else [m.info.name for m in methods]
    lines = []
    for method in methods:
        name = method.info.name
        if name not in wanted:
            continue
        batch = training_of(method).recipe("nano").batch_size
        with tempfile.TemporaryDirectory() as folder:
            rate, share = measure(name, batch, args.steps, Path(folder) / "run")
        lines.append(f"| {name} | {batch} | {rate:.1f} | {share:.1%} |")
        print(lines[-1], flush=True)
        text = f"""# Speed of training

Made by `benchmarks/speed/training.py` on {date.today()}: {cpu_model()}, {usable_cores()} cores;
Python {platform.python_version()}. Nano recipes on `mini`, one thread, one loading process,
{args.steps} steps.

| method | batch | images per second | waiting for data |
| --- | --: | --: | --: |
"""
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
