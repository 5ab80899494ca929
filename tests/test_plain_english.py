"""Pages, docstrings, comments and messages avoid phrases that made this project hard to read.

Each phrase was once in the project and has a plainer replacement. Add a phrase if a review finds
one; see "How we write" in docs/architecture.md.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
CODE = [
    path for room in ("p3mbench", "methods", "benchmarks") for path in (ROOT / room).rglob("*.py")
]
CHANGES = ROOT / "CHANGELOG.md"  # only its newest section: the others are history

PHRASES = {  # pattern -> what to write instead
    r"nobody is at\b": "no other ... is running",
    r"\bsomebody else('s)?\b": "another process, another user, foreign",
    r"\b(whoever|whosever)\b": "the caller, the user, the parent",
    r"\b(to|for|of) whom\b": "name the person or thing",
    r"\bwho reads\b": "the reader of",
    r"\b(what|which|that) is no\b(?! longer| more)": "is not a",
    r"\b(is|are) to be\b": "must be, will be, or the active voice",
    r"\bwhat stands\b": "the current, or: what represents",
    r"\bstands in\b(?! for)": "is in",
    r"\bstands? beside\b": "is kept beside, is next to",
    r"\bholds no\b": "contains no",
    r"\b(is|are) there already\b": "exists already",
    r"\bcame of\b": "result of",
    r"\btaken up (again|anywhere)\b": "resumed",
    r"\b(go|goes) on (from|with)\b": "continue from, continue with",
    r"\bin an order of chance\b": "in a random order",
    r"\bin peace\b": "without interruption",
    r"\bleft aside\b": "ignored",
    r"\botherwise here\b": "different here",
    r"\bhow near\b": "how close, or: compared with",
    r"\bthe network says of\b": "the network's output for",
    r"\bin our words\b": "leave it out",
    r"\bthe contrary of\b": "contradicts, the opposite of",
    r"\bnothing wrong is\b": "wrong inputs are ...",
}


def passages(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of everything in a file that people read."""
    source = path.read_text(encoding="utf-8")
    if path == CHANGES:
        yield 1, "## ".join(source.split("## ")[:2])
    elif path.suffix == ".md":
        yield 1, source.partition("## How we write")[0]  # which quotes what it forbids
    else:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.lineno, node.value
        yield from _comments(source)


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield the comments; adjacent lines of comments are one passage."""
    block: list[str] = []
    start = end = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if block and token.start[0] != end + 1:
            yield start, " ".join(block)
            block = []
        start, end = (start if block else token.start[0]), token.start[0]
        block.append(token.string.lstrip("# "))
    if block:
        yield start, " ".join(block)


def found_in(text: str) -> list[tuple[str, str]]:
    """(phrase, replacement) of every forbidden phrase in a text, whatever its line breaks."""
    flat = " ".join(text.split())
    matches = [(re.search(pattern, flat, re.IGNORECASE), put) for pattern, put in PHRASES.items()]
    return [(match[0], put) for match, put in matches if match]


@pytest.mark.parametrize("path", [CHANGES, *PAGES, *CODE], ids=lambda p: str(p.relative_to(ROOT)))
def test_plain_english(path: Path) -> None:
    problems = [
        f"{path.relative_to(ROOT)}:{line}: {phrase!r}; write: {put}"
        for line, text in passages(path)
        for phrase, put in found_in(text)
    ]
    assert not problems, "\n".join(problems)


def test_a_phrase_is_found_across_lines_and_in_comments() -> None:
    assert found_in("a slot that nobody\n    is at") == [
        ("nobody is at", "no other ... is running")
    ]
    assert list(_comments("x = 1  # one\n# two\n\n# three\n")) == [(1, "one two"), (4, "three")]
    assert found_in("It is no longer here, stands in for a method, and holds nothing.") == []
