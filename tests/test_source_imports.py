"""What a module's text imports."""

from __future__ import annotations

from p3mbench.source_imports import imports


def test_relative_imports_are_made_absolute():
    source = b"from . import a\nfrom ..b import c\nfrom .d import *\nimport e.f\n"
    assert set(imports(source, "x.y")) == {"x.y.a", "x.b.c", "x.y.d", "e.f"}
    assert imports(b"def broken(:", "x") == ()
