"""A report whose names mean something to every format."""

from dataclasses import replace

from fake import DEFAULT, rows

from p3mbench.report import Report, build
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=199)
NASTY = "A_&%$#{}~^\\|<script>*`[x](y)\n\x1b[31m\tß 名"


def nasty() -> Report:
    fakes = [replace(f, title=f"{NASTY} {f.title}", obfuscation=NASTY) for f in DEFAULT]
    return build(rows([replace(f, checkpoint=f"{f.checkpoint}_&|<b>") for f in fakes]), how=QUICK)
