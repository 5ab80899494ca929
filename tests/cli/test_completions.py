"""Names at the Tab key, and the nearest name when one is misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call
from click.shell_completion import ShellComplete

from p3mbench.cli import main
from p3mbench.registry import find


def completed(*words: object) -> list[str]:
    """What the shell offers for the last word."""
    *args, incomplete = map(str, words)
    completer = ShellComplete(main, {}, "p3mbench", "_P3MBENCH_COMPLETE")
    return [item.value for item in completer.get_completions(args, incomplete)]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["me"], ["merge", "methods"]),
        (["weights", "f"], ["fetch"]),
        (["run", "--methods", "kn"], ["knn"]),
        (["run", "--methods", "knn,closed"], ["knn,closed-form"]),
        (["run", "--methods", "knn,kn"], []),  # given already
        (["run", "--benchmark", "aim"], ["aim500"]),
        (["run", "--variants", "B,"], ["B,N"]),
        (["run", "--set", "knn.nei"], ["knn.neighbours="]),
        (["run", "--set", "p3mnet-r34.strategy=h"], ["p3mnet-r34.strategy=hybrid"]),
        (["run", "--set", "knn"], ["knn."]),
        (["run", "--weights", "lf"], ["lf="]),
        (["run", "--precision", "b"], ["bf16"]),
        (["train", "p3mnet-r"], ["p3mnet-r34"]),
        (["train", "kn"], []),  # it learns nothing
        (["methods", "show", "kn"], ["knn"]),
        (["predict", "kn"], ["knn"]),
        (["weights", "check", "p3mnet-s"], ["p3mnet-swin-t"]),
        (["weights", "fetch", "modnet", "--name", "ph"], ["photographic"]),
        (["report", "--metrics", "sad,mse_"], ["sad,mse_t"]),
        (["report", "--settings", "B:B,B+CP:"], ["B:B,B+CP:B", "B:B,B+CP:N"]),
        (["report", "--format", "la"], ["latex"]),
        (["evaluate", "a", "b", "--convention", "gca-t"], ["gca-tester"]),
        (["compare", "a", "b", "--metrics", "gra"], ["grad"]),
        (["completion", "f"], ["fish"]),
    ],
)
def test_the_shell_offers(words: list[str], offered: list[str]) -> None:
    found = completed(*words)
    assert set(offered) <= set(found) and bool(found) == bool(offered)


def test_files_of_weights_are_offered_after_the_method(tmp_path: Path) -> None:
    (tmp_path / "a.pth").touch()
    (tmp_path / "folder").mkdir()
    assert completed("run", "--weights", f"lf={tmp_path}/") == [
        f"lf={tmp_path}/a.pth",
        f"lf={tmp_path}/folder/",
    ]
    assert completed("run", "--weights", f"lf={tmp_path}/no/") == []


def test_plugins_complete_without_being_executed(
    plugin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert completed("run", "--plugin", plugin_file, "--methods", "gre") == []
    find([plugin_file])
    plugin_file.write_text("raise SystemExit('executed')")
    assert completed("run", "--plugin", plugin_file, "--methods", "gre") == ["grey"]
    assert completed("predict", "--plugin", plugin_file, "gre") == ["grey"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    done = call("completion", shell)
    assert done.exit_code == 0 and "_P3MBENCH_COMPLETE" in done.output


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["metods"], "No such command 'metods'; did you mean methods?"),
        (["run", "--method", "knn"], "No such option"),
        (["run", "--methods", "knnn"], "did you mean knn?"),
        (["run", "--benchmark", "mimi"], "did you mean mini?"),
        (["run", "--methods", "knn", "--set", "knn.neighbors=3"], "did you mean neighbours?"),
        (["run", "--methods", "p3mnet-r34", "--set", "p3mnet-r34.strategy=hybird"],
         "did you mean hybrid?"),
        (["run", "--device", "cud"], "--device: unknown device 'cud'; give one of auto, cpu"),
        (["run", "--methods", "knn", "--images", "mini_p_00000"], "did you mean mini_p_0000?"),
        (["evaluate", "{}", "{}", "--convention", "p3n"], "did you mean p3m?"),
        (["evaluate", "{}", "{}", "--metrics", "sadt"], "did you mean sad_t"),
        (["weights", "fetch", "modnet", "--name", "photografic"], "did you mean photographic?"),
        (["weights", "check", "modnett"], "did you mean modnet?"),
        (["report", "--format", "latx"], "did you mean latex?"),
        (["train", "modnett", "--setting", "B"], "did you mean modnet?"),
    ],
)  # fmt: skip
def test_a_misspelt_name_has_a_hint(words: list[str], hint: str, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")] if words[0] == "run" else []
    done = call(*(word.format(tmp_path) for word in words), *out)
    assert done.exit_code in (1, 2) and hint in done.output
