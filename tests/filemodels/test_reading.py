"""A TOML file is read strictly: one line names the file and the key."""

from __future__ import annotations

import pytest

from p3mbench.errors import MethodError
from p3mbench.filemodels.definition import IMAGENET, ModelFormat
from p3mbench.filemodels.finding import builtin_files
from p3mbench.filemodels.reading import parse, read_text
from p3mbench.method import Kind

HEAD = '[method]\nname = "net"\nyear = 2026\n[weights]\nfile = "net.onnx"\n'


def read(text: str, folder: str = ""):
    return parse(text, "net.toml", folder)


def test_defaults_are_the_usual():
    found = read(HEAD)
    assert (found.title, found.kind, found.format) == ("net", Kind.TRIMAP_FREE, ModelFormat.ONNX)
    assert (found.input.mean, found.input.std) == IMAGENET
    assert (found.input.strategy, found.output.activation) == ("native", "none")
    assert found.checkpoint.train_setting == "other"
    assert read(HEAD + '[input]\ntrimap = "channel"\n').kind is Kind.TRIMAP_BASED
    assert read(HEAD + "[input]\nrange = 255\n").input.std == (1.0, 1.0, 1.0)
    assert read(HEAD + "[input]\nsize = [4, 8]\n").input.strategy == "4x8"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "did you mean"),
        ("[methods]\n", "unknown key 'methods'; did you mean method?"),
        (HEAD + "[input]\nsise = 3\n", "unknown key 'input.sise'; did you mean input.size?"),
        ('[method]\nname = "a/b"\nyear = 2026\n[weights]\nfile = "n.onnx"', "'method.name'"),
        ('[method]\nyear = 2026\n[weights]\nfile = "n.onnx"', "key 'method.name' must be a line"),
        ('[method]\nname = "n"\n[weights]\nfile = "n.onnx"', "key 'method.year' must be a whole"),
        (HEAD + "[input]\nsize = 0\n", "key 'input.size' must be N or [HEIGHT, WIDTH], not 0"),
        (HEAD + "[input]\nsize = 8\nlongest = 8\n", "exclude each other"),
        (HEAD + "[input]\nmean = 128\n", "write range = 255"),
        (HEAD + "[input]\nstd = 0\n", "key 'input.std' must be above 0"),
        (HEAD + "[input]\nmean = [1, 2]\n", "a number or a list of 3"),
        (HEAD + "[input]\nrange = 2\n", "key 'input.range' must be 1 or 255"),
        (HEAD + "[input]\nsize = 10\nmultiple = 4\n", "is not a multiple"),
        (HEAD + '[input]\nsize = 8\npad = "zero"\n', "needs keep_aspect = true"),
        (HEAD + "[input]\nkeep_aspect = false\n", "only 'input.size' can stretch"),
        (HEAD + "[input]\nkeep_between = true\n", "needs 'input.shorter'"),
        (HEAD + '[input]\ntrimap_name = "t"\n', "needs trimap"),
        (HEAD + '[input]\nconstants = {r = "many"}\n', "key 'input.constants.r' must be"),
        (HEAD + '[output]\nactivation = "tanh"\n', "key 'output.activation' must be one of"),
        (HEAD + '[output]\nactivation = "softmax"\n', "say which 'channel'"),
        (HEAD + "[output]\nindex = true\n", "key 'output.index' must be a number or a name"),
        (HEAD.replace("net.onnx", "net.pth"), "ends in none of"),
        (HEAD + 'sha256 = "12"\n', "key 'weights.sha256' must be 64"),
        (HEAD + 'huggingface = "net"\n', "must be ORGANISATION/MODEL"),
        (HEAD + 'url = "u"\nhuggingface = "a/b"\n', "exclude each other"),
        (HEAD + 'class = "X"\nformat = "onnx"\n', "is for transformers"),
        (HEAD.replace("year", 'kind = "trimap-based"\nyear'), "needs one of channel"),
        (HEAD.replace("year", 'train_setting = "fog"\nyear'), "key 'method.train_setting'"),
        ("[method", "is not valid TOML"),
    ],
)
def test_a_wrong_file_gets_one_line_with_the_key(text, message):
    with pytest.raises(MethodError) as caught:
        read(text)
    assert str(caught.value).startswith("net.toml: ")
    assert message in str(caught.value) or message == "did you mean"
    assert "\n" not in str(caught.value)


def test_a_published_file_lies_beside_the_toml_or_in_the_weights_folder():
    assert read(HEAD, "/models").checkpoint.folder == "/models"
    assert read(HEAD.replace("net.onnx", "sub/net.onnx"), "/m").checkpoint.folder == "/m/sub"
    assert read(HEAD).checkpoint.folder == ""
    absolute = read(HEAD.replace("net.onnx", "/abs/net.onnx")).checkpoint
    assert (absolute.folder, absolute.file) == ("/abs", "net.onnx")


def test_the_zoo_is_complete():
    zoo = {path.stem: parse(read_text(path), path.name, "") for _, path in builtin_files()}
    assert len(zoo) >= 18
    for name, found in zoo.items():
        assert found.name == name
        assert found.citation != "not stated" and found.checkpoint.licence != "not stated"
        assert found.checkpoint.train_sets != ("not stated",)
        assert {"verified", "sources"} <= dict(found.facts).keys()
    files = [found.checkpoint.file for found in zoo.values()]
    assert len(set(files)) == len(files), "two entries would share a file in the weights folder"
    assert "P3M-10k/P3M-500-NP" in zoo["birefnet-portrait"].checkpoint.train_sets
    assert "P3M-10k/P3M-500-P" in zoo["birefnet-matting"].checkpoint.train_sets
    assert "non-commercial" in zoo["rmbg-2.0"].checkpoint.licence
