"""Find the imports of a module in its syntax tree, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache


@lru_cache(maxsize=4096)
def imports(source: bytes, package: str) -> tuple[str, ...]:
    """Return the absolute dotted names of all imports in a module; () for broken source.

    ``from a import b`` gives ``a.b``, because ``b`` may be a module. Imports for type checkers do
    not count; ``import_module("literal")`` and ``__import__("literal")`` do.

    Args:
        source: source of the module.
        package: package of the module, "" for a single module.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(dict.fromkeys(name for name in _names(tree, package) if name))


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo.extend(node.orelse)
            continue
        todo.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(package, node.level, node.module or "")
            yield from (base if a.name == "*" else f"{base}.{a.name}" for a in node.names if base)
        elif isinstance(node, ast.Call):
            yield _called(node, package)


def _absolute(package: str, level: int, module: str) -> str:
    if not level:
        return module
    parts = package.split(".") if package else []
    kept = parts[: len(parts) - level + 1]
    return ".".join([*kept, *filter(None, [module])])


def _called(node: ast.Call, package: str) -> str:
    """Return the module in ``import_module("x")`` or ``__import__("x")``, else ""."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    first = node.args[0] if node.args else None
    if name not in ("import_module", "__import__") or not isinstance(first, ast.Constant):
        return ""
    text = first.value if isinstance(first.value, str) else ""
    bare = text.lstrip(".")
    return _absolute(package, len(text) - len(bare), bare)
