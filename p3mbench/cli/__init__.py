"""The command line. Each command is a small file of this package, imported when it is used."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import Any

import click

from p3mbench import __version__
from p3mbench.errors import P3MBenchError
from p3mbench.names import nearest, printable

READER_LEFT = 141  # the exit code that shells report for such programs: 128 + SIGPIPE
COMMANDS = (
    "run",
    "report",
    "gallery",
    "train",
    "predict",
    "evaluate",
    "import",
    "compare",
    "merge",
    "privacy",
    "methods",
    "new-method",
    "check",
    "weights",
    "data",
    "obfuscate",
    "doctor",
    "completion",
)


class Commands(click.Group):
    """Commands by name; a user's mistake ends in one line, with the traceback under --debug."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of the work, not of the alphabet."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; the message of an unknown one names the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = nearest(args[0], COMMANDS) or "p3mbench --help lists them"
            ctx.fail(f"No such command {args[0]!r}; {hint.strip()}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's file."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = _module(cmd_name).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn errors and warnings for users into lines."""
        with warnings.catch_warnings():
            warnings.showwarning = _show
            try:
                return super().invoke(ctx)
            except P3MBenchError as error:
                if ctx.params.get("debug"):
                    raise
                _say("Error: ", "red", str(error))
                ctx.exit(1)
            except (OSError, EOFError) as error:
                if ctx.params.get("debug"):
                    raise
                ctx.exit(_ended_by(error))


def _ended_by(error: OSError | EOFError) -> int:
    """Return the exit code after a broken connection: the reader left, or something failed.

    Click would take the end of any file for Ctrl-D and any broken pipe for a reader that left.
    """
    from p3mbench.cli.screen import quiet_stdout, reader_left

    if isinstance(error, BrokenPipeError) and reader_left():
        quiet_stdout()
        return READER_LEFT
    _say("Error: ", "red", f"{type(error).__name__}: {error or 'a connection has ended'}")
    return 1


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"p3mbench.cli.{name.replace('-', '_')}")


def _show(message: Warning | str, *_: Any, **__: Any) -> None:
    _say("Warning: ", "yellow", str(message))


def _say(kind: str, colour: str, text: str) -> None:
    """Print one line on standard error; foreign text cannot control the terminal."""
    click.secho(kind, fg=colour, nl=False, err=True)
    click.echo(printable(text, lines=True), err=True)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it: p3mbench run --methods all, then p3mbench report --format latex.",
)
@click.version_option(__version__, prog_name="p3mbench")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Measure what privacy-preserving training costs a portrait matting method."""
