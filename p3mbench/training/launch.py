"""Set up Lightning Fabric with the processes that the user or the launcher asks for."""

from __future__ import annotations

import os
from pathlib import Path

from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy


def by_srun() -> bool:
    """Whether SLURM's srun started this process as one of a step's tasks.

    A process that the batch script or a user starts inside an allocation runs alone.
    """
    return "SLURM_STEP_NUM_TASKS" in os.environ and "SLURM_PROCID" in os.environ


def processes(devices: int | None, nodes: int | None) -> tuple[int, int]:
    """Return (devices per node, nodes): as given, else from torchrun or srun, else (1, 1).

    Without this, each of torchrun's processes would train a complete run.
    """
    world, local = os.environ.get("WORLD_SIZE"), os.environ.get("LOCAL_WORLD_SIZE")
    found = (1, 1)
    if world and local:
        found = (int(local), int(world) // int(local))
    elif by_srun():
        tasks = int(os.environ["SLURM_STEP_NUM_TASKS"])
        hosts = int(os.environ.get("SLURM_STEP_NUM_NODES", "1"))
        found = (tasks // hosts, hosts)
    return devices or found[0], nodes or found[1]


def fabric_of(
    accelerator: str, devices: int | None, nodes: int | None, precision: str, logs: Path | None
) -> Fabric:
    """Make the run's Fabric without launching it.

    Args:
        accelerator, precision: as in Fabric.
        devices, nodes: see `processes`.
        logs: folder of TensorBoard's log; None for no log.
    """
    devices, nodes = processes(devices, nodes)
    alone = None
    if by_srun():
        # Fabric requires it, and srun sets it only if it was given as an option
        os.environ.setdefault("SLURM_NTASKS_PER_NODE", str(devices))
        os.environ["SLURM_NTASKS"] = str(devices * nodes)
    elif "LOCAL_WORLD_SIZE" not in os.environ and "SLURM_NTASKS" in os.environ:
        alone = LightningEnvironment()  # else Fabric would wait for tasks that were never started
    logger = TensorBoardLogger(logs, name="tensorboard", version="") if logs else None
    return Fabric(
        accelerator=accelerator,
        devices=devices,
        num_nodes=nodes,
        # published checkpoints contain unused layers, such as a classifier, and stages freeze
        # parts of a network
        strategy=DDPStrategy(find_unused_parameters=True) if devices * nodes > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]
        loggers=[logger] if logger else None,
        plugins=alone,
    )
