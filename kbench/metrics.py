# SPDX-License-Identifier: MIT
"""The metrics of kbench, read from `metrics.toml`: one table for JSON, gate and report."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of metrics.toml; the comments at its head say what each key means."""

    name: str
    field: str
    title: str
    unit: str
    direction: Literal["lower", "higher"]
    means: str
    spoils: str
    margin: float | None = None
    exact: bool = False
    unless: str | None = None

    def unit_of(self, benchmark_unit: str) -> str:
        """The pyperf unit of this metric for a benchmark that is measured in `benchmark_unit`."""
        return benchmark_unit if self.unit == "benchmark" else self.unit


@cache
def metrics() -> Mapping[str, Metric]:
    """All metrics by name, in the order of the table (the order in which they are shown)."""
    table = tomllib.loads(files("kbench").joinpath("metrics.toml").read_text("utf-8"))
    return MappingProxyType({name: Metric(name=name, **row) for name, row in table.items()})
