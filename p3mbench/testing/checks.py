"""The list of checks, and the function that runs them on a method.

A check is a function that takes a `CheckedMethod` and returns a line about the result. It raises
`Broken` (or `Odd`, `NotApplicable`) otherwise. To add a check, write the function and add it to
`CHECKS`.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from p3mbench.errors import P3MBenchError
from p3mbench.method import Method, missing_extra
from p3mbench.registry import problem_of_class
from p3mbench.testing import conduct, identity, loading, outputs
from p3mbench.testing.finding import Broken, CheckFinding, Status, one_line
from p3mbench.testing.subject import CheckedMethod, described
from p3mbench.testing.weights import weights_for


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: as printed, one word.
        run: the function.
        needs: name of a check that must pass first; "" for none.
    """

    name: str
    run: Callable[[CheckedMethod], str]
    needs: str = ""


CHECKS = (
    Check("interface", identity.interface),
    Check("metadata", identity.metadata, "interface"),
    Check("options", identity.options, "interface"),
    Check("pickling", identity.pickling, "interface"),
    Check("imports", identity.import_cost, "interface"),
    Check("load", loading.loads, "interface"),
    Check("weights", loading.bad_weights, "load"),
    Check("matte", outputs.matte, "load"),
    Check("contents", outputs.contents, "matte"),
    Check("sizes", outputs.sizes, "matte"),
    Check("strategies", outputs.strategies, "matte"),
    Check("trimap", outputs.trimap, "matte"),
    Check("determinism", conduct.determinism, "matte"),
    Check("order", conduct.order, "matte"),
    Check("inputs", conduct.inputs, "load"),
    Check("alias", conduct.alias, "matte"),
    Check("threads", conduct.threads, "matte"),
    Check("precision", conduct.precision, "matte"),
    Check("memory", conduct.memory, "matte"),
)


def findings(
    method: Method,
    weights: Path | None = None,
    device: str = "cpu",
    *,
    done: Collection[str] = (),
    begin: Callable[[str], None] = lambda name: None,
) -> Iterator[CheckFinding]:
    """Check a method and yield the findings.

    Args:
        method: the method with its options.
        weights: its checkpoint; None looks for one, see `weights_for`.
        device: ``cpu``, ``cuda`` or ``auto``.
        done: names of checks to leave out.
        begin: called with the name of each check before it runs.
    """
    with tempfile.TemporaryDirectory(prefix="p3mbench-check-") as folder:
        subject = _subject(method, weights, device, Path(folder))
        ended: dict[str, Status] = dict.fromkeys(done, Status.OK)
        for check in CHECKS:
            if check.name in done:
                continue
            begin(check.name)
            finding = _finding(check, subject, ended)
            ended[check.name] = finding.status
            yield finding


def _subject(
    method: Method, weights: Path | None, device: str, folder: Path
) -> CheckedMethod | Broken:
    """Return the subject of the checks, or why there is none."""
    from p3mbench.devices import resolve

    cls = method if isinstance(method, type) else type(method)
    problem = problem_of_class(cls)
    if problem:
        return Broken(f"{cls.__name__}: {problem}", "p3mbench new-method writes a correct one")
    missing = missing_extra(method.info)
    if missing:
        return Broken(missing, "install it, then check again")
    try:
        method, path = weights_for(method, weights, folder)
        return CheckedMethod(method, path, resolve(device, method.info.learned), folder)
    except P3MBenchError as error:
        return Broken(one_line(error, 400), "give its checkpoint with --weights FILE")
    except Exception as error:
        return Broken(f"its weights cannot be prepared: {described(error)}")


def _finding(
    check: Check, subject: CheckedMethod | Broken, ended: dict[str, Status]
) -> CheckFinding:
    if isinstance(subject, Broken):
        if check.needs:
            return CheckFinding(check.name, Status.SKIPPED, f"needs {CHECKS[0].name}")
        return CheckFinding(check.name, Status.FAILED, subject.detail, subject.mend)
    if check.needs and ended.get(check.needs) not in (Status.OK, Status.WARNING):
        return CheckFinding(check.name, Status.SKIPPED, f"needs {check.needs}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a method may warn, under pytest too
            return CheckFinding(check.name, Status.OK, one_line(check.run(subject)))
    except Broken as problem:
        return CheckFinding(check.name, problem.status, one_line(problem.detail, 400), problem.mend)
    except Exception as error:  # the method made the check itself fail
        return CheckFinding(check.name, Status.FAILED, described(error))
