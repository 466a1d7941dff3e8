# SPDX-License-Identifier: MIT
"""The lab as a target of `kbench run`: results become runs of a pyperf suite.

A benchmark has one run, or the windows of a sample; measured again they are the same, bit for
bit (`kbench lab verify` shows it).
"""

import json
import random
import time
from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import kbench
from kbench._native.hdr import BUCKETS
from kbench.catalogue import Benchmark
from kbench.errors import KbenchError
from kbench.kernels.cache import Progress, silent
from kbench.kernels.debian import DEFAULT
from kbench.lab import labs, protocol
from kbench.lab.vm.machines import SVM, LabMachine
from kbench.metrics import metrics
from kbench.record.recording import Metadata, Recording, metadata
from kbench.record.writer import SuiteWriter
from kbench.suite.format import OUTLIER
from kbench.targets.options import RunOptions
from kbench.targets.remaining import Remaining
from kbench.targets.target import RunOutcome, Step
from kbench.worker.probe import representative

# pyperf takes no value of 0: that of a run without an event, whose mark says that it is void,
# or of events that took no instruction.
NOTHING = 1.0


class LabTarget:
    """The lab of one kernel and one variant of KVM; `jobs` labs side by side."""

    name = "lab"
    unit = "integer"
    pcpus = 1

    def __init__(
        self,
        kernel: str = DEFAULT,
        variant: str = labs.STOCK,
        jobs: int = labs.JOBS,
        report: Progress = silent,
        more: Callable[[labs.Lab, str], Metadata] | None = None,
        place: labs.LabPlace[Any] = labs,
        machine: LabMachine = SVM,
    ) -> None:
        """`more` gives further metadata of a benchmark's last run, as it is measured in a lab.

        `place` is where the labs run.
        """
        self._kernel = kernel
        self._variant = variant
        self._jobs = jobs
        self._report = report
        self._more = more
        self._place = place
        self._machine = machine

    def obstacles(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        """Why there can be no lab here; what a lab lacks is only known when it has tried."""
        reason = self._machine.obstacle()
        return {row.name: reason for row in benchmarks}

    def measure(
        self,
        benchmarks: Sequence[Benchmark],
        options: RunOptions,
        writer: SuiteWriter,
        *,
        progress: Callable[[Step], None],
    ) -> RunOutcome:
        """One run of each benchmark; of `options`, the lab heeds `limit` (virtual seconds) and
        `stop_above` alone.

        Raises LabError when the lab cannot be made ready; a benchmark's own failure is in the
        RunOutcome.
        """
        outcome = RunOutcome()
        lab = self._place.prepare(self._kernel, self._variant, self._report, self._machine)
        remaining = Remaining(("run", row.name) for row in benchmarks)
        # The order is no matter here: mixed, those that are done are a sample of those that follow.
        for part in _in_turn(random.Random(0).sample(benchmarks, len(benchmarks))):
            todo = {}
            for row in part:
                # What a policy lacks, all its rows lack: no need to ask in each.
                if reason := outcome.skipped.get(representative(row).name):
                    outcome.skipped[row.name] = reason
                    remaining.dropped(row.name)
                else:
                    todo[row.name] = row.title
            results = self._place.measure_all(
                lab,
                list(todo),
                jobs=self._jobs,
                run_seconds=options.limit,
                stop_above=options.stop_above,
            )
            start = time.monotonic()
            for result in results:
                p50 = None
                if result.error is not None:
                    outcome.failed[result.benchmark] = f"{result.benchmark}: {result.error}"
                elif result.skipped:
                    outcome.skipped[result.benchmark] = result.skipped
                else:
                    try:
                        more = self._more(lab, result.benchmark) if self._more else {}
                        for counts in result.runs:
                            last = more if counts is result.runs[-1] else {}
                            run = writer.add(suite(result, counts, todo[result.benchmark], last))
                            p50 = run.figure(metrics()["p50"])
                            outcome.stopped = result.benchmark if run.get(OUTLIER) else ""
                    except KbenchError as error:
                        outcome.failed[result.benchmark] = str(error)
                now = time.monotonic()
                remaining.finished("run", result.benchmark, now - start)
                start = now
                state = outcome.state(result.benchmark)
                done, left = remaining.done, remaining.seconds()
                step = Step(
                    result.benchmark,
                    done,
                    remaining.total,
                    self.unit,
                    p50,
                    state,
                    left,
                    result.where,
                )
                progress(step)
                if outcome.stopped:
                    return outcome  # and with the iterator end the labs
        return outcome


def _in_turn(rows: Sequence[Benchmark]) -> tuple[list[Benchmark], list[Benchmark]]:
    """Those whose obstacle is that of others first, then the others."""
    leaders = [row for row in rows if representative(row) == row]
    return leaders, [row for row in rows if row not in leaders]


def suite(
    result: labs.LabResult, counts: protocol.Counts, title: str, more: Metadata | None = None
) -> bytes:
    """The pyperf JSON of one run of a result: one benchmark, unit "integer"."""
    recording = Recording(
        buckets=_buckets(counts.buckets),
        count=counts.count,
        minimum=counts.minimum,
        maximum=counts.maximum,
        total=counts.total,
        counters=counts.counters,
        void=counts.void,
        warnings=counts.warnings,
        figures=counts.figures,
        stages={name: _buckets(pairs) for name, pairs in counts.stages.items()},
        value=counts.value,
        marks=counts.marks,
    )
    value = counts.value if counts.value is not None else counts.total / max(counts.count, 1)
    run: Metadata = {
        "name": result.benchmark,
        "unit": "integer",
        "loops": max(counts.count, 1),
        "date": f"{datetime.now():%Y-%m-%d %H:%M:%S.%f}",
        "duration": result.wall_seconds,
        "kbench_title": title,
        **metadata(recording, "integer"),
        **provenance(result),
        **(more or {}),
    }
    if len(result.runs) > 1:
        run["kbench_phases"] = len(result.runs)
    benchmark = {"runs": [{"values": [value or NOTHING], "metadata": run}]}
    return json.dumps({"version": "1.0", "benchmarks": [benchmark]}).encode()


def _buckets(pairs: Sequence[tuple[int, int]]) -> "array[int]":
    buckets = array("Q", bytes(8 * BUCKETS))
    for index, count in pairs:
        buckets[index] = count
    return buckets


def provenance(result: labs.LabResult) -> Metadata:
    """What identifies the run; `kbench_pin_*` must be equal for two counts to be compared."""
    counts = result.counts
    variant, modules = result.kvm
    return {
        **result.facts,
        **{f"kbench_pin_{name}": value for name, value in result.identity.items()},
        "kbench_target": "lab",
        "kbench_backend": result.backend,
        "kbench_version": kbench.__version__,
        "kbench_kvm_srcversion": modules,
        "kbench_extension": variant,
        "kbench_guest_sha256": counts.guest_sha256 if counts else "none",
    }
