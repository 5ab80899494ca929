"""Kill trainings at random moments, resume them, and compare the bytes of the weights.

Run it from a checkout: python benchmarks/robustness/training.py [--methods A,B] [--kills 3].
Each method is trained twice on a few portraits of `mini` with its nano network: once without
interruption, and once with repeated SIGKILL. The table says whether the two weight files are equal.
"""

from __future__ import annotations

import argparse
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from p3mbench.provenance import sha256_of
from p3mbench.training.state import load_state

ROOT = Path(__file__).resolve().parents[2]
# P3M-Net; stages; a discriminator; random losses; feature-level copy-and-paste
CASES = {
    "p3mnet-r34": "B",
    "dim": "N",
    "shm": "B",
    "alphagan": "B",
    "matteformer": "N",
    "modnet": "B+CP",
}
STEPS, SAVE_EVERY = 40, 3
ABOUT = """# Killed trainings

Made by `benchmarks/robustness/training.py` on {date} ({system}, Python {python}): {steps} steps, a
state every {every}; SIGKILL at random moments while the run was training, then `--resume`.

| method | setting | kills | states left at steps | SHA-256 | after the kills | equal |
| --- | --- | --: | --- | --- | --- | --- |
"""


def command(method: str, setting: str, out: Path) -> list[str]:
    """One training of the table."""
    start = [sys.executable, "-m", "p3mbench", "train", method, "--setting", setting]
    start += ["--limit", "8", "--steps", str(STEPS), "--save-every", str(SAVE_EVERY)]
    start += ["--batch-size", "2", "--threads", "1", "--no-tensorboard", "--out", str(out)]
    return [*start, "--paste", "feature", "--workers", "1", "--resume"]


def killed(method: str, setting: str, out: Path, kills: int, rng: random.Random) -> list[str]:
    """Kill the run ``kills`` times after it has written some states, then let it finish.

    Returns:
        The step of the last state before each kill.
    """
    met: list[str] = []
    while len(met) < kills:
        process = subprocess.Popen(  # noqa: S603
            command(method, setting, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait_for_states(out / "state.pt", rng.randint(1, 4), process)
        time.sleep(rng.uniform(0, 0.3))
        if process.poll() is not None:
            break  # it finished before it could be killed
        process.send_signal(signal.SIGKILL)
        process.wait()
        state = load_state(out)
        met.append(str(state["step"]) if state else "none")
    subprocess.run(command(method, setting, out), check=True, capture_output=True)  # noqa: S603
    return met


def _wait_for_states(path: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the file was replaced ``count`` times or the process has ended."""
    last = path.stat().st_mtime_ns if path.is_file() else 0
    while count and process.poll() is None:
        now = path.stat().st_mtime_ns if path.is_file() else 0
        if now != last:
            count, last = count - 1, now
        time.sleep(0.01)


def main() -> None:
    """Kill, compare and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default=",".join(CASES))
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "faults_training.md")
    args = parser.parse_args()
    rng, failed = random.Random(args.seed), False  # noqa: S311 - not for secrets
    text = ABOUT.format(
        date=date.today(),
        system=platform.system(),
        python=platform.python_version(),
        steps=STEPS,
        every=SAVE_EVERY,
    )
    for method in args.methods.split(","):
        setting = CASES[method]
        with tempfile.TemporaryDirectory() as folder:
            peace, war = Path(folder) / "peace", Path(folder) / "war"
            subprocess.run(  # noqa: S603
                command(method, setting, peace), check=True, capture_output=True
            )
            met = killed(method, setting, war, args.kills, rng)
            hashes = [sha256_of(out / "weights.safetensors") for out in (peace, war)]
        equal = hashes[0] == hashes[1]
        failed = failed or not equal
        row = [method, setting, str(len(met)), ", ".join(met), *(h[:16] for h in hashes)]
        line = f"| {' | '.join(row)} | {'yes' if equal else 'NO'} |"
        print(line, flush=True)
        text += line + "\n"
    args.out.write_text(text, encoding="utf-8")
    sys.exit(failed)


if __name__ == "__main__":
    main()
