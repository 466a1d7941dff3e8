# SPDX-License-Identifier: MIT
"""The round trips at which `kbench run --stop-above` stopped, from the runs of a suite."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from kbench.errors import KbenchError
from kbench.suite.format import OUTLIER
from kbench.suite.suite import Benchmark, Run

LONGEST_NS = 1 << 63
LARGEST = 1 << 20  # bytes of a trace: some 10,000 events


class TraceEvent(msgspec.Struct, array_like=True, frozen=True):
    """An event of the kernel: `at` ns after the round trip began, on `pcpu`, while `task` ran."""

    at: int
    pcpu: int
    task: str
    event: str
    details: str


@dataclass(frozen=True, slots=True)
class OutlierRun:
    """One round trip beyond `limit`; `took`, `limit` and `on_pcpu` are in the benchmark's unit.

    It was the round trip `number` of the run `run` (both from 1). `on_pcpu` is the CPU time of the
    vCPU's thread meanwhile; `pcpus` are where it was before and after. `trace` is empty where
    the kernel's trace was not to be had.
    """

    run: int
    number: int
    took: float
    limit: float
    on_pcpu: float
    pcpus: tuple[int, int]
    voluntary_switches: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int
    trace: tuple[TraceEvent, ...] = ()


def outliers(benchmark: Benchmark) -> tuple[OutlierRun, ...]:
    """Those of all runs, void ones included. Raises KbenchError where one is damaged."""
    try:
        return tuple(_outliers(benchmark))
    except KbenchError as error:
        raise KbenchError(f"{benchmark.name}: {error}") from None


def _outliers(benchmark: Benchmark) -> Iterator[OutlierRun]:
    for index, run in enumerate(benchmark.runs, start=1):
        if run.get(OUTLIER) is None:
            continue

        def count(name: str, run: Run = run) -> int:
            return int(_number(run, f"kbench_counter_outlier_{name}"))

        yield OutlierRun(
            run=index,
            number=count("number"),
            took=_number(run, OUTLIER),
            limit=_number(run, "kbench_stop_above"),
            on_pcpu=_number(run, "kbench_outlier_cpu"),
            pcpus=(count("first_pcpu"), count("last_pcpu")),
            voluntary_switches=count("voluntary_switches"),
            involuntary_switches=count("involuntary_switches"),
            minor_faults=count("minor_faults"),
            major_faults=count("major_faults"),
            trace=_trace(str(run.get("kbench_outlier_trace") or "[]")),
        )


def _number(run: Run, key: str) -> float:
    value = run.number(key)
    if value is None:
        raise KbenchError(f"a run with {OUTLIER} lacks {key}")
    return value


def _trace(text: str) -> tuple[TraceEvent, ...]:
    try:
        events = msgspec.json.decode(text[:LARGEST], type=tuple[TraceEvent, ...])
    except (msgspec.DecodeError, RecursionError) as error:
        raise KbenchError(f"kbench_outlier_trace is damaged: {error}") from None
    for event in events:
        words = event.task + event.event + event.details
        if not (words.isprintable() and 0 <= event.at < LONGEST_NS):
            raise KbenchError("kbench_outlier_trace is damaged: an event is none")
    return events
