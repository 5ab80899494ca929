"""``p3mbench methods``: the list, one method, and the pages in docs."""

from __future__ import annotations

from pathlib import Path

from calls import call

README = Path(__file__).resolve().parents[2] / "README.md"


def test_methods_lists_and_shows(plugin_file):
    listed = call("methods", "--plugin", plugin_file).output
    assert "grey" in listed
    assert "p3mnet-r34" in listed
    shown = call("methods", "show", "p3mnet-r34").output
    assert "p3mnet_pretrained_on_p3m10k.pth" in shown.replace("\n    ", "")


def test_methods_lists_kind_parameters_and_weights():
    lines = call("methods").output.splitlines()
    shown = {line.split()[0]: line for line in lines[1:] if line}
    assert "39.5 M" in shown["p3mnet-r34"] and "P3M-10k/train" in shown["p3mnet-r34"]
    assert shown["closed-form"].endswith("ready")
    assert "P3M-500-P" in shown["birefnet-matting"] and "weights" in shown["birefnet-matting"]
    heads = [line.rpartition(" (")[0] for line in lines if line.endswith(")")]
    assert heads == ["Trimap-free", "Trimap-based", "Trimap-based, nothing is learned"]
    trainable = call("methods", "--trainable").output
    assert "p3mnet-r34" in trainable and "closed-form" not in trainable


def test_the_list_can_be_filtered():
    def names(*options):
        lines = call("methods", *options).output.splitlines()
        return [line.split()[0] for line in lines if len(line.split()) > 4 and " 20" in line[:30]]

    assert len(names()) >= 45
    assert names("--kind", "classical")[:2] == ["closed-form", "coarse"]
    assert "birefnet-portrait" in names("--group", "zoo")
    assert "p3mnet-r34" not in names("--group", "zoo")
    assert names("--name", "pp-matting-*") == ["pp-matting-1024", "pp-matting-512"]
    assert "coarse" in names("--ready") and "ben2" not in names("--ready")
    assert "no method matches" in call("methods", "--name", "nothing").output


def test_methods_show_has_idea_weights_and_published_figures(stored):
    output = call("methods", "show", "p3mnet-r34").output
    for text in ("ResNet-34 encoder", "p3mnet_pretrained_on_p3m10k.pth", "8.73", "p3m, Table 2"):
        assert text in output
    output = call("methods", "show", "coarse", "--results", stored).output
    assert "measured in" in output and "-:B" in output


def test_pages_in_docs_are_those_the_command_writes(tmp_path):
    call("methods", "pages", tmp_path)
    docs = README.parent / "docs" / "methods"
    assert {p.name: p.read_text() for p in docs.iterdir()} == {
        p.name: p.read_text() for p in tmp_path.iterdir()
    }
