# SPDX-License-Identifier: MIT
"""The loop that stops at the first round trip beyond a limit, and what is known of that one.

Figures, counters and marks of the run get it, under names that begin with `outlier`
(docs/outliers.md). kbench.targets.tracing makes the trace that is read here.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from kbench._abi import lib
from kbench._native import outliers
from kbench._native.hdr import Histogram
from kbench._native.outliers import Outlier
from kbench._native.watchdog import Watchdog
from kbench.catalogue import RoundTrip
from kbench.kvm import Vcpu
from kbench.record.recording import Recording

MOST_EVENTS = 200
"""The last ones before the end are kept: some 20 kB of a suite."""

COUNTS = ("voluntary_switches", "involuntary_switches", "minor_faults", "major_faults")
STOPPED = "--stop-above ended it at a round trip beyond the limit"
NOTE = (
    "--stop-above: the thread's counters are read between the round trips, and where the kernel "
    "traces, its tracepoints are in them"
)
WENT_ON = "--stop-above: the kernel's trace could not be stopped, and may lack events"

# "  name-1234   [001] d..2. 123456789012: sched_switch: prev_comm=...", with the clock x86-tsc
LINE = re.compile(r"^\s*(.+)-(\d+)\s+\[(\d+)\]\s+\S+\s+(\d+): (\w+): (.*)$")
Event = tuple[int, int, str, str, str]
"""TSC ticks since the round trip began (in a suite ns), CPU, task, event, its details."""


class Stopper:
    """What stops one vCPU's round trips; close() closes its files.

    `limit_ns` is the longest that is let pass (in the lab: instructions). `trace` is the
    directory of an instance of tracefs, None for no trace.
    """

    def __init__(self, limit_ns: float, tsc_khz: int, trace: Path | None) -> None:
        self.limit_ns = limit_ns
        self._tsc_khz = tsc_khz
        self._trace = trace
        self._files = ExitStack()
        marker, tracing_on = (self._open(name) for name in ("trace_marker", "tracing_on"))
        if tracing_on >= 0:
            os.write(tracing_on, b"1")
        self._outlier = Outlier(round(limit_ns * tsc_khz / 1e6), marker, tracing_on)

    @property
    def stopped(self) -> bool:
        """Whether a round trip went beyond the limit."""
        return self._outlier.ticks > 0

    def loop(
        self, benchmark: RoundTrip, vcpu: Vcpu, histogram: Histogram, watchdog: Watchdog
    ) -> Callable[[int], tuple[int, int]]:
        """A loop of kbench.worker.roundtrip.loops that ends early at a round trip beyond it."""
        expect, halts = getattr(lib, benchmark.expect), benchmark.loop == "halt"
        return lambda n: outliers.round_trips(
            vcpu.fd, expect, n, histogram, watchdog, self._outlier, halts
        )

    def added(self, found: Recording) -> Recording:
        """What was recorded, with the limit, and with the round trip that went beyond it.

        It is void then: where it ended was not by chance.
        """
        figures = {**found.figures, "stop_above": self.limit_ns}
        warnings = (*found.warnings, NOTE)
        if not self.stopped:
            return replace(found, figures=figures, warnings=warnings)
        took = self._ns(self._outlier.ticks)
        figures |= {"outlier": took, "outlier_cpu": float(self._outlier.cpu_ns)}
        first, last = self._outlier.cpus
        counters = {
            "outlier_number": found.count,
            "outlier_first_pcpu": first,
            "outlier_last_pcpu": last,
            **{f"outlier_{name}": n for name, n in zip(COUNTS, self._outlier.counts, strict=True)},
        }
        return replace(
            found,
            figures=figures,
            warnings=warnings if self._outlier.frozen else (*warnings, WENT_ON),
            counters={**found.counters, **counters},
            marks={**found.marks, **self._traced()},
            void=found.void or STOPPED,
        )

    def close(self) -> None:
        """Close what is open of the trace."""
        self._files.close()

    def _traced(self) -> dict[str, str]:
        """The trace as a JSON list of Events; nothing where the kernel traced none."""
        if self._trace is None:
            return {}
        text = (self._trace / "trace").read_text(errors="replace")
        begin, cpus = self._outlier.begin, self._outlier.cpus
        seen = events(text.splitlines(), begin, self._outlier.ticks, cpus, os.getpid())
        found = [(round(self._ns(at)), *rest) for at, *rest in seen]
        return {"outlier_trace": json.dumps(found[-MOST_EVENTS:])} if found else {}

    def _open(self, name: str) -> int:
        if self._trace is None:
            return -1
        fd = os.open(self._trace / name, os.O_WRONLY | os.O_CLOEXEC)
        self._files.callback(os.close, fd)
        return fd

    def _ns(self, ticks: int) -> float:
        return ticks * 1e6 / self._tsc_khz


def events(
    lines: Iterable[str], begin: int, ticks: int, cpus: Iterable[int], tid: int
) -> Iterator[Event]:
    """Of a trace's lines those within `ticks` of the TSC from `begin` on, on the thread's CPUs or
    about the thread.
    """
    about = re.compile(rf"\b(next_|prev_)?pid={tid}\b")
    for raw in lines:
        # A task may have any bytes for a name.
        line = "".join(each if each.isprintable() else "?" for each in raw)
        if not (found := LINE.match(line)):
            continue
        task, pid, cpu, at = found[1], int(found[2]), int(found[3]), int(found[4]) - begin
        if 0 <= at <= ticks and (cpu in cpus or pid == tid or about.search(found[6])):
            yield at, cpu, f"{task}-{pid}", found[5], found[6].strip()
