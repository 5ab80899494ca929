"""Where loaded modules lie."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from p3mbench.module_files import file_of, files_of


def test_many_modules_have_the_files_that_each_has(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    for name in ("one.py", "two.py"):
        (real / name).touch()
    (tmp_path / "linked").symlink_to(real)
    (real / "link.py").symlink_to("two.py")
    odd = []
    for file in ("linked/one.py", "linked/link.py", "gone/x.py", "real/../real/one.py", "real/.."):
        odd.append(ModuleType("odd"))
        odd[-1].__file__ = str(tmp_path / file)
    modules = [*odd, *sys.modules.values(), None]
    found = list(files_of(modules))
    assert [path for path, _ in found[:2]] == [real / "one.py", real / "two.py"]
    wanted = [(file_of(one), one) for one in modules if isinstance(one, ModuleType)]
    assert found == [(path, one) for path, one in wanted if path is not None]
