"""Reports as text: one module per output format, found by its `FORMAT` object.

A new format is one file in this package. Commands, their help, the suffixes of files and the
gallery use `formats`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from p3mbench.names import nearest
from p3mbench.report.render.format import Data, Format, Look
from p3mbench.report.request import Decimals

if TYPE_CHECKING:
    from p3mbench.report.tables.model import Report

__all__ = ["DEFAULT", "Data", "Format", "Look", "find", "formats", "render", "suffixes"]

DEFAULT = "table"  # on a screen, and in files whose suffix names no format


def formats() -> dict[str, Format]:
    """Return name -> format, in the order of the help."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {one.name: one for one in sorted(found, key=lambda one: (one.order, one.name))}


def find(name: str) -> Format:
    """Return the format of that name.

    Raises:
        ValueError: no format has that name; the message lists the names.
    """
    known = formats()
    if name not in known:
        hint = nearest(name, known)
        raise ValueError(
            f"format must be one of {', '.join(known)}, not {name!r}; {hint}".rstrip(" ;")
        )
    return known[name]


def suffixes() -> dict[str, str]:
    """Return suffix of a file, with the dot and in lower case -> name of its format."""
    return {suffix: one.name for one in formats().values() for suffix in one.suffixes}


def render(
    report: Report,
    format: str,
    *,
    ansi: bool = False,
    precision: Decimals | int | None = None,
    standalone: bool = False,
    look: Look | None = None,
) -> str:
    """Lay a report out.

    Args:
        report: from `build`.
        format: a name in `formats`.
        ansi: bold and underline by escape sequences (format "table" only); for terminals.
        precision: decimals of every error instead of each metric's own; ties are decided again.
            Without it, formats for programs have full precision.
        standalone: a whole document, if the format has one (LaTeX).
        look: the whole layout, instead of ``ansi`` and ``standalone``.

    Returns:
        Text that ends with a newline. The same report gives the same bytes.

    Raises:
        ValueError: unknown format, negative precision.
    """
    from p3mbench.report.render.data import data_of

    shown = report.with_precision(precision)
    look = look or Look(ansi=ansi, standalone=standalone)
    wanted = Decimals(precision) if isinstance(precision, int) else precision
    return find(format).text(lambda: shown, lambda: data_of(shown, wanted), look)
