"""Data sets are listed with their agreements, and fetched only after the user accepts one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from p3mbench.cli import main
from p3mbench.data import offers


def call(*args: object) -> Any:
    return CliRunner().invoke(main, ["data", "fetch", *map(str, args)])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The archives that were asked for; none is fetched."""
    targets: list[Path] = []

    def download(source: Any, target: Path) -> Path:
        targets.append(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"zip")
        return target

    monkeypatch.setattr(offers, "download", download)
    return targets


def test_the_list_names_every_agreement(asked: list[Path]) -> None:
    done = call()
    assert done.exit_code == 0
    text = "".join(done.output.split())
    for offer in offers.OFFERS:
        assert offer.name in text and offer.agreement in text
        assert offer.source.kind == "gdrive"
    assert asked == []


def test_nothing_is_fetched_without_agreement(tmp_path: Path, asked: list[Path]) -> None:
    done = call("p3m-10k", "--out", tmp_path)
    assert done.exit_code == 1 and done.output.count("\n") == 1
    assert "Agreement.pdf" in done.output and "--agree" in done.output
    assert asked == []


def test_with_agreement_the_archive_is_fetched_once(tmp_path: Path, asked: list[Path]) -> None:
    for _ in range(2):
        done = call("p3m-10k", "--out", tmp_path / "new", "--agree")
        assert done.exit_code == 0, done.output
    assert asked == [tmp_path / "new" / "P3M-10k.zip"]


def test_what_is_not_offered_and_no_folder_are_told(tmp_path: Path) -> None:
    assert "p3m-10k, p3m-10k-facemask" in call("p3m", "--out", tmp_path).output
    assert call("p3m-10k").exit_code == 2
