from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import p3mbench
from p3mbench import registry
from p3mbench.errors import MethodError
from p3mbench.method import Kind, Method, MethodInfo, Predictor

BUILT_IN = {"closed-form", "knn", "lkm", "lbdm", "random-walk", "coarse", "p3mnet-r34"}


def test_the_built_in_methods_come_through_the_entry_points():
    infos = {info.name: info for info in p3mbench.list_methods()}
    assert set(infos) >= BUILT_IN
    assert infos["p3mnet-r34"].kind is Kind.TRIMAP_FREE
    assert infos["closed-form"].needs_trimap
    assert all(isinstance(info, MethodInfo) for info in infos.values())


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, p3mbench; p3mbench.list_methods();"
        "heavy = {'torch', 'pymatting', 'numba', 'cv2', 'pandas', 'matplotlib', 'scipy', 'numpy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_loaded_methods_predict(portrait_arrays):
    predictor = p3mbench.load_method("coarse", unknown=0.25)
    assert isinstance(predictor, Predictor)
    alpha = predictor.predict(portrait_arrays["image"], portrait_arrays["trimap"])
    assert alpha.dtype == np.float32
    assert set(np.unique(alpha)) == {0.0, 0.25, 1.0}


def test_unknown_names_and_options_are_answered_with_the_known_ones():
    with pytest.raises(MethodError, match="did you mean closed-form"):
        p3mbench.load_method("closed-from")
    with pytest.raises(MethodError, match="coarse has no option 'lelvel' \\(it has: unknown\\)"):
        p3mbench.load_method("coarse", lelvel=1)
    with pytest.raises(MethodError, match="takes a value of type float, not 'much'"):
        p3mbench.load_method("coarse", unknown="much")


def test_options_are_read_by_type():
    knn = registry.with_options(registry.get("knn"), {"neighbours": "8,4", "maxiter": "50"})
    assert (knn.neighbours, knn.maxiter) == ((8, 4), 50)


def test_a_plugin_file_is_a_method(plugin_file, portrait_arrays):
    method = registry.get("grey", [plugin_file])
    assert isinstance(method, Method)
    alpha = method.load("cpu", None).predict(portrait_arrays["image"])
    assert (alpha == 0.25).all()
    assert "grey" not in {entry.name for entry in registry.find()}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "defines no method"),
        ("import nowhere_to_be_found", "ModuleNotFoundError"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_plugin_file_without_a_method_is_refused(tmp_path, source, words):
    path = tmp_path / "plugin.py"
    path.write_text(source)
    with pytest.raises(MethodError, match=words):
        registry.find([path])


def test_a_missing_plugin_file_is_named(tmp_path):
    with pytest.raises(MethodError, match=r"nothing\.py does not exist"):
        registry.find([tmp_path / "nothing.py"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("frozen=True", "frozen=False"), "not frozen"),
        (("def load", "def lode"), "no method 'load"),
        (("MethodInfo(", "dict("), "not a p3mbench.method.MethodInfo"),
        (("level: float = 0.25", "level: float"), "parameters need defaults"),
        (("@dataclass(frozen=True)", ""), "not a dataclass"),
    ],
)
def test_a_malformed_method_is_one_line_in_the_list(plugin_file, change, words):
    plugin_file.write_text(plugin_file.read_text().replace(*change))
    broken = [entry for entry in registry.find([plugin_file]) if entry.method is None]
    assert len(broken) == 1
    assert words in str(broken[0].problem)


def test_two_plugins_of_one_name_are_refused(plugin_file, tmp_path):
    twin = tmp_path / "twin.py"
    twin.write_text(plugin_file.read_text())
    with pytest.raises(MethodError, match="two plugins claim this name: grey.py and twin.py"):
        registry.get("grey", [plugin_file, twin])


def test_a_broken_entry_point_does_not_break_the_list(monkeypatch):
    good = [EntryPoint("coarse", "p3mbench_methods.coarse.spec:Coarse", registry.GROUP)]
    bad = [EntryPoint("gone", "no_such_package:Gone", registry.GROUP)]
    monkeypatch.setattr(registry, "entry_points", lambda group: good + bad)
    found = {entry.name: entry for entry in registry.find()}
    assert found["coarse"].method is not None
    assert "no_such_package" in str(found["gone"].problem)
    with pytest.raises(MethodError, match="cannot be used: ModuleNotFoundError"):
        registry.get("gone")


