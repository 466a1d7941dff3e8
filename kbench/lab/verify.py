# SPDX-License-Identifier: MIT
"""Showing that the lab is exact: everything again, disturbed, and compared bit for bit."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from kbench.kernels.cache import Progress
from kbench.lab.labs import JOBS, Lab, LabResult, measure_all

PASSES = 4
# nproc + 1 CPU hogs preempt every lab all the time.
LOAD = len(os.sched_getaffinity(0)) + 1


@dataclass(frozen=True)
class Mismatch:
    """A benchmark whose counts differ between the first pass and `repetition`."""

    benchmark: str
    repetition: str
    first: str
    again: str


def verify(lab: Lab, benchmarks: Sequence[str], progress: Progress) -> list[Mismatch]:
    """Measure `benchmarks` four times and return what differs from the first time.

    First one lab at a time; then two labs side by side; then in another order; then with
    nproc + 1 CPU hogs running on the host. Whole histograms, sums, extremes, KVM's counters,
    skips and errors are compared.
    """
    progress("one lab at a time")
    first = _pass(lab, benchmarks, 1)
    # Fixed, so that two verifications do the same; any other order would do as well.
    shuffled = random.Random(3).sample(benchmarks, len(benchmarks))
    differences = []
    for repetition, order, load in (
        ("two labs side by side", benchmarks, 0),
        ("in another order", shuffled, 0),
        ("with CPU hogs on the host", benchmarks, LOAD),
    ):
        progress(repetition)
        with busy(load):
            again = _pass(lab, order, JOBS)
        differences += [
            Mismatch(name, repetition, first[name], again[name])
            for name in benchmarks
            if first[name] != again[name]
        ]
    return differences


def _pass(lab: Lab, benchmarks: Sequence[str], jobs: int) -> dict[str, str]:
    """By benchmark, everything that it measured, as text."""
    return {result.benchmark: outcome(result) for result in measure_all(lab, benchmarks, jobs=jobs)}


def outcome(result: LabResult) -> str:
    """All of a result that must repeat, as text; equal results have equal texts."""
    if result.error is not None:
        return f"{type(result.error).__name__}: {result.error}"
    return repr(result.runs) if result.runs else f"skipped: {result.skipped}"


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep that many processes spinning; they end with the block, or with this process."""
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-ISc", "while True: pass"]
    with ExitStack() as stack:
        for _ in range(processes):
            process = stack.enter_context(subprocess.Popen(command, start_new_session=True))
            stack.callback(process.kill)
        yield
