"""A hook of mkdocs: pages of the repository that are not in docs/, and links to them.

README.md becomes the first page. Pages of results/, CONTRIBUTING.md, SECURITY.md and CHANGELOG.md
keep their names. Links to other files of the repository become plain text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
PICTURES = (".png", ".svg", ".jpg")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages, and the pictures that README.md shows."""
    for path in [*(ROOT / name for name in PAGES), *sorted((ROOT / "results").rglob("*.md"))]:
        files.append(File.generated(config, _site(_inside(path)), content=path.read_text("utf-8")))
    for path in sorted((ROOT / "results").rglob("*")):
        if path.suffix in PICTURES:
            files.append(File.generated(config, _inside(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links of the repository to pages of the site."""
    source = page.file.src_uri
    at = _repository(source)

    def changed(found: re.Match[str]) -> str:
        picture, text, target, anchor = found[1], found[2], found[3], found[4] or ""
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        named = posixpath.normpath(posixpath.join(posixpath.dirname(at), target))
        wanted = _site(named)
        if files.get_file_from_path(wanted) is None:
            return text if (ROOT / named).exists() and not picture else found[0]
        address = posixpath.relpath(wanted, posixpath.dirname(source) or ".")
        return f"{picture}[{text}]({address}{anchor})"

    parts = re.split(r"(```.*?```|`[^`\n]*`)", markdown, flags=re.DOTALL)
    return "".join(part if part.startswith("`") else LINK.sub(changed, part) for part in parts)


def _inside(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _site(path: str) -> str:
    """Return the address on the site of a file of the repository."""
    if path == "README.md":
        return "index.md"
    return path.removeprefix("docs/")


def _repository(address: str) -> str:
    """Return the path in the repository of a page of the site."""
    if address == "index.md":
        return "README.md"
    there = (ROOT / address).exists() and not (ROOT / "docs" / address).exists()
    return address if there else f"docs/{address}"
