# SPDX-License-Identifier: MIT
"""What makes two measurements comparable: provenance of base against head."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from kbench.metrics import metrics
from kbench.suite import functions, starved
from kbench.suite.format import OUTLIER
from kbench.suite.suite import Benchmark

# Figures measured under two values of one of these mean different things.
_IDENTITY = ("kbench_target", "kbench_backend", "kbench_cpu_model")
# What identifies the lab (QEMU, -cpu, kernel, options): different ones are never compared,
# but for the kernel where it is what the comparison is about.
_PIN = "kbench_pin_"
KERNEL = "kbench_pin_kernel"
# Figures of a run, and what each run measures anew: not conditions of the measurement.
# A title is prose, and may be reworded by a release.
_MEASURED = (
    *("kbench_steal", "kbench_nivcsw", "kbench_load", "kbench_schema", "kbench_title"),
    functions.KEY,
)
# Derived from the runs' counters, where it is more than next to nothing.
OTHER_TASKS = "other_tasks"
_MEASURED_PREFIXES = (
    *("kbench_hdr", "kbench_counter_", "kbench_void", "kbench_warnings"),
    OUTLIER,
)
_PERCENTILE = re.compile(r"_p\d+(_\d+)?$")


@dataclass(frozen=True, slots=True)
class Difference:
    """A condition that differs; `benchmarks` is empty where it does in all that are compared."""

    key: str
    base: str
    head: str
    benchmarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = ", ".join(self.benchmarks[:3])
        more = f" and {len(self.benchmarks) - 3} more" if len(self.benchmarks) > 3 else ""
        where = f" ({names}{more})" if names else ""
        return f"{condition(self.key)}: {_short(self.base)} -> {_short(self.head)}{where}"

    @property
    def forbids(self) -> bool:
        """Whether figures must not be compared across this difference."""
        return _identifies(self.key)


def condition(key: str) -> str:
    """A key of provenance in words: `lab kernel` for kbench_pin_kernel."""
    text = f"lab {key.removeprefix(_PIN)}" if key.startswith(_PIN) else key
    return text.removeprefix("kbench_").replace("_", " ")


def differences(pairs: Iterable[tuple[Benchmark, Benchmark]]) -> tuple[Difference, ...]:
    """The conditions that differ between base and head, over the benchmarks of both."""
    found: dict[tuple[str, str, str], list[str]] = {}
    total = 0
    for base, head in pairs:
        total += 1
        left, right = _conditions(base), _conditions(head)
        # The unit is compared as read: metadata omits the default.
        left["unit"], right["unit"] = base.unit, head.unit
        for key in sorted(left.keys() | right.keys()):
            absent = "none" if key == OTHER_TASKS else ""
            values = left.get(key, absent), right.get(key, absent)
            # Runs of two machines within one side cannot be compared either.
            mixed = key in _IDENTITY and " | " in values[0] + values[1]
            if values[0] != values[1] or mixed:
                found.setdefault((key, *values), []).append(base.name)
    rows = [
        Difference(*what, () if len(names) == total else tuple(names))
        for what, names in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (not row.forbids, row.key)))


def _short(text: str) -> str:
    """A value as people read it: of a digest, the first digits."""
    return text[:12] if re.fullmatch(r"[0-9a-f]{40,}", text) else text or "unknown"


def identity(benchmark: Benchmark) -> dict[str, str]:
    """The conditions that must be equal for two measurements of a benchmark to be compared."""
    found = {key: text for key, text in _conditions(benchmark).items() if _identifies(key)}
    return {**found, "unit": benchmark.unit}


def _identifies(key: str) -> bool:
    return key in _IDENTITY or key == "unit" or key.startswith(_PIN)


def is_condition(key: str) -> bool:
    """Whether a run's metadata `key` is a condition of the measurement, not a result."""
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
    found = {key: benchmark.provenance(key) for key in keys if is_condition(key)}
    return {**found, OTHER_TASKS: text} if (text := starved.condition(benchmark)) else found
