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


@pytest.mark.slow
def test_killed_in_mid_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 once a state is on disk, then --resume: the same bytes as an uninterrupted run.

    That run shares a process with other tests; what they left there changes no byte either.
    """
    monkeypatch.setenv("P3MBENCH_CACHE", str(tmp_path / "cache"))
    environment = dict(os.environ)
    done = CliRunner().invoke(main, command(tmp_path / "whole")[3:], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    cut = tmp_path / "cut"
    process = subprocess.Popen(command(cut), env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (cut / "state.pt").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (cut / "weights.safetensors").is_file()
    subprocess.run(command(cut, "--resume"), check=True, env=environment, capture_output=True)
    ours, theirs = ((tmp_path / p / "weights.safetensors").read_bytes() for p in ("cut", "whole"))
    assert ours == theirs


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_two_processes(tmp_path: Path) -> None:
    """Two processes (gloo) see halves of each batch and end with one set of weights.

    Started by Fabric itself, by torchrun, and as SLURM's srun starts them: equal bytes.
    """
    environment = {**os.environ, "P3MBENCH_CACHE": str(tmp_path / "cache")}
    cpu = ["--device", "cpu"]
    own = command(tmp_path / "own", "--devices", "2", *cpu)
    subprocess.run(own, check=True, env=environment, capture_output=True)

    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    torchrun += ["--master-port", str(free_port()), *command(tmp_path / "torchrun", *cpu)[1:]]
    subprocess.run(torchrun, check=True, env=environment, capture_output=True)

    port, srun = str(free_port()), command(tmp_path / "slurm", *cpu)
    tasks = []
    for rank in ("0", "1"):
        task = {"SLURM_PROCID": rank, "SLURM_LOCALID": rank, "SLURM_NODEID": "0"}
        task |= {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_NTASKS": "2"}
        task |= {"SLURM_NNODES": "1", "SLURM_JOB_NAME": "train", "SLURM_JOB_ID": "1"}
        task |= {"SLURM_NODELIST": "127.0.0.1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        tasks.append(subprocess.Popen(srun, env=environment | task, stderr=subprocess.PIPE))
    for process in tasks:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors.decode()

    record = recorded(tmp_path / "own" / "weights.safetensors")
    assert record["steps"] == 8 and record["setting"] == "B"
    files = [tmp_path / name / "weights.safetensors" for name in ("own", "torchrun", "slurm")]
    assert len({sha256_of(file) for file in files}) == 1


@pytest.mark.slow
def test_two_processes_play_against_a_discriminator_and_resume(tmp_path: Path) -> None:
    """AlphaGAN on two processes, stopped after a state and taken up by two others."""
    environment = {**os.environ, "P3MBENCH_CACHE": str(tmp_path / "cache")}
    more = ["--devices", "2", "--device", "cpu"]
    whole = command(tmp_path / "whole", *more, method="alphagan")
    subprocess.run(whole, check=True, env=environment, capture_output=True)
    half = [*command(tmp_path / "cut", *more, method="alphagan"), "--save-every", "2"]
    process = subprocess.Popen(half, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "cut" / "state.pt").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    rest = [*command(tmp_path / "cut", *more, method="alphagan"), "--resume"]
    subprocess.run(rest, check=True, env=environment, capture_output=True)
    files = [tmp_path / name / "weights.safetensors" for name in ("whole", "cut")]
    assert sha256_of(files[0]) == sha256_of(files[1])
