# SPDX-License-Identifier: MIT
"""Measuring on this machine: pyperf worker processes, interleaved over the benchmarks.

pyperf runs all processes of one benchmark, then all of the next, so that drift of the machine
looks like a difference between benchmarks. Here each round runs every benchmark once, in
random order.
"""

import fcntl
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kbench.catalogue import Benchmark
from kbench.errors import KbenchError, Unavailable
from kbench.metrics import metrics
from kbench.record.writer import SuiteWriter
from kbench.targets.options import RunOptions
from kbench.targets.spawn import worker
from kbench.targets.target import RunOutcome, Step


class Host:
    """This machine's /dev/kvm."""

    name = "host"
    unit = "second"

    @property
    def pcpus(self) -> int:
        return len(os.sched_getaffinity(0))

    def obstacles(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        from kbench.worker.probe import obstacles

        return obstacles(benchmarks)

    def measure(
        self,
        benchmarks: Sequence[Benchmark],
        options: RunOptions,
        writer: SuiteWriter,
        *,
        progress: Callable[[Step], None],
    ) -> RunOutcome:
        outcome = RunOutcome()
        loops = {row.name: options.loops or row.loops for row in benchmarks}
        rounds = [bool(options.loops)] * (not options.loops) + [True] * options.processes
        steps = len(benchmarks) * len(rounds)
        done = 0
        with machine_lock():
            for calibrated in rounds:
                for row in random.sample(benchmarks, len(benchmarks)):
                    done += 1
                    if row.name in outcome.skipped or row.name in outcome.failed:
                        continue
                    if row.loops and not calibrated:
                        continue  # the row says how many: nothing to calibrate
                    p50 = None
                    try:
                        output = worker(row.name, options, loops=loops[row.name])
                        if calibrated:
                            p50 = writer.add(output).figure(metrics()["p50"])
                        else:
                            loops[row.name] = calibrated_loops(output)
                    except Unavailable as reason:
                        outcome.skipped[row.name] = str(reason)
                    except KbenchError as error:
                        outcome.failed[row.name] = str(error)
                    state = outcome.state(row.name)
                    progress(Step(row.name, done, steps, self.unit, p50, state))
        return outcome


@contextmanager
def machine_lock() -> Iterator[None]:
    """Let one kbench measure at a time, by an advisory lock on /dev/kvm itself.

    Every user who can measure can take this lock; it leaves no file and ends with the
    process. Raises KbenchError when another kbench holds it.
    """
    try:
        fd = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield  # the first worker reports what is wrong with /dev/kvm
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KbenchError(
                "another kbench is measuring on this machine: wait for it to end"
            ) from None
        yield
    finally:
        os.close(fd)


def calibrated_loops(output: bytes) -> int:
    """The number of loops that a calibration run settled on."""
    suite: dict[str, Any] = json.loads(output)
    (benchmark,) = suite["benchmarks"]
    parts = (suite, benchmark, benchmark["runs"][0])
    return next(
        int(part["metadata"]["calibrate_loops"])
        for part in parts
        if "calibrate_loops" in part.get("metadata", {})
    )
