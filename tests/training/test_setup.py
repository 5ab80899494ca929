"""From a request to a job: presets, folders, names of training sets, and what does not fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import pytest

from p3mbench.data.obfuscation import private_area
from p3mbench.errors import BenchmarkError, DataError, OptionError
from p3mbench.harness.contenders import select_methods
from p3mbench.images import read_image
from p3mbench.method import Method

pytest.importorskip("lightning_fabric")

from p3mbench.training.request import TrainRequest, trainable_setting
from p3mbench.training.setup import make_job, make_jobs
from p3mbench.training.sources import DrawnSource, FileSource


@pytest.fixture
def modnet() -> Method:
    ((method,), _) = select_methods("modnet", ())
    return method


def test_drawn_images_bring_their_own_defaults(modnet: Method) -> None:
    job = make_job(TrainRequest(modnet, "B"))
    assert isinstance(job.source, DrawnSource) and len(job.source) == 320
    assert (job.workers, job.half, job.train_sets) == (0, True, ("mini/train",))
    assert job.out == Path("results/train/modnet-b-0")
    assert job.accelerator == "auto" and job.copy_paste is None
    assert make_job(TrainRequest(modnet, "B", device="cpu")).accelerator == "cpu"


def test_files_bring_others(modnet: Method, train_folder: Path) -> None:
    job = make_job(TrainRequest(modnet, "B", data=train_folder, limit=2))
    assert isinstance(job.source, FileSource) and len(job.source) == 2
    assert (job.workers, job.half, job.train_sets) == (8, False, ("P3M-10k/train",))


def test_any_variant_can_be_trained_on(modnet: Method) -> None:
    job = make_job(TrainRequest(modnet, "mosaic-0.10", limit=1))
    assert (job.setting, job.source.variant) == ("mosaic-0.10", "mosaic-0.10")
    assert job.out.name == "modnet-mosaic-0.10-0"
    (sample,) = job.source.samples
    assert sample.recipe("mosaic-0.10")["obfuscation"] == "mosaic-0.1-v1"
    pasted = make_job(TrainRequest(modnet, "B+CP", limit=1, paste_probability=0.25))
    assert pasted.copy_paste is not None and pasted.copy_paste.probability == 0.25
    assert pasted.source.variant == "B" and pasted.copy_paste.donors.variant == "N"


def test_files_in_a_variant_are_made_from_visible_faces(modnet: Method, train_folder: Path) -> None:
    """Never from the blurred pictures, in which the face is hidden already."""
    request = TrainRequest(modnet, "zero", data=train_folder)
    with pytest.raises(DataError, match="it is made from the unblurred images"):
        make_job(request)
    folder = train_folder / "train"
    shutil.copytree(folder / "blurred_image", folder / "original_image")
    for path in (folder / "original_image").iterdir():
        cv2.imwrite(str(path), 255 - cv2.imread(str(path)))
    source = make_job(request).source
    assert isinstance(source, FileSource)
    files, scene = source.samples[0].files("zero"), source.scene(0)
    assert files["image"].parent.name == "original_image" and scene.face is not None
    area = private_area(scene.face, scene.alpha)
    assert (scene.image[area] == 0).all()
    assert (scene.image[~area] == read_image(files["image"])[~area]).all()
    with pytest.raises(DataError, match="only drawn portraits can show another person's face"):
        make_job(TrainRequest(modnet, "swap", data=train_folder))
    # faces that a tool has replaced
    with pytest.raises(DataError, match="another program makes its images"):
        make_job(TrainRequest(modnet, "tool-swap", data=train_folder))
    shutil.copytree(folder / "original_image", folder / "tool-swap")
    files = make_job(TrainRequest(modnet, "tool-swap", data=train_folder)).source
    assert isinstance(files, FileSource)
    assert files.samples[0].files("tool-swap")["image"].parent.name == "tool-swap"


@pytest.mark.parametrize("name", ["mean", "inpaint", "swap", "zero-0.50"])
def test_drawn_portraits_are_trained_on_in_any_way(modnet: Method, name: str) -> None:
    job = make_job(TrainRequest(modnet, name, benchmark="obfuscation", limit=1))
    (sample,) = job.source.samples  # type: ignore[attr-defined]
    assert sample.recipe(name)["obfuscation"] == f"{name.rstrip('0')}-v1"
    assert sample.recipe(name)["generator"].startswith("collection")
    assert (job.setting, job.out.name) == (name, f"modnet-{name}-0")


@pytest.mark.parametrize("name", ["B", "N", "B+CP", "mosaic-0.10", "tool-swap"])
def test_settings_that_images_can_be_made_in(name: str) -> None:
    assert trainable_setting(name) == name


@pytest.mark.parametrize("name", ["other", "-", "fog", "mosaic"])
def test_settings_that_say_nothing_of_the_images(name: str) -> None:
    with pytest.raises(ValueError, match="does not say which faces|is not a train setting"):
        trainable_setting(name)


def test_seeds_have_folders_of_their_own(modnet: Method, tmp_path: Path) -> None:
    request = TrainRequest(modnet, "N", seed=4, out=tmp_path / "out")
    assert [job.out for job in make_jobs(request)] == [tmp_path / "out"]
    jobs = make_jobs(request, (1, 2))
    assert [(job.seed, job.out.name) for job in jobs] == [(1, "seed-1"), (2, "seed-2")]
    named = make_jobs(TrainRequest(modnet, "N"), (1, 2))
    assert [job.out.name for job in named] == ["modnet-n-1", "modnet-n-2"]


def test_what_does_not_fit_is_told(modnet: Method, train_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="leave --formula"):
        make_job(TrainRequest(modnet, "B", formula="text"))
    with pytest.raises(OptionError, match="B\\+CP pastes public faces"):
        make_job(TrainRequest(modnet, "B+CP", data=train_folder))
    ((dim,), _) = select_methods("dim", ())
    with pytest.raises(OptionError, match="needs foregrounds"):
        make_job(TrainRequest(dim, "B", data=train_folder))
    with pytest.raises(DataError, match="subset train: it is made from the unblurred images"):
        make_job(TrainRequest(modnet, "mosaic-0.10", data=train_folder))
    (tmp_path / "a.toml").write_text(
        'name = "a"\nsource = "folder"\n[[subsets]]\nname = "P"\nalpha = "mask"\n'
    )
    with pytest.raises(BenchmarkError, match="benchmark a has no training split"):
        make_job(TrainRequest(modnet, "B", benchmark=str(tmp_path / "a.toml")))


def test_a_test_subset_is_not_taken_for_training_images(modnet: Method, p3m_folder: Path) -> None:
    """Its checkpoint would say that it was trained on P3M-10k/train."""
    subset = p3m_folder / "validation" / "P3M-500-P"
    with pytest.raises(DataError, match="contains no folder 'train'"):
        make_job(TrainRequest(modnet, "B", data=subset))
