# SPDX-License-Identifier: MIT
"""Suites for tests: real pyperf files, written through pyperf's own API."""

import io
import random
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pyperf
from hdrh.histogram import HdrHistogram

from kbench.suite.format import DIGITS, HIGHEST, LOWEST

Metadata = dict[str, str | int | float]

PROVENANCE: Metadata = {
    "kbench_schema": 1,
    "kbench_target": "host",
    "kbench_backend": "vmx",
    "kbench_cpu_model": "Test CPU 1",
    "kbench_kernel": "6.1.0-test",
    "kbench_kvm_srcversion": "0123456789ABCDEF",
    "kbench_guest_sha256": "0" * 64,
    "kbench_version": "0.1.0",
}
LAB = {"kbench_target": "lab", "kbench_backend": "svm-tcg", "kbench_cpu_model": "QEMU TCG"}


@cache
def histogram(median: int, spread: float = 0.05, events: int = 200, seed: int = 0) -> HdrHistogram:
    """A log-normal histogram, cut off at its range; spread 0 gives `events` equal values."""
    source = random.Random(f"{median} {spread} {seed}")
    result = HdrHistogram(LOWEST, HIGHEST, DIGITS)
    for _ in range(events):
        value = round(median * source.lognormvariate(0, spread))
        assert result.record_value(min(HIGHEST, max(LOWEST, value)))
    return result


@cache
def encoded(median: int, spread: float = 0.05, events: int = 200, seed: int = 0) -> str:
    """The histogram as the text that a run's kbench_hdr holds."""
    return str(histogram(median, spread, events, seed).encode().decode())


def host_run(median: float, **metadata: str | int | float) -> Metadata:
    """Metadata of a host run with a median of `median` seconds."""
    return {
        "kbench_p50": median,
        "kbench_p90": median * 1.1,
        "kbench_p99": median * 1.5,
        "kbench_p99_9": median * 3,
        "kbench_p99_99": median * 30,
        "kbench_min": median * 0.9,
        "kbench_max": median * 100,
        "kbench_mean": median * 1.05,
        "kbench_count": 200,
        "kbench_hdr": encoded(6000),
        **metadata,
    }


def lab_run(count: int, **metadata: str | int | float) -> Metadata:
    """Metadata of a lab run whose round trips all take `count` instructions."""
    names = ("p50", "p90", "p99", "p99_9", "p99_99", "min", "max", "mean")
    figures = {f"kbench_{name}": count for name in names}
    return {
        **figures,
        "kbench_count": 200,
        "kbench_hdr": encoded(count, 0.0),
        "unit": "integer",
        **metadata,
    }


STOPPED: Metadata = {
    "kbench_stop_above": 5e-5,
    "kbench_outlier": 1.68e-4,
    "kbench_outlier_cpu": 8.02e-5,
    "kbench_counter_outlier_number": 15,
    "kbench_counter_outlier_first_pcpu": 1,
    "kbench_counter_outlier_last_pcpu": 0,
    "kbench_counter_outlier_voluntary_switches": 0,
    "kbench_counter_outlier_involuntary_switches": 1,
    "kbench_counter_outlier_minor_faults": 2,
    "kbench_counter_outlier_major_faults": 0,
    "kbench_outlier_trace": (
        '[[17095, 1, "python3-13346", "local_timer_entry", "vector=236"],'
        ' [38700, 1, "python3-13346", "sched_switch", "prev_comm=python3 ==> next_comm=cc"]]'
    ),
    "kbench_void": "--stop-above ended it",
}
"""What a run has besides that --stop-above ended."""


def noisy(median: float, runs: int, seed: int, spread: float = 0.02) -> list[Metadata]:
    """`runs` host runs whose medians scatter by `spread` around `median` seconds."""
    source = random.Random(seed)
    return [host_run(median * source.lognormvariate(0, spread)) for _ in range(runs)]


def write(
    path: Path,
    benchmarks: Mapping[str, Sequence[Metadata]],
    **provenance: str | int | float,
) -> Path:
    """Write a suite file: the metadata of each run by benchmark; `provenance` is that of all."""
    made = []
    for name, runs in benchmarks.items():
        made.append(
            pyperf.Benchmark(
                [
                    pyperf.Run(
                        [float(run.get("value", run.get("kbench_mean", 1e-6)))],
                        metadata={**PROVENANCE, "name": name, **provenance, **run, "loops": 200},
                        collect_metadata=False,
                    )
                    for run in runs
                ]
            )
        )
    pyperf.BenchmarkSuite(made).dump(str(path), replace=True)
    return path


def output(name: str, value: float, **metadata: str | int) -> bytes:
    """What a worker writes for one run."""
    about = {**PROVENANCE, **host_run(value), "name": name, "loops": 1, **metadata}
    run = pyperf.Run([value], metadata=about, collect_metadata=False)
    stream = io.StringIO()
    pyperf.BenchmarkSuite([pyperf.Benchmark([run])]).dump(stream)
    return stream.getvalue().encode()
