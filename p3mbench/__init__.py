"""p3mbench: what privacy-preserving training costs a portrait matting method.

    >>> import p3mbench
    >>> [info.name for info in p3mbench.list_methods() if info.name == "coarse"]
    ['coarse']
    >>> predictor = p3mbench.load_method("coarse")

``predictor.predict(image, trimap)`` takes an (H, W, 3) uint8 RGB image and, for trimap-based
methods, an (H, W) uint8 trimap in {0, 128, 255}; it returns an (H, W) float32 alpha in [0, 1].

`run` does what ``p3mbench run`` does, and `load_results` reads what it wrote:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as out:
    ...     p3mbench.run("coarse", benchmark="mini", limit=1, out=out, dry_run=True).outcome.todo
    4

The results have ``.scores`` (a DataFrame), ``.gap()``, ``.table()`` and ``.plot()``; a notebook
shows them as HTML and pictures. `evaluate` scores arrays or folders. docs/api.md has it all.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from p3mbench import metrics
    from p3mbench.api import evaluate, load_results, run
    from p3mbench.errors import P3MBenchError
    from p3mbench.harness.request import RunRequest
    from p3mbench.registry import list_methods, load_method
    from p3mbench.results import Results

__version__ = "0.2.0.dev0"
__all__ = [
    "P3MBenchError",
    "Results",
    "RunRequest",
    "__version__",
    "evaluate",
    "list_methods",
    "load_method",
    "load_results",
    "metrics",
    "run",
]

_HOMES = {
    "P3MBenchError": "errors",
    "Results": "results",
    "RunRequest": "harness.request",
    "evaluate": "api",
    "list_methods": "registry",
    "load_method": "registry",
    "load_results": "api",
    "run": "api",
}


def __getattr__(name: str) -> Any:
    """Import the public functions when they are first used: ``p3mbench --help`` needs none."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"p3mbench.{_HOMES[name]}"), name)
    if name == "metrics":
        from importlib import import_module

        return import_module("p3mbench.metrics")
    raise AttributeError(f"module 'p3mbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names; modules of p3mbench that happen to be imported are left out."""
    return sorted(__all__)
