"""Results as Python and notebooks use them: scores, tables, gaps and plots of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.errors import P3MBenchError
from p3mbench.names import unknown

if TYPE_CHECKING:
    import pandas as pd

    from p3mbench.harness.run import RunResult
    from p3mbench.report.analysis import Comparison
    from p3mbench.report.request import ReportRequest
    from p3mbench.report.stored import StoredRows
    from p3mbench.report.tables.model import Report
    from p3mbench.settings import Setting

KINDS = ("trimap-free", "trimap-based")
GAP_COLUMNS = [
    *("benchmark", "kind", "method", "seed", "contrast", "test", "reference", "metric"),
    *("gap", "low", "high", "median", "p", "images"),
]
COLUMNS = (
    *("benchmark", "subset", "variant", "image", "method", "title", "kind", "checkpoint"),
    *("train_setting", "seed", "strategy", "options", "trimap_source", "convention"),
    *("seconds", "device", "flags"),
)
"""The columns of `Results.scores` before those of the metrics; docs/api.md explains them."""


@dataclass(frozen=True)
class Picture:
    """A plot, which a notebook shows.

    Attributes:
        title, caption: in words.
    """

    title: str
    caption: str = field(repr=False)
    _draw: Callable[[str, int], bytes] = field(repr=False, compare=False)

    def save(self, path: str | Path) -> Path:
        """Write the plot; the suffix gives the format: .png, .svg or .pdf.

        Raises:
            ValueError: the suffix is another one.
        """
        from p3mbench.writing import write_bytes

        path = Path(path)
        write_bytes(path, self._draw(path.suffix.lower(), 200))
        return path

    def _repr_png_(self) -> bytes:
        return self._draw(".png", 100)


@dataclass(frozen=True)
class Tables:
    """Tables of results: ``print`` shows text, a notebook shows HTML."""

    report: Report

    def to(self, format: str, *, precision: int | None = None, standalone: bool = False) -> str:
        """Return the tables in a format of ``p3mbench report``.

        Args:
            format: such as ``latex``, ``markdown``, ``csv`` or ``json``.
            precision: decimals of every error; None for each metric's own.
            standalone: LaTeX as a document that compiles by itself.

        Raises:
            ValueError: there is no such format; the message lists them.
        """
        from p3mbench.report.render import render

        return render(self.report, format, precision=precision, standalone=standalone)

    def save(self, path: str | Path) -> Path:
        """Write the tables; the suffix gives the format: .tex, .md, .csv, .json or .txt."""
        from p3mbench.report.render import DEFAULT, suffixes
        from p3mbench.writing import write_text

        path = Path(path)
        write_text(path, self.to(suffixes().get(path.suffix.lower(), DEFAULT)))
        return path

    def __str__(self) -> str:
        return self.to("table")

    def _repr_html_(self) -> str:
        from p3mbench.report.html.fragment import fragment

        return fragment(self.report.tables, self.report.notes)


@dataclass(frozen=True, eq=False)
class Results:
    """The results in a folder, as `p3mbench.run` and `p3mbench.load_results` return them.

    The rows are read from the store when they are first used, and once.

    Attributes:
        folder: of the store.
        outcome: what the run did, if it was run from here: numbers of images and the exit code.
    """

    folder: Path
    outcome: RunResult | None = None

    @cached_property
    def _stored(self) -> StoredRows:
        from p3mbench.report.stored import StoredRows
        from p3mbench.store import Store

        with Store(self.folder) as store:
            return StoredRows.of(store)

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics with scores."""
        return self._stored.metrics

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the rows, such as how many were left out, a line each."""
        return self._stored.notes

    @property
    def scores(self) -> pd.DataFrame:
        """A new DataFrame with a row per scored image: `COLUMNS`, then one column per metric.

        Values are raw: neither scaled nor rounded. Only the rows that count are there, as in a
        report: those of the images as the last run saw them, made by the newest code.
        """
        frame = self._stored.frame
        return self._shown(frame[frame["status"] == "ok"], self.metrics)

    @property
    def failures(self) -> pd.DataFrame:
        """A new DataFrame with a row per image without a score: `COLUMNS`, status and reason."""
        frame = self._stored.frame
        return self._shown(frame[frame["status"] != "ok"], ["status", "reason"])

    @staticmethod
    def _shown(rows: pd.DataFrame, more: Iterable[str]) -> pd.DataFrame:
        return rows[[*COLUMNS, *more]].reset_index(drop=True)

    def gap(
        self, metric: str | None = None, contrast: str | None = None, *, kind: str | None = None
    ) -> pd.DataFrame:
        """Return what hiding faces costs: a row per method and contrast, largest gap first.

        Args:
            metric: a name in `metrics`; None for the paper's (SAD, or SAD-T with trimaps).
            contrast: such as ``PPT gap``; None for all that the rows allow.
            kind: ``trimap-free`` or ``trimap-based``; None for both.

        Returns:
            Columns benchmark, kind, method (its title), seed (of the training), contrast, test and
            reference (settings TRAIN:TEST), metric, gap (test minus reference, raw units, positive
            is worse), low and high (95 % bootstrap interval, NaN with fewer than two images),
            median, p (Holm-corrected), images. Empty if no method has two settings.

        Raises:
            ValueError: there is no such metric, contrast or kind.
        """
        import pandas as pd

        lines = [
            {
                "benchmark": one.entries.benchmark,
                "kind": one.entries.kind,
                "method": gap.entry.name,
                "seed": gap.entry.seed,
                "contrast": found.contrast.name,
                "test": _place(found.contrast.test, found.contrast.test_subset),
                "reference": _place(found.contrast.reference, found.contrast.reference_subset),
                "metric": found.metric,
                "gap": gap.value,
                "low": gap.low,
                "high": gap.high,
                "median": gap.median,
                "p": gap.p_holm,
                "images": gap.n,
            }
            for one in self._comparisons(metric, kind)
            for found in one.gaps_in(metric)
            for gap in sorted(found.gaps, key=lambda gap: -gap.value)
        ]
        names = list(dict.fromkeys(str(line["contrast"]) for line in lines))
        if contrast is not None and contrast not in names:
            raise ValueError(unknown(contrast, names, "contrast"))
        return pd.DataFrame(
            [line for line in lines if contrast in (None, line["contrast"])], columns=GAP_COLUMNS
        )

    def table(
        self,
        *roles: str,
        metrics: str | Iterable[str] | None = None,
        settings: str | Iterable[str] | None = None,
        kind: str | None = None,
        published: bool = False,
    ) -> Tables:
        """Return tables, as ``p3mbench report`` makes them.

        Args:
            roles: which ones: ``settings`` (method x TRAIN:TEST, the default), ``subsets``,
                ``gaps``, ``detail``, ``seeds``, ``published``; ``all`` for every one.
            metrics, settings: to show, in a sequence or joined by commas.
            kind: ``trimap-free`` or ``trimap-based``; None for both.
            published: show published figures beside the measured ones.

        Raises:
            ValueError: the rows lack a metric or setting, or a role or kind does not exist.
        """
        report = self._report(_several(metrics), _several(settings), published=published)
        wanted = roles or ("settings", *(["published"] if published else []))
        chosen = report if "all" in wanted else report.select(*wanted)
        tables = tuple(table for table in chosen.tables if _is_kind(table.kind, kind))
        return Tables(replace(chosen, tables=tables))

    def plot(
        self,
        name: str = "gap",
        *,
        metric: str | None = None,
        kind: str | None = None,
        images: str | Iterable[str] = (),
    ) -> Picture:
        """Return a plot; a notebook shows it, and `Picture.save` writes it.

        Args:
            name: ``gap``, ``scatter``, ``slopes``, ``cumulative``, ``speed``, ``where``,
                ``panels`` or another one of ``p3mbench report --plots``.
            metric: a name in `metrics`; None for the paper's.
            kind: ``trimap-free`` or ``trimap-based``. A plot of one comparison shows the first one
                of this kind.
            images: ids that ``panels`` shows, in a sequence or joined by commas.

        Raises:
            ValueError: there is no such plot, or the rows contain nothing to draw.
        """
        from p3mbench.report.plots import DrawnPer, PlotView, plots
        from p3mbench.report.plots.plot import views
        from p3mbench.report.plots.style import rendered

        if name not in plots():
            raise ValueError(unknown(name, plots(), "plot"))
        found, chosen = plots()[name], self._comparisons(metric, kind)
        pictures, ids = self._stored.pictures, tuple(_several(images) or ())
        every = [view for one in chosen for view in views(found, one, pictures, ids)]
        if found.scope is DrawnPer.REPORT:
            every = [PlotView(tuple(chosen), pictures=pictures, images=ids)]
        for view in every:

            def draw(suffix: str, dpi: int, view: PlotView = view) -> bytes:
                return rendered(lambda: found.draw(view), suffix, dpi) or b""

            if draw(".svg", 100):
                return Picture(found.title_of(view), found.caption_of(view), draw)
        raise ValueError(f"these rows contain nothing that the plot {name} shows")

    def page(self, path: str | Path) -> Path:
        """Write the web page of ``p3mbench report --format html``: one file, no network."""
        from p3mbench.report.html import Page, render_html
        from p3mbench.writing import write_text

        stored, path = self._stored, Path(path)
        write_text(path, render_html(Page(self._report(), stored.runs, stored.pictures)))
        return path

    @cached_property
    def _reports(self) -> dict[ReportRequest, Report]:
        """The reports that were made, by their options: bootstraps take seconds."""
        return {}

    def _report(
        self,
        metrics: Sequence[str] | None = None,
        settings: Sequence[str] | None = None,
        *,
        published: bool = False,
    ) -> Report:
        from p3mbench.report.build import build
        from p3mbench.report.request import ReportRequest

        request = ReportRequest(
            metrics=None if metrics is None else tuple(metrics),
            settings=None if settings is None else tuple(settings),
            published=published,
        )
        if request not in self._reports:
            stored = self._stored
            report = build(stored.frame, request, expected=stored.expected, privacy=stored.privacy)
            self._reports[request] = report.noted(stored.notes)
        return self._reports[request]

    def _comparisons(self, metric: str | None, kind: str | None) -> list[Comparison]:
        every = self._report(None if metric is None else [metric]).comparisons
        return [one for one in every if _is_kind(one.entries.kind, kind)]

    def _summary(self) -> list[str]:
        try:
            frame = self._stored.frame
        except P3MBenchError as error:
            return [str(error)]
        ok = frame[frame["status"] == "ok"]
        lines = [
            f"{len(ok):,} scores: {ok['method'].nunique()} methods, {ok['image'].nunique()} "
            f"images, benchmark {', '.join(sorted(ok['benchmark'].unique())) or 'none'}"
        ]
        if failed := len(frame) - len(ok):
            lines.append(f"{failed:,} images without a score: see .failures")
        runs = self._stored.runs
        blocked = runs[-1].cannot_run if runs else {}
        return lines + [f"{what} cannot run: {reason}" for what, reason in blocked.items()]

    def __repr__(self) -> str:
        return "\n".join([f"Results in {self.folder}", *(f"  {x}" for x in self._summary())])

    def _repr_html_(self) -> str:
        lines = "<br>".join(map(escape, self._summary()))
        head = f"<p><b>Results</b> in {escape(str(self.folder))}<br>{lines}</p>"
        try:
            return head + self.table()._repr_html_()
        except P3MBenchError:
            return head


def _is_kind(found: str, wanted: str | None) -> bool:
    if wanted not in (None, *KINDS):
        raise ValueError(unknown(wanted, KINDS, "kind"))
    return wanted in (None, found)


def _place(setting: Setting, subset: str) -> str:
    """Return a setting, and its subset if the contrast is between subsets."""
    return f"{setting.train}:{setting.test} {subset}".strip()


def _several(names: str | Iterable[str] | None) -> list[str] | None:
    """Return names from a sequence or from text with commas; None if there are none."""
    parts = names.split(",") if isinstance(names, str) else list(names or ())
    return [part.strip() for part in parts if part.strip()] or None
