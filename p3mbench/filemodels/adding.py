"""Register TOML files for a user, and remove them."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from p3mbench.errors import MethodError
from p3mbench.filemodels.definition import ModelFormat
from p3mbench.filemodels.finding import SUFFIX, class_of, user_files, user_folder
from p3mbench.filemodels.method import FileModel
from p3mbench.filemodels.reading import read_text
from p3mbench.method import MethodInfo
from p3mbench.names import printable
from p3mbench.registry import find, unknown
from p3mbench.writing import write_bytes


def add(path: Path) -> tuple[MethodInfo, Path | None]:
    """Register a TOML file: copy it into the user's folder.

    Returns:
        The method as the file declares it, and its weights if they lie where the file says and are
        one file.

    Raises:
        MethodError: the file is missing or wrong, or another method has the name.
    """
    if path.suffix != SUFFIX or not path.is_file():
        raise MethodError(f"{path}: does not exist, or its name does not end in {SUFFIX}")
    text = read_text(path)
    made = cast(type[FileModel], class_of(text, str(path), str(path.resolve().parent)))
    info, stays = made.info, made.definition.format is ModelFormat.TRANSFORMERS
    anywhere = class_of(text, str(path), "").info.checkpoints[0]
    if stays and not anywhere.folder and not anywhere.hub:
        raise MethodError(
            f"{path}: key 'weights.file' must be an absolute path to be registered: the folder of "
            "a transformers model is not copied"
        )
    target = user_folder() / f"{info.name}{SUFFIX}"
    for entry in find():
        mine = entry.method is not None and entry.method.info.model_file == str(target)
        if entry.name == info.name and not mine:
            raise MethodError(f"{path}: the method {info.name} exists already ({entry.origin})")
    if target.is_file() and target.read_text(encoding="utf-8") != text:
        raise MethodError(
            f"{target} differs from {path}; run 'p3mbench methods remove {info.name}' first"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(target, text.encode())
    checkpoint = info.checkpoints[0]
    beside = Path(checkpoint.folder) / checkpoint.file
    return info, beside if beside.is_file() and not stays else None


def remove(name: str) -> Path:
    """Remove a TOML file that the user registered; its weights stay.

    Raises:
        MethodError: no registered file has this name.
    """
    known = {path.stem: path for path in user_files()}
    if name not in known:
        text = unknown(printable(name), known, "registered method")
        raise MethodError(f"{text}; only what 'p3mbench methods add' registered can be removed")
    known[name].unlink()
    return known[name]
