# SPDX-License-Identifier: MIT
"""What makes two measurements comparable: provenance of base against head."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from kbench.metrics import metrics
from kbench.suite.suite import Benchmark

# Numbers whose sources differ in one of these mean different things.
_IDENTITY = ("kbench_target", "kbench_backend", "kbench_cpu_model")
# Results of different lab pins (QEMU, -cpu, kernel, options) are never compared.
_PIN = "kbench_pin_"
# What every run measures anew, or what holds its figures: no condition of the measurement.
# A title is prose, which another release may have said better.
_MEASURED = ("kbench_steal", "kbench_nivcsw", "kbench_load", "kbench_schema", "kbench_title")
_MEASURED_PREFIXES = ("kbench_hdr", "kbench_counter_", "kbench_void", "kbench_warnings")
_PERCENTILE = re.compile(r"_p\d+(_\d+)?$")


@dataclass(frozen=True, slots=True)
class Difference:
    """One condition that differs; `benchmarks` is empty when it does for all in common."""

    key: str
    base: str
    head: str
    benchmarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = ", ".join(self.benchmarks[:3])
        more = f" and {len(self.benchmarks) - 3} more" if len(self.benchmarks) > 3 else ""
        where = f" ({names}{more})" if names else ""
        return f"{self.title}: {_short(self.base)} -> {_short(self.head)}{where}"

    @property
    def title(self) -> str:
        """The key as people say it."""
        return self.key.removeprefix("kbench_").replace("_", " ")

    @property
    def forbids(self) -> bool:
        """Whether numbers on both sides of this difference must not be compared."""
        return _identifies(self.key)


def differences(pairs: Iterable[tuple[Benchmark, Benchmark]]) -> tuple[Difference, ...]:
    """Every condition that differs between base and head of the benchmarks in common."""
    found: dict[tuple[str, str, str], list[str]] = {}
    total = 0
    for base, head in pairs:
        total += 1
        left, right = _conditions(base), _conditions(head)
        # A benchmark's own unit is checked under its name: metadata may leave the default out.
        left["unit"], right["unit"] = base.unit, head.unit
        for key in sorted(left.keys() | right.keys()):
            values = left.get(key, ""), right.get(key, "")
            # Runs from two machines in one side are as little comparable as two sides.
            mixed = key in _IDENTITY and " | " in values[0] + values[1]
            if values[0] != values[1] or mixed:
                found.setdefault((key, *values), []).append(base.name)
    rows = [
        Difference(*what, () if len(names) == total else tuple(names))
        for what, names in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (not row.forbids, row.key)))


def _short(text: str) -> str:
    """A value for people: of a digest its beginning, which tells it from any other."""
    return text[:12] if re.fullmatch(r"[0-9a-f]{40,}", text) else text or "unknown"


def identity(benchmark: Benchmark) -> dict[str, str]:
    """What must be equal for two measurements of a benchmark to be compared."""
    found = {key: text for key, text in _conditions(benchmark).items() if _identifies(key)}
    return {**found, "unit": benchmark.unit}


def _identifies(key: str) -> bool:
    return key in _IDENTITY or key == "unit" or key.startswith(_PIN)


def is_condition(key: str) -> bool:
    """Whether a run's metadata `key` says how it was measured, rather than what came out."""
    if key == "hostname" or key.startswith(_PIN):
        return True
    return (
        key.startswith("kbench_")
        and key not in _figures()
        and not key.startswith(_MEASURED_PREFIXES)
        and not _PERCENTILE.search(key)
    )


@cache
def _figures() -> frozenset[str]:
    return frozenset(_MEASURED).union(metric.field for metric in metrics().values())


def _conditions(benchmark: Benchmark) -> dict[str, str]:
    keys: set[str] = set(benchmark.runs[0].common).union(*(run.own for run in benchmark.runs))
    return {key: benchmark.provenance(key) for key in keys if is_condition(key)}
