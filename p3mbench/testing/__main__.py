"""The child of `p3mbench.testing.apart`: ``python -m p3mbench.testing REQUEST`` (JSON).

Messages go to the original standard output, one line of JSON each. All output of the plugin goes to
standard error.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from p3mbench.errors import P3MBenchError
from p3mbench.registry import Found, find, get
from p3mbench.testing.checks import CHECKS, findings
from p3mbench.testing.finding import CheckFinding, Status


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.argv[1])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")

    def say(**message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    say(begin="import", method="")
    try:
        for found in _wanted(request["target"], request["plugin"]):
            _check(found, request, say)
    except P3MBenchError as error:
        say(error=str(error))
    say(end=True)
    out.flush()
    os._exit(0)  # remaining threads of the plugin must not delay the caller


def _wanted(name: str, plugin: str | None) -> list[Found]:
    """Return the methods of a plugin file, or the registered method of that name."""
    if plugin is None:
        get(name)  # raises with the nearest names if there is none
        return [found for found in find() if found.name == name]
    path = Path(plugin)
    return [found for found in find([path]) if path.name in found.origin]


def _check(found: Found, request: dict[str, Any], say: Any) -> None:
    done = [check for method, check in request["done"] if method == found.name]
    if found.method is None:
        if CHECKS[0].name not in done:
            mend = "compare it with what p3mbench new-method writes, or with docs/plugins.md"
            finding = CheckFinding(CHECKS[0].name, Status.FAILED, found.problem or "", mend)
            say(method=found.name, finding=finding.__dict__)
        return
    weights = Path(request["weights"]) if request["weights"] else None
    for finding in findings(
        found.method,
        weights,
        request["device"],
        done=done,
        begin=lambda check: say(begin=check, method=found.name),
    ):
        say(method=found.name, finding=finding.__dict__)


if __name__ == "__main__":
    main()
