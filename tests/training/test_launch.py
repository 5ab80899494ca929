"""Who starts the processes of a training, and that a killed run goes on to equal bytes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from p3mbench.cli import main
from p3mbench.provenance import sha256_of
from p3mbench.training.launch import fabric_of, processes
from p3mbench.weights import recorded


@pytest.mark.parametrize(
    ("environment", "want"),
    [
        ({}, (1, 1)),
        ({"WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}, (4, 2)),
        ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NUM_NODES": "2", "SLURM_PROCID": "0"}, (2, 2)),
        # within an allocation, but not started by srun; sbatch sets SLURM_PROCID, too
        ({"SLURM_NTASKS": "4", "SLURM_NNODES": "2", "SLURM_PROCID": "0"}, (1, 1)),
    ],
)
def test_a_launcher_says_how_many_processes_there_are(
    environment: dict[str, str], want: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("SLURM_") or name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert processes(None, None) == want
    assert processes(3, 1) == (3, 1)
    if want == (1, 1):
        fabric = fabric_of("cpu", None, None, "32-true", None)
        fabric.launch()
        assert fabric.world_size == 1


def command(out: Path, *more: str, method: str = "modnet") -> list[str]:
    start = [
        sys.executable,
        "-m",
        "p3mbench",
        "train",
        method,
        "--setting",
        "B",
        "--out",
        str(out),
    ]
    plain = "--steps 8 --batch-size 2 --crop 64 --width 0.05 --limit 4 --save-every 2 --threads 1"
    return [*start, *plain.split(), "--no-tensorboard", *more]


def cut_short(commands: list[list[str]], environments: list[dict[str, str]], out: Path) -> None:
    """Start processes and kill them (-9) once a state is on disk."""
    processes = [
        subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        for command, environment in zip(commands, environments, strict=True)
    ]
    deadline = time.monotonic() + 240
    while not (out / "state.pt").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    for process in processes:
        process.wait()
    assert (out / "state.pt").is_file() and not (out / "weights.safetensors").is_file()


@pytest.mark.slow(7)
def test_killed_in_mid_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 once a state is on disk, then --resume: the same bytes as an uninterrupted run.

    Both runs that end share a process with other tests; what those left there changes no byte
    either: the process that is killed is a new one.
    """
    monkeypatch.setenv("P3MBENCH_CACHE", str(tmp_path / "cache"))
    whole, cut = command(tmp_path / "whole"), command(tmp_path / "cut")
    cut_short([cut], [dict(os.environ)], tmp_path / "cut")
    for arguments in (whole, [*cut, "--resume"]):
        done = CliRunner().invoke(main, arguments[3:], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    ours, theirs = ((tmp_path / p / "weights.safetensors").read_bytes() for p in ("cut", "whole"))
    assert ours == theirs


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tasks_of_srun() -> list[dict[str, str]]:
    """What SLURM's srun sets for two tasks."""
    job = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_NTASKS": "2"}
    job |= {"SLURM_NNODES": "1", "SLURM_JOB_NAME": "train", "SLURM_JOB_ID": "1"}
    job |= {"SLURM_NODELIST": "127.0.0.1", "SLURM_NODEID": "0"}
    job |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    return [job | {"SLURM_PROCID": rank, "SLURM_LOCALID": rank} for rank in ("0", "1")]


@pytest.mark.slow(20)
def test_two_processes(tmp_path: Path) -> None:
    """Two processes (gloo) see halves of each batch and end with one set of weights.

    AlphaGAN plays against a discriminator, by torchrun without a break; and as SLURM's srun starts
    processes, killed after a state, and taken up by two that Fabric starts: equal bytes. A start
    costs seconds, so that these two runs show the three launchers and the break at once: the bytes
    are equal only if each part is right.
    """
    environment = {**os.environ, "P3MBENCH_CACHE": str(tmp_path / "cache")}
    whole, cut = (
        command(tmp_path / name, "--device", "cpu", method="alphagan") for name in ("whole", "cut")
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    torchrun += ["--master-port", str(free_port()), *whole[1:]]
    subprocess.run(torchrun, check=True, env=environment, capture_output=True)
    cut_short([cut, cut], [environment | task for task in tasks_of_srun()], tmp_path / "cut")
    rest = [*cut, "--devices", "2", "--resume"]
    subprocess.run(rest, check=True, env=environment, capture_output=True)

    record = recorded(tmp_path / "whole" / "weights.safetensors")
    assert record["steps"] == 8 and record["setting"] == "B"
    files = [tmp_path / name / "weights.safetensors" for name in ("whole", "cut")]
    assert sha256_of(files[0]) == sha256_of(files[1])
