"""What a run's record says about being repeatable."""

from __future__ import annotations

import os
import warnings

import pytest
import torch

from p3mbench.training.determinism import WORKSPACE, described, names_in, settle, watched

MAX_UNPOOL = (
    "max_unpooling2d_forward_out does not have a deterministic implementation, but you set "
    "'torch.use_deterministic_algorithms(True, warn_only=True)'. You can file an issue at ..."
)
UPSAMPLE = MAX_UNPOOL.replace(
    "max_unpooling2d_forward_out", "upsample_bilinear2d_backward_out_cuda"
)


def test_a_cpu_is_bitwise() -> None:
    found = described(torch.device("cpu"), 2, None)
    assert found["bitwise"] is True and found["unordered"] == [] and found["processes"] == 2
    assert found["set"] == {"threads": torch.get_num_threads()}


@pytest.mark.parametrize(("unordered", "bitwise"), [([], True), (["a"], False), (None, None)])
def test_cuda_is_what_its_algorithms_are(unordered: list[str] | None, bitwise: bool | None) -> None:
    found = described(torch.device("cuda"), 1, unordered)
    assert found["bitwise"] is bitwise and found["unordered"] == unordered
    assert {"cudnn.deterministic", "cudnn.benchmark", WORKSPACE} == set(found["set"])


def test_of_other_devices_nothing_is_claimed() -> None:
    assert described(torch.device("mps"), 1, [])["bitwise"] is None


def test_names_come_from_pytorchs_own_words() -> None:
    assert names_in([UPSAMPLE, MAX_UNPOOL, UPSAMPLE, "something else does not have"]) == [
        "max_unpooling2d_forward_out",
        "upsample_bilinear2d_backward_out_cuda",
    ]


def test_a_step_is_watched_and_all_is_as_before() -> None:
    """On the device's name alone: PyTorch's warning is raised by hand."""
    with pytest.warns(UserWarning, match="of something else"):  # noqa: SIM117 - the order matters
        with watched(torch.device("cuda")) as found:
            assert torch.is_deterministic_algorithms_warn_only_enabled()
            warnings.warn(UPSAMPLE, stacklevel=1)
            warnings.warn("of something else", stacklevel=1)
    assert found == ["upsample_bilinear2d_backward_out_cuda"]
    assert not torch.are_deterministic_algorithms_enabled()
    with watched(torch.device("cpu")) as found:
        assert not torch.are_deterministic_algorithms_enabled()
    assert found == []


def test_pytorch_still_words_its_warning_so() -> None:
    """By an operator that has no deterministic algorithm on a CPU either."""
    with watched(torch.device("cuda")) as found:
        values = torch.ones(4).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))
    assert values[0] == 2
    assert found == ["put_"]


def test_settling_leaves_a_cpu_and_the_users_choice_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setenv(WORKSPACE, "")  # so that it is as before when the test is over
    monkeypatch.delenv(WORKSPACE)
    settle("cpu")
    assert WORKSPACE not in os.environ and not torch.backends.cudnn.deterministic
    settle("cuda")
    assert os.environ[WORKSPACE] == ":4096:8" and torch.backends.cudnn.deterministic
    monkeypatch.setenv(WORKSPACE, ":16:8")
    settle("auto")
    assert os.environ[WORKSPACE] == ":16:8"
