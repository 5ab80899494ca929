"""What a store gives to a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake import Fake, rows, stored

from p3mbench.errors import StoreError
from p3mbench.report.stored import StoredRows, read_stored
from p3mbench.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stored(rows([Fake("a", "A", 9.0), Fake("b", "B", 12.0)], images=4), tmp_path / "two")


def test_the_rows_of_a_store_and_what_is_known_of_them(folder: Path) -> None:
    found = read_stored(folder)
    assert found.folder == folder and set(found.frame["method"]) == {"a", "b"}
    assert "sad" in found.metrics and isinstance(found.runs, tuple)
    with Store(folder) as store:
        assert found.expected == store.expected()


def test_rows_of_one_kind(folder: Path) -> None:
    assert set(read_stored(folder, "trimap-free").frame["kind"]) == {"trimap-free"}
    with pytest.raises(StoreError, match="contains no rows of trimap-based methods"):
        read_stored(folder, "trimap-based")


def test_a_store_without_rows_and_no_store(tmp_path: Path) -> None:
    with Store(tmp_path / "empty", create=True) as store:
        assert StoredRows.of(store).frame.empty
    with pytest.raises(StoreError, match="contains no rows yet; run p3mbench run --out"):
        read_stored(tmp_path / "empty")
    with pytest.raises(StoreError, match="contains no results"):
        read_stored(tmp_path / "nowhere")
