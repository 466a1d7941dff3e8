# SPDX-License-Identifier: MIT
"""What a run in a suite file looks like: what writing and reading share."""

from collections.abc import Mapping
from math import ceil
from typing import TypeVar

from kbench.catalogue.renamed import present_name

Value = TypeVar("Value")

SCHEMA = 1
"""`kbench_schema` of the runs this kbench writes and the newest it reads. 1: the first."""

# pyperf refuses a benchmark whose runs differ in one of these (_bench._CHECKED_METADATA).
UNIFORM = (
    *("aslr", "cpu_count", "cpu_model_name", "hostname", "inner_loops", "name", "platform"),
    *("python_executable", "python_implementation", "python_unicode", "python_version", "unit"),
)

HISTOGRAM = "kbench_hdr"
"""The metadata key of a run's histogram, and with `_STAGE` behind it of a stage's."""

OUTLIER = "kbench_outlier"
"""The metadata key of a round trip at which `kbench run --stop-above` ended a run."""

LOWEST, HIGHEST, DIGITS = 1, 60_000_000_000, 3
"""Range (ns, or instructions in the lab) and precision of every kbench histogram."""

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9, "p99_99": 99.99}
"""The percentiles of each histogram that a run may hold as figures, by the end of their keys."""


def fewest(percentile: float) -> int:
    """How many events a percentile takes: of fewer it is their maximum, and no figure.

    A median is one of any number.
    """
    return 1 if percentile <= 50 else ceil(round(100 / (100 - percentile), 6))


# Names in suites of older releases, with today's; an entry stays for one release.
RENAMED_KEYS = {
    "kbench_windows": "kbench_phases",
    "kbench_counter_neighbour_cpu_s": "kbench_counter_competitor_cpu_s",
    "kbench_counter_neighbour_share": "kbench_counter_competitor_share",
    "kbench_counter_looks": "kbench_counter_probes",
    "kbench_counter_looks_stale": "kbench_counter_probes_stale",
    "kbench_hdr_look": "kbench_hdr_probe",
    **{f"kbench_look_{name}": f"kbench_probe_{name}" for name in PERCENTILES},
}


def printable(metadata: Mapping[str, Value]) -> dict[str, Value | str]:
    """`metadata` with texts that can be shown on one line, as load() demands them: a host may be
    named with control characters.
    """
    found: dict[str, Value | str] = dict(metadata)
    for key, value in metadata.items():
        if isinstance(value, str):
            text = "".join(char if char.isprintable() else "?" for char in value)
            found[key] = text.strip() or "none"
    return found


def present_names(metadata: Mapping[str, Value]) -> dict[str, Value | str]:
    """`metadata` of a run under today's names: its keys, and the benchmark that is its `name`."""
    found: dict[str, Value | str] = {
        RENAMED_KEYS.get(key, key): value for key, value in metadata.items()
    }
    name = found.get("name")
    if isinstance(name, str):
        found["name"] = present_name(name)
    return found
