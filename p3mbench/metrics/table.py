"""All metrics and regions, collected from the families."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from p3mbench.metrics.families import families
from p3mbench.metrics.family import Family, Metric, Region

METRICS_VERSION = 1  # raise it with every change of stored numbers; part of every row's key


def by_name(metrics: Iterable[Metric]) -> MappingProxyType[str, Metric]:
    """Map names to metrics.

    Raises:
        ValueError: two metrics have the same name.
    """
    found: dict[str, Metric] = {}
    for metric in metrics:
        if metric.name in found:
            raise ValueError(f"two metrics have the same name, {metric.name!r}")
        found[metric.name] = metric
    return MappingProxyType(found)


def regions_of(metrics: Iterable[Metric]) -> MappingProxyType[str, Region]:
    """Map names to the regions of metrics.

    Raises:
        ValueError: two regions have the same name or the same suffix.
    """
    found: dict[str, Region] = {}
    for region in (metric.region for metric in metrics):
        if found.setdefault(region.name, region) is not region:
            raise ValueError(f"two regions have the same name, {region.name!r}")
    suffixes = [region.suffix for region in found.values()]
    twice = next((suffix for suffix in suffixes if suffixes.count(suffix) > 1), None)
    if twice is not None:
        raise ValueError(f"two regions have the same suffix, {twice!r}")
    return MappingProxyType(found)


_FAMILIES: tuple[Family, ...] = families()

METRICS: MappingProxyType[str, Metric] = by_name(m for f in _FAMILIES for m in f.metrics)
"""Every metric by name, in the order of tables."""

REGIONS: MappingProxyType[str, Region] = regions_of(METRICS.values())
"""Every region by name, in the order of the metrics."""

OWN_METRICS: tuple[str, ...] = tuple(m.name for f in _FAMILIES if f.own for m in f.metrics)
"""Metrics of p3mbench itself; they do not depend on the convention."""
