"""The command line, called in process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from p3mbench.cli import main


def call(*args: object) -> Result:
    """What a command printed and its exit code; other exceptions are raised."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