def test_an_entry_point_must_carry_its_methods_name(monkeypatch):
    point = EntryPoint("rough", "p3mbench_methods.coarse.spec:Coarse", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    problems = {entry.name: str(entry.problem) for entry in registry.find()}
    assert "info is named 'coarse'" in problems["rough"]


NANO = next(
    (Path(p3mbench.__file__).parents[1] / "benchmarks" / "mini" / "checkpoints").glob(
        "modnet--*.safetensors"
    )
)


def test_a_checkpoints_options_are_honoured_as_in_a_run(portrait_arrays):
    from p3mbench import checkpoints
    from p3mbench.harness.contenders import Request, contenders
    from p3mbench.registry import get, load_method
    from p3mbench.weights import recorded

    side = recorded(NANO)["options"]["side"]
    assert side != get("modnet").side
    assert load_method("modnet", NANO, "cpu").side == side
    assert load_method("modnet", NANO, "cpu", side=96).side == 96  # the caller's come first
    default = get("modnet").side
    assert load_method("modnet", NANO, "cpu", side=default).side == default
    ready, blocked = contenders(
        Request(methods=(get("modnet"),), variants=("B",), weights={"modnet": [(NANO, None)]}), None
    )
    assert not blocked and ready[0].method.side == side
    assert checkpoints.given(get("modnet").info, NANO, None).options == f'{{"side": {side}}}'


def test_an_unknown_option_in_a_record_is_named_with_the_file(tmp_path):
    from safetensors.torch import load_file, save_file

    from p3mbench.registry import load_method
    from p3mbench.weights import RecordError, recorded

    path = tmp_path / "odd.safetensors"
    record = recorded(NANO) | {"options": {"sides": 3}}
    save_file(load_file(NANO), path, metadata={"p3mbench": json.dumps(record)})
    with pytest.raises(RecordError, match=r"odd.safetensors.*'options'.*no option 'sides'"):
        load_method("modnet", path, "cpu")


@pytest.mark.parametrize("change", [{"options": {"sides": 3}}, {"train_sets": 5}, {"width": "x"}])
def test_an_odd_record_blocks_its_method_and_no_other(tmp_path, change):
    from safetensors.torch import load_file, save_file

    from p3mbench.harness.contenders import Request, contenders
    from p3mbench.registry import get
    from p3mbench.weights import recorded

    path = tmp_path / "odd.safetensors"
    record = recorded(NANO) | change
    save_file(load_file(NANO), path, metadata={"p3mbench": json.dumps(record)})
    methods = (get("coarse"), get("modnet"))
    request = Request(methods=methods, variants=("B",), weights={"modnet": [(path, None)]})
    ready, blocked = contenders(request, None)
    assert [one.method.info.name for one in ready] == ["coarse"]
    (one,) = blocked
    assert "odd.safetensors" in str(one) and next(iter(change)) in str(one)


ENDS = {
    "import sys; sys.exit('bye')": "it ends the program when it is imported (bye)",
    "raise SystemExit": "it ends the program when it is imported (no code)",
    "raise KeyboardInterrupt": "it ends the program when it is imported (no code)",
    "raise GeneratorExit('x')": "GeneratorExit: x",
    "raise ValueError('\\x1b[31mred\\udcff')": "ValueError: \\x1b[31mred\\udcff",
    "raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})": "cannot be read",
}


@pytest.mark.parametrize(("source", "words"), list(ENDS.items()))
def test_a_plugin_that_ends_the_program_is_one_line(tmp_path, monkeypatch, source, words):
    (tmp_path / "ending.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("coarse", "p3mbench_methods.coarse.spec:Coarse", registry.GROUP),
        EntryPoint("ending", "ending:Ending", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    found = {entry.name: entry for entry in registry.find()}
    sys.modules.pop("ending", None)
    assert found["coarse"].method is not None
    assert words in str(found["ending"].problem)
    with pytest.raises(MethodError) as caught:
        registry.find([tmp_path / "ending.py"])
    assert words in str(caught.value)


def test_ctrl_c_while_a_plugin_is_imported_is_ctrl_c(tmp_path):
    """Unlike a KeyboardInterrupt that the plugin raises."""
    slow = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)"
    (tmp_path / "slow.py").write_text(slow)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            registry.find([tmp_path / "slow.py"])
    finally:
        signal.signal(signal.SIGINT, before)


FIELDS = {
    "list": ("field(default_factory=list)", "of the type list"),
    "dict": ("field(default_factory=dict)", "of the type dict"),
    "set": ("field(default_factory=set)", "of the type set"),
    "frozenset": ("frozenset({1})", "of the type frozenset"),
    "bytes": ("b'abc'", "of the type bytes"),
    "array": ("field(default_factory=lambda: np.zeros(3))", "of the type ndarray"),
    "scalar": ("np.float32(0.5)", "of the type float32"),
    "int64": ("np.int64(5)", "of the type int64"),
    "lambda": ("lambda x: x", "of the type function"),
    "path": ("Path('x')", "of the type PosixPath"),
    "enum": ("Colour.RED", "of the type Colour"),
    "complex": ("1j", "of the type complex"),
    "nan": ("float('nan')", "is nan"),
    "inside": ("(1.0, (float('inf'), 2))", "is inf"),
    "deep": ("(1, (b'x',))", "of the type bytes"),
    "lock": ("field(default_factory=threading.Lock)", "of the type lock"),
    "codes": ("'\\x1b[31m'", "text with control characters"),
    "surrogate": ("'\\udcff'", "text with control characters"),
}
ODD = """
import threading
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

class Colour(Enum):
    RED = 1

@dataclass(frozen=True)
class Odd:
    odd: Any = {value}
    info: ClassVar[MethodInfo] = MethodInfo(
        name="odd", title="Odd", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        return np.zeros(image.shape[:2], np.float32)
"""

POST = "    def __post_init__(self):\n        "


@pytest.mark.parametrize(("value", "words"), list(FIELDS.values()), ids=list(FIELDS))
def test_odd_fields_cost_the_method_alone(tmp_path, value, words):
    path = tmp_path / "odd.py"
    path.write_text(ODD.replace("{value}", value))
    (entry,) = [entry for entry in registry.find([path]) if entry.name == "odd"]
    assert entry.method is None and words in str(entry.problem)
    assert "\n" not in str(entry.problem) and str(entry.problem).isprintable()


@pytest.mark.parametrize(
    "value", ["1", "0.5", "True", "None", "'text'", "(1, 'a', (2.0, None))", "np.float64(0.5)"]
)
def test_plain_fields_are_fine(tmp_path, value):
    path = tmp_path / "odd.py"
    path.write_text(ODD.replace("{value}", value))
    assert registry.get("odd", [path]) is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ("    def load", "    def __post_init__(self):\n        1 / 0\n\n    def load"),
            "ZeroDiv",
        ),
        (
            ("    def load", "    def __post_init__(self):\n        exit()\n\n    def load"),
            "ends the",
        ),
        (("    def load", "    __hash__ = None\n\n    def load"), "cannot be hashed"),
        (
            (
                "    def load",
                f"{POST}object.__setattr__(self, 'lock', threading.Lock())\n\n    def load",
            ),
            "cannot be pickled",
        ),
        (("{value}", "field(default=1, init=False)"), "made with other parameters"),
        (('name="odd"', 'name="../odd"'), "its name '../odd' cannot be used: it begins with a dot"),
        (('name="odd"', 'name="org/../../model"'), "it contains '/'"),
        (('name="odd"', 'name="-odd"'), "it begins with '-'"),
        (('name="odd"', 'name="=odd"'), "it begins with '='"),
        (('name="odd"', "name=5"), "it is not text"),
        (('title="Odd"', "title=None"), "its info.title must be of the type str"),
        (('title="Odd"', 'title="\\x1b[2J"'), "its info.title contains control characters"),
        (('title="Odd"', 'title="Odd", version="2"'), "its info.version must be of the type int"),
        (('title="Odd"', 'title="Odd", strategies=()'), "its info.strategies must be names"),
        (('title="Odd"', 'title="Odd", strategies=("a/b",)'), "its info.strategies must be names"),
        (('title="Odd"', 'title="Odd", precisions=("fp8",)'), "its info.precisions contains 'fp8'"),
        (('title="Odd"', 'title="Odd", precisions=("bf16",)'), "must contain fp32"),
    ],
)
def test_odd_classes_cost_the_method_alone(tmp_path, change, words):
    path = tmp_path / "odd.py"
    text = ODD.replace(*change).replace("{value}", "1")
    path.write_text(text)
    broken = [entry for entry in registry.find([path]) if entry.method is None]
    assert len(broken) == 1 and words in str(broken[0].problem)


def test_a_parameter_cannot_be_set_to_what_is_no_number(plugin_file):
    grey = registry.get("grey", [plugin_file])
    for value in ("nan", "inf", "-inf"):
        with pytest.raises(MethodError, match="takes a value of type float"):
            registry.with_options(grey, {"level": value})
