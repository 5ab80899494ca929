"""The command line, called in process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from p3mbench.cli import main


def call(*args: object) -> Result:
    """What a command printed and its exit code; other exceptions are raised."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def finished(out: Path, data: Path, *more: object) -> Path:
    """A store with the rows of a run that went well."""
    where = ("--benchmark", "p3m500", "--data", data, "--out", out, "--jobs", 1)
    result = call("run", *more, *where)
    assert result.exit_code == 0, result.output
    return out
