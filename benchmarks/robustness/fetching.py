"""Fetch weights from servers on this machine that behave like hosts, and write what became of it.

Run it from a checkout: python benchmarks/robustness/fetching.py [--out F]. The servers are those of
tests/hosts_here.py; each case is one or two calls of p3mbench weights fetch for the method modnet.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

METHOD, WIDTH = "rvm-mobilenetv3", 1.0
FILE = "rvm_mobilenetv3.pth"
PLAIN = "{here}/"


@dataclass(frozen=True)
class Case:
    """A behaviour of a host.

    Attributes:
        does: the behaviour in words.
        url: what is given as --url; ``{here}`` is the server's address.
        cut: how many answers break in the middle.
        calls: how often the command is given.
        changed: whether the file on the host is another one at the last call.
    """

    host: str
    does: str
    url: str
    cut: int = 0
    calls: int = 1
    changed: bool = False


CASES = (
    Case("plain address", "gives the file", PLAIN + "file"),
    Case("plain address", "redirects to the file", PLAIN + "moved"),
    Case("plain address", "redirects to file:///etc/passwd", PLAIN + "trap"),
    Case("plain address", "breaks the connection", PLAIN + "file", cut=1),
    Case("plain address", "breaks the connection; the command again", PLAIN + "file", 1, 2),
    Case("plain address", "shows a page of a quota (HTTP 200)", PLAIN + "quota"),
    Case("plain address", "HTTP 429", PLAIN + "busy"),
    Case("plain address", "HTTP 401", PLAIN + "unknown"),
    Case("plain address", "HTTP 403", PLAIN + "login"),
    Case("plain address", "HTTP 404", PLAIN + "gone"),
    Case("plain address", "gives another file than before", PLAIN + "file", 0, 2, True),
    Case("Google Drive", "gives the file", "gdrive:small"),
    Case("Google Drive", "asks to confirm a large file", "gdrive:big"),
    Case("Google Drive", "breaks the connection", "gdrive:small", cut=1),
    Case("Google Drive", "breaks the connection; the command again", "gdrive:small", 1, 2),
    Case("Google Drive", "shows its page of a quota", "gdrive:quota"),
    Case("Google Drive", "shows its page to sign in", "gdrive:login"),
    Case("Google Drive", "redirects to file:///etc/passwd", "gdrive:trap"),
    Case("Hugging Face", "gives the file", "hf:owner/repository/model.safetensors"),
    Case("Hugging Face", "breaks the connection", "hf:owner/repository/model.safetensors", cut=1),
    Case("Hugging Face", "says that the repository is gated", "hf:owner/repository/gated"),
    Case("Hugging Face", "HTTP 401", "hf:owner/repository/unknown"),
    Case("Hugging Face", "HTTP 404", "hf:owner/repository/gone"),
)


def weights(folder: Path, seed: int) -> bytes:
    """Random weights of the method's network, at its published width."""
    import torch
    from p3mbench_methods.rvm.network import RVM

    torch.manual_seed(seed)
    torch.save(RVM("mobilenetv3", WIDTH).state_dict(), folder / "made.pth")
    return (folder / "made.pth").read_bytes()


def outcome(case: Case, files: tuple[bytes, bytes]) -> str:
    """Run a case in an empty weights folder and return its line of the table."""
    from p3mbench.cli import main

    hosts: Any = import_module("hosts_here")

    folder = Path(tempfile.mkdtemp())
    os.environ["P3MBENCH_WEIGHTS"] = str(folder)
    try:
        with hosts.serving(files[0]) as here, hosts.drive_at(here):
            here.cut = case.cut
            os.environ["HF_ENDPOINT"] = here.address
            url = case.url.format(here=here.address)
            for call in range(case.calls):
                if case.changed and call:
                    here.content = files[1]
                    (folder / FILE).unlink()
                done = CliRunner().invoke(main, ["weights", "fetch", METHOD, "--url", url])
            text = (done.stdout + " " + done.stderr).replace(here.address, "http://HOST")
        lines = [line for line in text.splitlines() if line.startswith("Error")]
        said = lines[-1] if lines else "kept" if (folder / FILE).is_file() else text
        said = said.replace(f"{here.address[7:]}", "HOST").replace(str(folder), "FOLDER")
        left = sorted(p.name for p in folder.rglob("*") if p.is_file())
        kinds = {"weights": FILE in left, "a part": any("part" in n or "incom" in n for n in left)}
        kept = ", ".join(name for name, there in kinds.items() if there) or "nothing"
        said = " ".join(said.split()).replace("|", "\\|")
        return f"| {case.host} | {case.does} | {done.exit_code} | {kept} | {said} |"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run the cases and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "fetching.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        files = (weights(Path(made), 0), weights(Path(made), 1))
    lines = [outcome(case, files) for case in CASES]
    text = f"""# Fetching weights

Made by `benchmarks/robustness/fetching.py` on {date.today()} with
`p3mbench weights fetch {METHOD} --url ...`. Servers on the same machine behave like the hosts:
requests to Google Drive are led to them, and Hugging Face is `$HF_ENDPOINT`. The hosts themselves
were not asked.

| host | what it does | exit code | what stays in the folder | message |
| --- | --- | --: | --- | --- |
"""
    args.out.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
