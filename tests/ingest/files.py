"""Files to import, and what a fresh store takes from them."""

from __future__ import annotations

from pathlib import Path

from p3mbench.ingest import Defaults, import_file
from p3mbench.store import Store

P3M = Defaults(convention="p3m", subset="P")
HEADER = "method,image,variant,train_setting,sad,mse"
GOOD = f"{HEADER}\na,one,B,B,1.5,0.00025\na,one,N,B,2.5,\n"
ANY = Defaults(method="m", setting="B:N", subset="P", convention="p3m")


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "scores.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def imported(tmp_path: Path, text: str | bytes, said: Defaults = ANY):
    """The frame of a fresh store that took a file, and the outcome."""
    with Store(tmp_path / "fresh", create=True) as store:
        outcome = import_file(written(tmp_path, text), store, said)
        return store.frame(), outcome
