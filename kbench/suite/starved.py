# SPDX-License-Identifier: MIT
"""What other tasks took from a run on the host, by the run's own counters of the scheduler.

Other tasks on the pCPU of a measured thread lengthen some of its events by whole time slices,
and what a spinning vCPU could not run looks like a pCPU that it left alone.
"""

from collections.abc import Sequence
from statistics import median

from kbench.suite.suite import Benchmark, Run

# Of a run's time; below it a share of a pCPU is off by less than other runs differ.
MUCH = 0.1
PERCENTILES = (50.0, 90.0, 99.0, 99.9)
ONE_THREAD = ("exit", "floor", "inkernel")
SHARE_NOTE = (
    "other tasks kept its thread off the pCPU more than a tenth of the time: 'of a pCPU' is its "
    "share of the rest"
)


def waited(run: Run) -> float:
    """The fraction of the run's time in which its vCPU threads waited for a pCPU."""
    seconds = (run.number("kbench_counter_wall_s") or 0) * (run.number("kbench_counter_vcpus") or 1)
    return (run.number("kbench_counter_waited_s") or 0) / seconds if seconds else 0.0


def share(runs: Sequence[Run], *, contended: bool) -> float:
    """CPU time of a vCPU's thread over the time, 1 being a whole pCPU: the median of the runs.

    Where other tasks kept the threads waiting (`contended` says that this is meant) the time is
    what was left to them: a vCPU that spins costs a whole pCPU, however little it got.
    """
    starved = not contended and median(map(waited, runs)) > MUCH
    return median(_share(run, starved=starved) for run in runs)


def _share(run: Run, *, starved: bool) -> float:
    vcpus = run.number("kbench_counter_vcpus") or 1
    seconds = (run.number("kbench_counter_wall_s") or 1) * vcpus
    left = seconds - (run.number("kbench_counter_waited_s") or 0) if starved else seconds
    return (run.number("kbench_counter_cpu_s") or 0) / left


def notes(benchmark: Benchmark) -> list[str]:
    """What a reader must know of the figures: which are other tasks', a sentence each."""
    if benchmark.provenance("kbench_target") != "host" or not benchmark.good:
        return []
    family = benchmark.name.partition(".")[0]
    if family in ONE_THREAD:
        switches = sum(run.number("kbench_nivcsw") or 0 for run in benchmark.good)
        events = sum(run.number("kbench_count") or 0 for run in benchmark.good)
        for percentile in PERCENTILES:
            if events and switches / events >= 1 - percentile / 100:
                return [f"other tasks took its pCPU: p{percentile:g} and what is above are theirs"]
        return []
    if family == "idle" and median(map(waited, benchmark.good)) > MUCH:
        return [SHARE_NOTE]
    return []


def condition(benchmark: Benchmark) -> str:
    """How busy the machine was, for a comparison: "" where other tasks took next to nothing."""
    starved = sum(waited(run) > MUCH for run in benchmark.good)
    if benchmark.provenance("kbench_target") != "host" or not starved:
        return ""
    loads = [run.number("kbench_load") or 0.0 for run in benchmark.good]
    return f"took the pCPU in {starved} of {len(loads)} runs, load {median(loads):.0f}"
