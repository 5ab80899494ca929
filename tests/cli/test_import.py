"""``p3mbench import`` and ``compare``: an export comes back equal."""

from __future__ import annotations

import csv
import io

from calls import call


def test_an_export_comes_back_equal(stored, tmp_path):
    rows, out = tmp_path / "rows.csv", tmp_path / "imported"
    call("report", "--results", stored, "--per-image", "--format", "csv", "--out", rows)
    assert "10 rows stored" in call("import", rows, "--out", out).stdout
    same = call("compare", stored, out, "--exit-code")
    assert same.exit_code == 0 and "10 of 10 common rows have equal scores" in same.stdout
    text = rows.read_text()
    rows.write_text(text.replace(",ok,", ",failed,", 1))  # a failure never replaces a score
    assert call("import", rows, "--out", out).exit_code == 0
    assert call("compare", stored, out, "--exit-code").exit_code == 0
    header, first, *others = csv.reader(io.StringIO(text))
    first[header.index("grad")] = "123.5"  # no other score tells what it can be
    with rows.open("w", newline="") as file:
        csv.writer(file).writerows([header, first, *others])
    assert call("import", rows, "--out", out).exit_code == 0
    assert call("compare", stored, out, "--exit-code").exit_code == 1
