# SPDX-License-Identifier: MIT
"""Measuring on this machine: pyperf worker processes, interleaved over the benchmarks.

pyperf runs all processes of one benchmark, then all of the next, so that drift of the machine
looks like a difference between benchmarks. Here each round runs every benchmark once, in
random order.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from kbench.catalogue import Benchmark
from kbench.errors import KbenchError, Unavailable
from kbench.files import locked
from kbench.metrics import metrics
from kbench.record.writer import SuiteWriter
from kbench.suite.format import OUTLIER
from kbench.targets.options import RunOptions
from kbench.targets.remaining import Remaining
from kbench.targets.spawn import worker
from kbench.targets.target import RunOutcome, Step
from kbench.worker.probe import lacking, obstacles


class HostPlace(Protocol):
    """A machine that measures times: this one, or one of a fleet."""

    name: str

    @property
    def pcpus(self) -> int: ...

    def worker(self, name: str, options: RunOptions, *, loops: int) -> bytes:
        """As spawn.worker()."""

    def lacking(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        """As probe.lacking()."""

    def lock(self, wait: float = 0.0) -> AbstractContextManager[None]:
        """Let one session at a time measure there. Raises KbenchError where another one does
        for `wait` seconds.
        """


class ThisHost:
    """The machine that kbench runs on; its steps need no name."""

    name = ""

    @property
    def pcpus(self) -> int:
        return len(os.sched_getaffinity(0))

    def worker(self, name: str, options: RunOptions, *, loops: int) -> bytes:
        return worker(name, options, loops=loops)

    def lacking(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        return lacking(benchmarks)

    def lock(self, wait: float = 0.0) -> AbstractContextManager[None]:
        return machine_lock(wait)


class Host:
    """The /dev/kvm of a machine, by default this one's."""

    name = "host"
    unit = "second"

    def __init__(self, host: HostPlace | None = None) -> None:
        self._host = host or ThisHost()

    @property
    def pcpus(self) -> int:
        return self._host.pcpus

    def obstacles(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
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
        # A row that says how many loops it takes has nothing to calibrate.
        first = [row for row in benchmarks if not loops[row.name]]
        rounds = [("calibration", first), *[("run", benchmarks)] * options.processes]
        remaining = Remaining((kind, row.name) for kind, rows in rounds for row in rows)
        outcome.skipped |= self._host.lacking(benchmarks)
        for name in outcome.skipped:
            remaining.dropped(name)

        def measured(kind: str, row: Benchmark) -> float | None:
            """The p50 of a run; None of a calibration, and where the outcome says why not."""
            try:
                output = _tried(self._host, row.name, options, loops[row.name])
                if kind == "run":
                    run = writer.add(output)
                    outcome.stopped = row.name if run.get(OUTLIER) else ""
                    return run.figure(metrics()["p50"])
                loops[row.name] = calibrated_loops(output)
            except Unavailable as reason:
                outcome.skipped[row.name] = str(reason)
            except KbenchError as error:
                outcome.failed[row.name] = str(error)
            return None

        with self._host.lock(options.wait):
            for kind, rows in rounds:
                for row in random.sample(rows, len(rows)):
                    if outcome.stopped or outcome.state(row.name):
                        continue
                    start = time.monotonic()
                    p50 = measured(kind, row)
                    remaining.finished(kind, row.name, time.monotonic() - start)
                    if state := outcome.state(row.name):
                        remaining.dropped(row.name)
                    done, left = remaining.done, remaining.seconds()
                    where = self._host.name
                    step = Step(row.name, done, remaining.total, self.unit, p50, state, left, where)
                    progress(step)
        return outcome


def _tried(host: HostPlace, name: str, options: RunOptions, loops: int) -> bytes:
    """A run, once more where only a busy machine may be why it could not measure."""
    from kbench.worker.errors import doubtful

    try:
        return host.worker(name, options, loops=loops)
    except Unavailable as error:
        if not doubtful(str(error)):
            raise
        return host.worker(name, options, loops=loops)


@contextmanager
def machine_lock(wait: float = 0.0) -> Iterator[None]:
    """Let one kbench measure at a time, by an advisory lock on /dev/kvm itself.

    Every user who can measure can take this lock; it leaves no file and ends with the
    process. Raises KbenchError when another kbench holds it for `wait` seconds.
    """
    try:
        fd = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield  # the first worker reports what is wrong with /dev/kvm
        return
    try:
        if not locked(fd, wait):
            raise KbenchError(
                "another kbench is measuring on this machine: --wait SECONDS waits for it to end"
            )
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
