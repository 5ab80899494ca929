"""New plugins: what ``p3mbench new-method`` writes, as files that work as they are.

The texts are the ``templates/*.j2`` files, filled in by Jinja with ``[[ ]]`` and ``[% %]``.
"""

from __future__ import annotations

import builtins
import datetime
import keyword
import os
import re
from dataclasses import dataclass
from pathlib import Path

from p3mbench.errors import MethodError
from p3mbench.method import Kind
from p3mbench.names import printable
from p3mbench.writing import write_bytes

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TAKEN = (  # names that the templates use themselves
    "Any", "Checkpoint", "ClassVar", "Kind", "MethodInfo", "Network", "Path", "Predictor",
    "TrainSetting", "WeightsError",
)  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What a method of that name is called in Python and on disk.

    Attributes:
        name: of the method: ``my-net``.
        module: ``my_net``; ``my_net.py`` is the plugin of one file.
        package: ``p3mbench_my_net``, which hides no other package.
        project: ``p3mbench-my-net``.
        class_name: ``MyNet``.
        title: ``My Net``.
    """

    name: str
    module: str
    package: str
    project: str
    class_name: str
    title: str


def names_of(name: str) -> Names:
    """The names that belong to a method's.

    Raises:
        MethodError: it is not in kebab case.
    """
    if not _NAME.fullmatch(name) or len(name) > 60:
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:60].rstrip("-")
        hint = f"; for instance {near}" if near and near != name else ""
        raise MethodError(
            f"{printable(name)!r} cannot be a method's name: use small letters, digits and single "
            f"hyphens, a letter first{hint}"
        )
    module = name.replace("-", "_")
    words = [word.capitalize() for word in name.split("-")]
    class_name = "".join(words)
    if keyword.iskeyword(class_name) or hasattr(builtins, class_name) or class_name in _TAKEN:
        class_name += "Method"
    return Names(
        name, module, f"p3mbench_{module}", f"p3mbench-{name}", class_name, " ".join(words)
    )


def new_method(
    name: str, kind: Kind, *, learned: bool = False, package: bool = False, folder: Path = Path()
) -> list[Path]:
    """Write a plugin that works, to be changed into one's own.

    Args:
        name: of the method, in kebab case.
        kind: whether it is given a trimap.
        learned: it has weights; the template has a small PyTorch network.
        package: an installable package instead of one file.
        folder: where the file, or the package's folder, is put.

    Returns:
        The files written.

    Raises:
        MethodError: the name is no method's, or taken by a registered one; or a file is there.
    """
    names = names_of(name)
    _check_free(name)
    files = _package_files(names, learned) if package else {f"{names.module}.py": "one_file.py.j2"}
    root = folder / names.project if package else folder
    targets = {root / path: template for path, template in files.items()}
    there = [path for path in ([root] if package else targets) if os.path.lexists(path)]
    if there:
        raise MethodError(
            f"{there[0]} exists already and is not overwritten; give another name or --out"
        )
    values = {
        "n": names, "kind": kind, "learned": learned, "based": kind is Kind.TRIMAP_BASED,
        "year": datetime.datetime.now(tz=datetime.UTC).year,
    }  # fmt: skip
    texts = {path: _filled(template, values) for path, template in targets.items()}
    for path, text in texts.items():
        write_bytes(path, text.encode())
    return list(texts)


def _check_free(name: str) -> None:
    from p3mbench.registry import find

    for found in find():
        if found.name == name:
            raise MethodError(f"a method {name} exists ({found.origin}); give another name")


def _package_files(names: Names, learned: bool) -> dict[str, str]:
    source = f"src/{names.package}"
    return {
        "pyproject.toml": "pyproject.toml.j2",
        "README.md": "README.md.j2",
        ".gitignore": "gitignore.j2",
        f"{source}/__init__.py": "init.py.j2",
        f"{source}/spec.py": "spec.py.j2",
        f"{source}/predictor.py": "predictor.py.j2",
        **({f"{source}/network.py": "network.py.j2"} if learned else {}),
        "tests/test_conformance.py": "test_conformance.py.j2",
        ".github/workflows/test.yml": "test.yml.j2",
    }


def _filled(template: str, values: dict[str, object]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - writes Python and TOML, no web page
        loader=PackageLoader("p3mbench.scaffold", "templates"), undefined=StrictUndefined,
        variable_start_string="[[", variable_end_string="]]", block_start_string="[%",
        block_end_string="%]", comment_start_string="[##", comment_end_string="##]",
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,  # nosec B701
    )  # fmt: skip
    return environment.get_template(template).render(values)
