"""The plugin files that this user has run on this machine: their content and their methods.

A plugin file is code. p3mbench executes one only if the user names it with ``--plugin``, or if a
store's last run used it and this record shows that the same user ran the same bytes from the same
path before. A store from elsewhere therefore never makes p3mbench execute anything.

The record is ``plugins.json`` in the user's data folder. Without a writable data folder there is no
record, and every command needs ``--plugin``.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p3mbench.errors import P3MBenchError
from p3mbench.homes import data_home
from p3mbench.names import printable

MOST_FILES = 200  # the record forgets the plugins that were first used longest ago


@dataclass(frozen=True)
class KnownPlugin:
    """A plugin file that this user has run.

    Attributes:
        path: absolute path.
        sha256: hash of the bytes that ran, 64 hexadecimal digits.
        methods: names of its methods.
    """

    path: Path
    sha256: str
    methods: tuple[str, ...]

    @property
    def unchanged(self) -> bool:
        """Whether the file still has the bytes that ran."""
        return content_hash(self.path) == self.sha256

    @property
    def option(self) -> str:
        """The option that names the file on a command line."""
        return f"--plugin {printable(shlex.quote(str(self.path)))}"


@dataclass(frozen=True)
class RefusedPlugin:
    """A plugin file of a store that does not run without ``--plugin``.

    Attributes:
        path: absolute path.
        reason: one line, with the option that runs it.
    """

    path: str
    reason: str


def content_hash(path: Path) -> str:
    """Hash a file's bytes by SHA-256; "" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def known_plugins() -> list[KnownPlugin]:
    """Read the record, most recently added file last; damaged entries are left out."""
    return [
        KnownPlugin(Path(path), entry["sha256"], tuple(entry["methods"]))
        for path, entry in _stored().items()
        if _is_entry(entry)
    ]


def remember(path: Path, methods: Iterable[str]) -> None:
    """Record that the user has run a plugin file; nothing happens if this cannot be written."""
    from p3mbench.writing import write_bytes  # it imports OpenCV

    path = path.resolve()
    entry = {"sha256": content_hash(path), "methods": sorted(methods)}
    stored = _stored()
    if stored.get(str(path)) == entry:
        return
    stored.pop(str(path), None)
    kept = dict([*stored.items(), (str(path), entry)][-MOST_FILES:])
    try:
        text = json.dumps(kept, indent=1, ensure_ascii=True) + "\n"
        write_bytes(data_home() / "plugins.json", text.encode())
    except (P3MBenchError, OSError):
        return


def offering(method: str) -> KnownPlugin | None:
    """Return the last known plugin with a method of this name, if its file still exists."""
    for plugin in reversed(known_plugins()):
        if method in plugin.methods and plugin.path.is_file():
            return plugin
    return None


def usable(
    used: Mapping[str, str], methods: Iterable[str] | None
) -> tuple[list[KnownPlugin], list[RefusedPlugin]]:
    """Choose the plugins of a store that may run without ``--plugin``.

    Args:
        used: path -> SHA-256 of the plugin files of the store's runs.
        methods: names that no method has yet; None for all methods of these files.

    Returns:
        The plugins that this user has run with the same bytes and that define one of the
        methods; and the other files.
    """
    known = {str(plugin.path): plugin for plugin in known_plugins()}
    ready, refused = [], []
    for path, sha256 in used.items():
        plugin = known.get(path)
        if why := _why_not(path, sha256, plugin):
            reason = f"a run here used the plugin {printable(path)}, {why}"
            refused.append(RefusedPlugin(path, reason))
        elif plugin is not None and (methods is None or set(methods) & set(plugin.methods)):
            ready.append(plugin)
    return ready, refused


def _why_not(path: str, sha256: str, known: KnownPlugin | None) -> str:
    """Say why a file does not run without being named, "" if it may."""
    now, option = content_hash(Path(path)), KnownPlugin(Path(path), sha256, ()).option
    if not now:
        return "which is gone"
    if known is None or sha256 != known.sha256:
        return (
            "and you have not run this version on this machine; if you trust the file, add "
            f"{option}"
        )
    return "" if now == sha256 else f"which has changed since then; add {option}"


def _stored() -> dict[str, Any]:
    try:
        found = json.loads((data_home() / "plugins.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("sha256"), str)
        and isinstance(entry.get("methods"), list)
        and all(isinstance(name, str) for name in entry["methods"])
    )
