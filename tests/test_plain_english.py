"""Pages, docstrings, comments and messages avoid the phrases that made them hard to read.

The list has phrases that were once in the project and never belong to a good sentence. Add a phrase
with its replacement if a review finds one; see "How we write" in docs/architecture.md.
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
CODE = ("p3mbench", "methods", "benchmarks")
PAGES = ("README.md", "docs")
PHRASES = {  # pattern -> what to write instead
    r"nobody is at": "no other ... is running",
    r"\b(what|which|that) is no\b(?! longer| more)": "is not a",
    r"\b(to|for|of) whom\b": "name the person or thing",
    r"\b(whoever|whosever)\b": "name the person or thing",
    r"\bwho reads\b": "readers of",
    r"\bin an order of chance\b": "in a random order",
    r"\bby chance\b": "at random",
    r"\b(is|are) to be (?!sure)": "must be, will be, or the active voice",
    r"\bstands in\b(?! for)": "is in",
    r"\bstands? beside\b": "is next to",
    r"\bwhat stands\b": "the current",
    r"\btaken up (again|anywhere)\b": "resumed",
    r"\b(go|goes) on (from|with)\b": "continue from",
    r"\b(is|are) there already\b": "exists already",
    r"\bcome of two\b": "need two",
    r"\bcame of a\b": "result of a",
    r"\bwithout a word\b": "without an error",
    r"\bin peace\b": "without interruption",
    r"\bmade ready\b": "prepared",
    r"\bleft aside\b": "ignored",
    r"\botherwise here\b": "different here",
    r"\bthe network says of\b": "the network's output for",
    r"\bin our words\b": "leave it out",
    r"\bof what remains\b": "of the rest",
    r"\bhalf a one\b": "half a core",
    r"\bwhose is it\b": "which ... does it belong to",
    r"\bnothing wrong is\b": "wrong inputs are reported",
    r"\bholds no\b": "contains no",
    r"\bthe one before\b": "the previous one",
    r"\bthe contrary of\b": "contradicts",
    r"\b(is|are) told apart\b": "distinguish",
    r"\bsaid so\b": "reported",
}
