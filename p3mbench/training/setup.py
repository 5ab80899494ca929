"""Make the job of a training from its request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from p3mbench.benchmark import Benchmark, face_samples, get, train_samples
from p3mbench.data.recognition import recognised
from p3mbench.errors import MethodError, OptionError
from p3mbench.settings import COPY_PASTE, NORMAL, seen_in_training
from p3mbench.training.crops import CopyPaste
from p3mbench.training.loop import Job
from p3mbench.training.recipe import Recipe, fidelity_of, training_of
from p3mbench.training.request import NANO, PAPER, TrainRequest
from p3mbench.training.sources import DrawnSource, FileSource, Source, check_faces

LOADERS = 8  # loader processes per device for files


def make_job(request: TrainRequest) -> Job:
    """Make the job of a request.

    Raises:
        OptionError: options contradict each other, or one is missing.
        MethodError: the method cannot be trained, or a library is not installed.
        BenchmarkError, DataError: there is no training split with such faces.
    """
    if find_spec("lightning_fabric") is None:
        raise MethodError("training needs Lightning Fabric: pip install 'p3mbench[train]'")
    benchmark = get(recognised(request.benchmark, request.data))
    drawn = benchmark.source.drawn
    recipe = _recipe(request, NANO if drawn else PAPER)
    source = _source(request, benchmark, recipe)
    pasted = request.setting == COPY_PASTE
    return Job(
        method=request.method,
        recipe=recipe,
        source=source,
        setting=request.setting,
        train_sets=(benchmark.source.train_set(benchmark),),
        out=request.folder,
        seed=request.seed,
        copy_paste=_copy_paste(request, benchmark) if pasted else None,
        accelerator=request.device if request.device in ("auto", "cuda") else "cpu",
        devices=request.devices,
        nodes=request.nodes,
        precision=request.precision,
        workers=(0 if drawn else LOADERS) if request.workers is None else request.workers,
        save_every=request.save_every,
        resume=request.resume,
        half=recipe.width < 1,
        tensorboard=request.tensorboard,
        start=request.start,
        encoder=request.encoder,
    )


def make_jobs(request: TrainRequest, seeds: Sequence[int] = ()) -> list[Job]:
    """Make a job for every seed, each with its own folder below ``request.out``.

    Args:
        request: what to train.
        seeds: seeds in place of the request's; empty for the request's own.

    Raises:
        TrainingError: a folder contains a run and the request does not resume it.
        P3MBenchError: as for `make_job`.
    """
    job = make_job(request)
    jobs = [replace(job, seed=seed, out=_of_seed(request, seed)) for seed in seeds] or [job]
    for each in jobs:
        each.check_folder()
    return jobs


def _of_seed(request: TrainRequest, seed: int) -> Path:
    if request.out is None:
        return replace(request, seed=seed).folder
    return request.out / f"seed-{seed}"


def _recipe(request: TrainRequest, preset: str) -> Recipe:
    """Return the recipe of the preset with the request's changes."""
    training = training_of(request.method)
    fidelity = fidelity_of(training)
    if request.formula == "text" and not (fidelity and fidelity.has_text):
        raise OptionError(
            f"the losses of {request.method.info.name} are equal in its paper's text and its code; "
            "leave --formula out"
        )
    changes: dict[str, Any] = {
        name: value
        for name in ("steps", "batch_size", "lr", "width", "formula")
        if (value := getattr(request, name)) is not None
    }
    if request.epochs is not None:
        changes |= {"epochs": request.epochs, "steps": request.steps or 0}
    if request.crop is not None:
        changes |= {"crops": (request.crop,), "size": (request.crop, request.crop)}
    return replace(training.recipe(request.preset or preset), **changes)


def _source(request: TrainRequest, benchmark: Benchmark, recipe: Recipe) -> Source:
    variant = seen_in_training(request.setting)
    samples = train_samples(benchmark, request.data, variant)[: request.limit]
    if benchmark.source.drawn:
        return DrawnSource(samples, variant)
    return FileSource(samples, variant, _layers(request, recipe), request.unpack)


def _layers(request: TrainRequest, recipe: Recipe) -> Path | None:
    if not recipe.needs_layers:
        return None
    if request.foregrounds is None:
        raise OptionError(
            "this recipe needs foregrounds, which P3M-10k lacks: make them "
            "once with 'p3mbench data foregrounds', and name the folder with --foregrounds"
        )
    return request.foregrounds


def _copy_paste(request: TrainRequest, benchmark: Benchmark) -> CopyPaste:
    """Return the donors of public faces: the user's, else the benchmark's own."""
    own = benchmark.source.faces(benchmark) if request.faces is None else None
    if request.faces is None and own is None:
        raise OptionError(
            "B+CP pastes public faces: give a folder with 'image' and 'facemask' by --faces"
        )
    samples = face_samples(benchmark, request.faces)
    drawn = own is not None and benchmark.source.drawn
    donors: Source = DrawnSource(samples, NORMAL) if drawn else FileSource(samples, NORMAL)
    check_faces(donors)
    return CopyPaste(donors, request.paste, request.paste_probability)
