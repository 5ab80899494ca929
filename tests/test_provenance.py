from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p3mbench import provenance
from p3mbench.errors import DataError
from p3mbench.store import Store

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=25,
)


@given(st.dictionaries(st.text(), JSON), st.randoms())
def test_hashes_do_not_depend_on_order(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert provenance.hash_of(dict(items)) == provenance.hash_of(value)


@pytest.mark.slow
@given(JSON, JSON)
def test_different_values_hash_differently(a, b):
    same = provenance.canonical(a) == provenance.canonical(b)
    assert (provenance.hash_of(a) == provenance.hash_of(b)) is same


@pytest.fixture
def hashed(tmp_path, monkeypatch):
    """Hashes files of one store as if long after they were written; lists what was read."""
    calls: list[Path] = []
    real, clock = provenance.sha256_of, time.time_ns
    monkeypatch.setattr(provenance, "sha256_of", lambda p: calls.append(p) or real(p))
    monkeypatch.setattr(time, "time_ns", lambda: clock() + 10**10)
    with Store(tmp_path / "store", create=True) as store:
        yield lambda *paths: (provenance.hash_files(paths, store), calls)


def test_a_file_is_hashed_once_until_it_changes(tmp_path, hashed):
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    found, calls = hashed(path, path)
    assert hashed(path)[0] == found and len(calls) == 1
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert hashed(path)[0] != found and len(calls) == 2


def test_two_files_that_are_swapped_are_read_again(tmp_path, hashed):
    a, b = tmp_path / "a.bin", tmp_path / "b.bin"
    for path, content in ((a, b"one"), (b, b"two")):
        path.write_bytes(content)
        os.utime(path, (5, 5))
    before = hashed(a, b)[0]
    a.rename(tmp_path / "c")
    b.rename(a)
    (tmp_path / "c").rename(b)
    assert hashed(a, b)[0] == {a: before[b], b: before[a]}


def test_a_file_edited_in_place_with_its_time_put_back_is_read_again(tmp_path, hashed):
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    os.utime(path, (5, 5))
    before = hashed(path)[0]
    path.write_bytes(b"two")
    os.utime(path, (5, 5))
    assert hashed(path)[0] != before


def test_a_copy_that_replaces_a_file_is_read_again(tmp_path, hashed):
    path, other = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(b"one")
    other.write_bytes(b"two")
    os.utime(path, (5, 5))
    before = hashed(path)[0]
    shutil.copystat(path, other)
    other.replace(path)
    assert hashed(path)[0] != before


def test_a_file_that_was_just_written_is_not_trusted(tmp_path, monkeypatch):
    """It may change again within the resolution of the file system's clock."""
    calls = []
    real = provenance.sha256_of
    monkeypatch.setattr(provenance, "sha256_of", lambda p: calls.append(p) or real(p))
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    with Store(tmp_path / "store", create=True) as store:
        for _ in range(2):
            provenance.hash_files([path], store)
    assert len(calls) == 2


def test_a_missing_file_is_named(tmp_path):
    with (
        Store(tmp_path / "store", create=True) as store,
        pytest.raises(DataError, match=r"gone\.png"),
    ):
        provenance.hash_files([tmp_path / "gone.png"], store)


def test_the_environment_names_what_can_move_a_number():
    facts = provenance.environment()
    assert {"python", "numpy", "scipy", "torch", "p3mbench"} <= set(facts["versions"])
    assert facts["cores"] >= 1
