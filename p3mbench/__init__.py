"""p3mbench: what privacy-preserving training costs a portrait matting method.

    >>> import p3mbench
    >>> [info.name for info in p3mbench.list_methods() if info.name == "coarse"]
    ['coarse']
    >>> predictor = p3mbench.load_method("coarse")

``predictor.predict(image, trimap)`` takes an (H, W, 3) uint8 RGB image and, for trimap-based
methods, an (H, W) uint8 trimap in {0, 128, 255}; it returns an (H, W) float32 alpha in [0, 1].
Scores are in `p3mbench.metrics`.

`run` does what ``p3mbench run`` does and returns where the rows are:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as out:
    ...     p3mbench.run("coarse", benchmark="mini", limit=1, out=out, dry_run=True).todo
    4
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from p3mbench.harness.run import run
    from p3mbench.registry import list_methods, load_method

__version__ = "0.2.0.dev0"
__all__ = ["__version__", "list_methods", "load_method", "run"]

_HOMES = {"list_methods": "registry", "load_method": "registry", "run": "harness.run"}


def __getattr__(name: str) -> Any:
    """Import the public functions when they are first used: ``p3mbench --help`` needs none."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"p3mbench.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'p3mbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The names in the module, and the public functions before their first use."""
    return sorted({*globals(), *__all__})
