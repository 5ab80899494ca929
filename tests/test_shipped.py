"""Built-in benchmarks by name, and the thin networks that ship."""

from __future__ import annotations

from p3mbench import shipped
from p3mbench.shipped import builtin_names, shipped_weights


def test_every_built_in_benchmark_has_a_file() -> None:
    found = builtin_names()
    assert {"mini", "p3m500"} <= set(found)
    assert all(path.name == f"{name}.toml" for name, path in found.items())


def test_networks_have_short_names() -> None:
    found = shipped_weights("p3mnet-r34")
    assert {"nano-B", "nano-N"} <= set(found)
    assert all(path.is_file() for path in found.values())
    assert found["nano-B"].name == "p3mnet-r34--b-s0.safetensors"
    assert shipped_weights("closed-form") == {}


def test_a_setting_keeps_its_spelling_and_the_first_benchmark_wins(tmp_path, monkeypatch) -> None:
    for name in ("mini", "another", "broken", "bare"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.toml").write_text(f'checkpoints = "{name}"')
    (tmp_path / "broken.toml").write_text("=")
    (tmp_path / "bare.toml").write_text('name = "bare"')
    for file in ("mini/x--b-s0", "mini/x--b+cp-s2", "another/x--b-s0", "another/x--zero-s0"):
        (tmp_path / f"{file}.safetensors").touch()
    names = {name: tmp_path / f"{name}.toml" for name in ("another", "bare", "broken", "mini")}
    monkeypatch.setattr(shipped, "builtin_names", lambda: names)
    found = {k: v.parent.name for k, v in shipped_weights("x").items()}
    assert found == {"nano-B": "mini", "nano-B+CP-s2": "mini", "nano-zero": "another"}
