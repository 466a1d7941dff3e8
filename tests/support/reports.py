# SPDX-License-Identifier: MIT
"""Suites that hold something for every picture of a report: idle policies, stages, a change."""

import math
import random
from pathlib import Path

from support.suites import LAB, Metadata, encoded, histogram, lab_run, write

# policy: CPU seconds a guest second, p50 and p99 of its wake-ups in seconds
POLICIES = {
    "hlt": (0.004, 38e-6, 90e-6),
    "hlt-poll-50us": (0.012, 21e-6, 80e-6),
    "hlt-user": (0.006, 52e-6, 140e-6),
    "mwait-exit": (0.97, 11e-6, 40e-6),
    "spin": (1.0, 6.1e-6, 28e-6),
}
PERCENTILES = {"p50": 50, "p90": 90, "p99": 99, "p99_9": 99.9, "p99_99": 99.99}
EXITS = ("pio_out", "pio_in", "mmio_write", "hlt")


def run(
    median: float, spread: float = 0.05, seed: int = 0, events: int = 300, **more: str | float
) -> Metadata:
    """A host run whose percentiles are those of its histogram; `median` is in seconds."""
    found = histogram(round(median * 1e9), spread, events, seed)
    figures: Metadata = {
        f"kbench_{name}": found.get_value_at_percentile(p) * 1e-9 for name, p in PERCENTILES.items()
    }
    return {
        **figures,
        "kbench_min": found.get_min_value() * 1e-9,
        "kbench_max": found.get_max_value() * 1e-9,
        "kbench_mean": found.get_mean_value() * 1e-9,
        "kbench_count": events,
        "kbench_hdr": encoded(round(median * 1e9), spread, events, seed),
        **more,
    }


def scaled(measured: Metadata, factor: float) -> Metadata:
    """Another run of the same histogram, whose p50, p90 and p99 lie elsewhere by `factor`."""
    moved = ("kbench_p50", "kbench_p90", "kbench_p99")
    return {
        key: float(value) * factor if key in moved else value for key, value in measured.items()
    }


def idle(cost: float, rate: int) -> Metadata:
    """The counters of a second in which `rate` events took `cost` CPU seconds."""
    counters = {"cpu_s": cost, "wall_s": 1.0, "vcpus": 1, "waited_s": 0, "events_handled": rate}
    return {f"kbench_counter_{name}": value for name, value in counters.items()}


def host(path: Path, factor: float = 1.0, runs: int = 20, seed: int = 0) -> Path:
    """A host suite; `factor` slows exit.pio_out and exit.hlt."""
    source = random.Random(f"{factor} {seed}")
    rows: dict[str, list[Metadata]] = {}
    for number, name in enumerate(EXITS):
        slow = factor if name in ("pio_out", "hlt") else 1.0
        typical = (6.5 + 0.4 * number) * 1e-6 * slow
        measured = run(typical, 0.1)
        rows[f"exit.{name}"] = [
            scaled(measured, source.lognormvariate(0, 0.005)) for _ in range(runs)
        ]
    rows["floor.immediate_exit"] = [run(5e-6, 0.02)] * runs
    for pattern in ("tick250", "poisson"):
        for policy, (cost, p50, p99) in POLICIES.items():
            spread = math.log(p99 / p50) / 2.33
            counted = idle(cost, 250 if pattern == "tick250" else 1000)
            rows[f"idle.{pattern}@{policy}"] = [
                run(p50 * (1 + k / 1000), spread, k) | {"value": cost, **counted} for k in range(6)
            ]
    parts = {"late": 0.1, "guest": 0.6, "ack": 0.3}
    for policy in ("hlt", "hlt-user"):
        ns = POLICIES[policy][1] * 1e9
        stages = {f"kbench_hdr_{name}": encoded(round(ns * part)) for name, part in parts.items()}
        rows[f"wake.irqfd@{policy}"] = [{**run(ns / 1e9, 0.1, k), **stages} for k in range(2)]
    rows["exit.pio_in"][0]["kbench_void"] = "the vCPU's thread moved from pCPU 1 to 0"
    rows["exit.hlt"][1]["kbench_warnings"] = "steal 3.1 % of the run"
    return write(path, rows, kbench_backend="pvm", kbench_cpu_model="Test CPU")


def lab(path: Path, extension: str = "none", added: int = 0) -> Path:
    """A lab suite; `added` instructions lengthen exit.hlt."""
    counts = {"pio_out": 3031, "mmio_write": 5134, "hlt": 4119 + added}
    rows = {f"exit.{name}": [lab_run(count)] * 2 for name, count in counts.items()}
    rows["floor.immediate_exit"] = [lab_run(1252)] * 2
    for policy, count, cost in (("hlt", 8168, 0.0009), ("mwait-nop", 6017, 1.0)):
        counted = idle(cost, 250)
        rows[f"idle.tick250@{policy}"] = [lab_run(count, value=cost * 1e9, **counted)] * 2
    pins = {"kbench_pin_qemu": "7.2", "kbench_extension": extension}
    return write(path, rows, **LAB, **pins)


def hundred(path: Path, seed: int) -> Path:
    """100 benchmarks of 6 runs, as a full host run makes them.

    There are 64 different histograms: equal ones are too far apart for gzip to notice.
    """
    measured = [run((5 + k / 4) * 1e-6, 0.3, seed * 100 + k, events=2000) for k in range(64)]
    rows = {}
    for number in range(100):
        family = ("exit", "inkernel", "wake", "floor")[number // 25]
        rows[f"{family}.event{number}"] = [measured[(6 * number + k) % 64] for k in range(6)]
    return write(path, rows)
