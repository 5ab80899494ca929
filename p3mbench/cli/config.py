"""``--config FILE.toml`` and ``--like RESULTS``: where options come from besides the command line.

Both fill Click's map of defaults, so every value passes the checks of its option, and the command
line wins. A value of the file wins over one of the repeated run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from p3mbench.names import printable, unknown

if TYPE_CHECKING:
    from p3mbench.harness.again import Repeated

F = TypeVar("F", bound=Callable[..., Any])
_REPEATED = "p3mbench.repeated"
_OURS = ("config", "like", "help")


def config_option(function: F) -> F:
    """Add --config FILE.toml, which may contain every other option of the command."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="TOML file with options by their long names; the command line wins (docs/run.md).",
    )(function)


def like_option(function: F) -> F:
    """Add --like DIR, which repeats the last run of a store."""
    return click.option(
        "--like",
        type=click.Path(path_type=Path, file_okay=False),
        is_eager=True,
        expose_value=False,
        callback=_read_like,
        help="Repeat the last run of this folder of results and say what differs [--out: "
        "DIR-again]",
    )(function)


def repeated_run(ctx: click.Context) -> Repeated | None:
    """Return the run that --like names; None without this option."""
    found: Repeated | None = ctx.meta.get(_REPEATED)
    return found


def note_left_out(ctx: click.Context, plugins: Iterable[Path]) -> None:
    """Say what --like did not take from the earlier run, except the plugins that are named now."""
    repeated = repeated_run(ctx)
    if repeated is None:
        return
    given = {str(path.resolve()) for path in plugins}
    _, refused = repeated.plugins()
    lines = [one.reason for one in refused if one.path not in given]
    for line in [*repeated.left_out, *lines]:
        click.echo(f"note: {line}", err=True)


def _read_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.BadParameter(f"{path} cannot be read ({reason})", ctx, param) from None
    except tomllib.TOMLDecodeError as error:
        raise click.BadParameter(f"{path} is not valid TOML ({error})", ctx, param) from None
    options = {_key(one): one for one in ctx.command.params if _key(one) not in _OURS}
    found = {}
    for key, value in table.items():
        option = options.get(key.replace("_", "-"))
        if option is None:
            raise click.BadParameter(f"{path}: {unknown(key, options, 'key')}", ctx, param)
        try:
            found[option.name or key] = _Reading(key, path.resolve().parent).value(option, value)
        except ValueError as error:
            raise click.BadParameter(f"{path}: {error}", ctx, param) from None
    ctx.default_map = {**(ctx.default_map or {}), **found}


def _key(param: click.Parameter) -> str:
    """Return the long name of an option, without its hyphens."""
    return max(param.opts, key=len).lstrip("-")


class _Reading:
    """Reads the value of one key. Paths are relative to the folder of the file."""

    def __init__(self, key: str, folder: Path) -> None:
        self.key, self.folder = key, folder

    def value(self, option: click.Parameter, value: Any) -> Any:
        """Return the value as the command line would give it; raises ValueError."""
        if getattr(option, "is_flag", False):
            if not isinstance(value, bool):
                raise ValueError(f"key {self.key!r} must be true or false, not {value!r}")
            return value
        if option.multiple:
            return list(self.several(option, value))
        if isinstance(value, list):
            return ",".join(self.word(part) for part in value)
        return self.one(option, value)

    def several(self, option: click.Parameter, value: Any) -> Iterator[str]:
        """Yield the values of a repeatable option."""
        if isinstance(value, Mapping):
            yield from self.pairs(value)
        else:
            for part in value if isinstance(value, list) else [value]:
                yield self.one(option, part)

    def pairs(self, table: Mapping[str, Any]) -> Iterator[str]:
        """Yield NAME.OPTION=VALUE of a table in a table, and NAME=FILE of one of files."""
        for name, inner in table.items():
            if isinstance(inner, Mapping):
                for option, value in inner.items():
                    yield f"{name}.{option}={self.word(value)}"
            else:
                for file in inner if isinstance(inner, list) else [inner]:
                    yield f"{name}={self.folder / self.word(file)}"

    def one(self, option: click.Parameter, value: Any) -> str:
        """Return a single value; a path is relative to the file."""
        text = self.word(value)
        if isinstance(option.type, click.Path) or text.endswith(".toml"):
            return str(self.folder / Path(text).expanduser())
        return text

    def word(self, value: Any) -> str:
        """Return text, a number or a truth value as text."""
        if not isinstance(value, str | int | float):
            raise ValueError(f"key {self.key!r} cannot be {printable(repr(value))}")
        return str(value)


def _read_like(ctx: click.Context, param: click.Parameter, folder: Path | None) -> None:
    if folder is None:
        return
    from p3mbench.harness.again import read_repeated

    repeated = read_repeated(folder)
    ctx.meta[_REPEATED] = repeated
    ready, _ = repeated.plugins()
    names = {one.name for one in ctx.command.params}
    found: dict[str, Any] = {k: v for k, v in repeated.options.items() if k in names}
    found |= {"out": str(repeated.out), "plugins": [str(plugin.path) for plugin in ready]}
    ctx.default_map = {**found, **(ctx.default_map or {})}
