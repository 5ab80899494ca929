"""What lies beside tensors is passed over: nothing of it is made."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import random
import zipfile
from collections import OrderedDict, defaultdict, deque
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from p3mbench.errors import WeightsError
from p3mbench.weightfiles.inert import Array, Inert
from p3mbench.weightfiles.reading import read
from p3mbench.weights import read_state_dict

TENSOR = torch.arange(6.0).reshape(2, 3)
BESIDE: dict[str, Any] = {
    "numbers": [kind(1) for kind in (np.float32, np.int8, np.uint16, np.uint64, np.bool_)],
    "text": np.str_("x"),
    "array": np.arange(4),
    "generators": {"numpy": np.random.get_state(), "python": random.getstate()},  # noqa: NPY002
    "history": defaultdict(list, {"loss": [1.0, 2.0]}),
    "times": [datetime.datetime(2026, 1, 1), datetime.timedelta(3), datetime.date(2026, 1, 1)],
    "paths": [Path("a/b"), pathlib.PureWindowsPath("C:/x")],
    "arguments": argparse.Namespace(lr=np.float64(0.1), out=Path("x"), of={"a": 1}),
    "containers": [frozenset([1]), {2}, range(3), slice(1, 2), deque([1]), 1j],
    "price": Decimal("0.1"),
}


@pytest.mark.parametrize("what", BESIDE)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_training_scripts_put_beside_tensors_is_passed_over(
    tmp_path: Path, what: str, zipped: bool
) -> None:
    path = tmp_path / "w.pth"
    content = {"model": {"a": TENSOR}, "beside": BESIDE[what]}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    found = read_state_dict(path)
    assert list(found) == ["a"]
    assert torch.equal(found["a"], TENSOR)


def _written(path: Path, pickled: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w/data.pkl", pickled)
        archive.writestr("w/version", "3\n")
    return path


@pytest.mark.parametrize(
    "name",
    ["pathlib.WindowsPath", "pathlib._local.PosixPath", "numpy.core.multiarray.scalar",
     "lightning.fabric.utilities.data.AttributeDict", "easydict.EasyDict"],
)  # fmt: skip
def test_names_of_other_systems_and_versions_are_known(tmp_path: Path, name: str) -> None:
    module, _, last = name.rpartition(".")
    call = b"c%s\n%s\n(X\x01\x00\x00\x00atR" % (module.encode(), last.encode())
    got = read(_written(tmp_path / "w.pth", b"\x80\x02}X\x01\x00\x00\x00x" + call + b"s."))["x"]
    assert type(got) is (OrderedDict if last.endswith("Dict") else Inert)


def test_numpy_is_not_called_with_what_a_file_says(tmp_path: Path) -> None:
    """A type's state could be made to lie about its size or its pointers."""
    path = tmp_path / "w.pth"
    torch.save({"a": np.zeros(3), "b": np.float64(1), "c": np.dtype("f8")}, path)
    found = read(path)
    assert [type(found[key]) for key in "abc"] == [Array, Inert, Inert]


def test_arrays_in_place_of_tensors_are_said(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"model": {"a": np.zeros(3)}}, path)
    with pytest.raises(WeightsError, match="NumPy arrays are not read: turn them into tensors"):
        read_state_dict(path)


@pytest.mark.parametrize(
    "name", ["os.system", "posix.system", "builtins.eval", "builtins.getattr", "builtins.open",
             "numpy.load", "numpy.fromfile", "shutil.rmtree", "functools.partial", "types.CodeType",
             "torch.load", "torch.hub.load", "pickle.loads", "operator.attrgetter"],
)  # fmt: skip
def test_whatever_could_run_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    module, _, last = name.rpartition(".")
    data = b"\x80\x02c%s\n%s\n(X\x01\x00\x00\x00atR." % (module.encode(), last.encode())
    with pytest.raises(WeightsError) as caught:
        read(_written(tmp_path / "w.pth", data))
    assert "\n" not in str(caught.value)
