# SPDX-License-Identifier: MIT
"""A benchmark of idle guests in figures: pCPU time burnt, wakeup latency, and the work done."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from kbench.metrics import metrics
from kbench.suite.scope import scope_of
from kbench.suite.starved import share, waited
from kbench.suite.suite import Benchmark, Run

BUSY = 0.99
"""The share of a pCPU from which a vCPU's thread counts as one that never blocks."""


@dataclass(frozen=True, slots=True)
class IdleSummary:
    """Medians over the good runs.

    `wake_source` is what fires the events (kbench.suite.scope): policies of two are not compared.
    `share` is the CPU time of a vCPU's thread per second: 1 is a whole pCPU. `event` is that time
    in ns and `event_exits` the exits for each event handled, None where there was none; `busy`
    says that the thread never left its pCPU, so that `event` is only the window's. `wake` is the
    p50 of the guest's wakeup latency in the benchmark's unit, None where the runs say that it is
    none (kbench_no_latency). `progress` is the fraction of due events that the guest handled
    within the window. `work` is the VMM's items of work per
    second, None where it had none, and `work_range` the least and the most of a single run.
    `competitor` is the share of the pCPU that a competing task got, None where there was none.
    """

    policy: str
    wake_source: str
    share: float
    event: float | None
    event_exits: float | None
    busy: bool
    wake: float | None
    exits: float
    progress: float
    work: float | None
    work_range: tuple[float, float] | None
    competitor: float | None


def summarize_idle(benchmark: Benchmark) -> IdleSummary | None:
    """The IdleSummary of `benchmark`; None where it is of no family of idle guests."""
    runs = [run for run in benchmark.good if run.get("kbench_counter_progress") is not None]
    if not runs or "@" not in benchmark.name:
        return None
    urgent = benchmark.name.startswith("work.urgent@")
    p50 = metrics()["p50"]
    wanted = [share([run], contended=True) + waited(run) for run in runs]
    wake = [run.get("kbench_wake_p50") if urgent else run.figure(p50) for run in runs]
    late = [float(value) for value in wake if isinstance(value, int | float)]
    if benchmark.provenance("kbench_no_latency"):
        late = []
    works = benchmark.name.startswith("work.")
    competitor = [
        _number(run, "competitor_share")
        for run in runs
        if run.get("kbench_counter_competitor_share") is not None
    ]
    done = [_number(run, "work_per_s") for run in runs]
    return IdleSummary(
        policy=benchmark.name.partition("@")[2],
        wake_source=scope_of(benchmark).wake_source,
        # In the lab, and where the VMM or a competitor works, who gets the pCPU is the subject.
        share=share(
            runs,
            contended=benchmark.provenance("kbench_target") != "host"
            or not benchmark.name.startswith("idle."),
        ),
        event=_per_event(runs, "cpu_s", 1e9),
        event_exits=_per_event(runs, "kvm_exits"),
        busy=median(wanted) >= BUSY,
        wake=median(late) if late and not benchmark.name.startswith("hunt.") else None,
        exits=median(_number(run, "exits_per_s") for run in runs),
        progress=median(_number(run, "progress") for run in runs),
        work=median(done) if works else None,
        work_range=(min(done), max(done)) if works else None,
        competitor=median(competitor) if competitor else None,
    )


def _per_event(runs: Sequence[Run], counter: str, scale: float = 1.0) -> float | None:
    found = [
        scale * _number(run, counter) / events
        for run in runs
        if (events := _number(run, "events_handled"))
    ]
    return median(found) if found else None


def _number(run: Run, counter: str) -> float:
    value = run.get(f"kbench_counter_{counter}")
    return float(value) if isinstance(value, int | float) else 0.0
