# SPDX-License-Identifier: MIT
"""The part of kbench that runs inside the lab: one benchmark, measured between two ticks.

The agent calls ready() after it has loaded KVM and injected this package, and, in the lab
machine that is restored from there, main().
"""

import gc
import re
import signal
import time
from array import array
from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path
from types import FrameType
from typing import Any

from kbench.catalogue import IdleWindow, catalogue, find
from kbench.errors import KbenchError, Unavailable
from kbench.record import provenance
from kbench.record.measurement import Measurement
from kbench.worker import idle
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.measure import prepare
from kbench.worker.roundtrip.measurement import RoundTripMeasurement

Send = Callable[[dict[str, Any]], None]

# CONFIG_HZ=250: the timer interrupt comes at multiples of 4 ms of CLOCK_MONOTONIC. It,
# and the softirqs behind it, would be in some samples; where depends on what the
# Python code executed before. So samples are taken after it has passed.
TICK = 4_000_000
AFTER_TICK = 200_000
# The first round trips after a sleep fill what the kernel caches per task.
WARM_UP = 8
# Instructions of warm-up and samples together, so that they end before the next tick (up
# to 1.3 million more go into the reset between them). A longer benchmark has fewer warm-up
# round trips, down to 1, and fewer samples; it may run into a tick, but always into the same one.
BUDGET = 2_200_000
FEWEST_SAMPLES = 4
# A run here takes this part of the loops of a value on the host; a smaller one where it has many
# windows of a guest whose vCPU shares the CPU with no other thread.
LOOPS_PART, LOOPS_PART_ALONE = 4, 10
# One window is one draw: another phase of the tick, or one instruction more anywhere, can reorder
# the threads on the one CPU, or meet a spinning vCPU elsewhere in its loop. Windows at these
# many phases are a sample, each of them exact.
PHASES = 10
# Of a row whose pattern plans its events: few say nothing of a wakeup latency.
EVENTS = 200
# A policy that `idles` so has its vCPU in the same place at every event. A guest's tick still
# needs several phases: in one window it has one distance from the kernel's own tick.
SAME_PLACE, GUEST_TICK = ("halts", "blocks"), "tick"
# The TSC of kbench/lab/vm/qemu/options.py's CPU: one TSC tick is one instruction.
TSC_KHZ = 1_000_000


# The kernel turns huge pages off on a machine with less than 512 MiB.
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


class Alarm(Exception):
    """The job's limit of virtual time has passed."""


def ready(job: dict[str, Any], send: Send) -> None:
    """Import what any benchmark needs: the snapshot that follows has it."""
    for row in catalogue():
        if isinstance(row, IdleWindow):
            idle.module(row)


def main(job: dict[str, Any], send: Send) -> None:
    """Measure job["benchmark"] with at most job["samples"] samples and send each run."""
    signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, job["virtual_seconds"])
    gc.disable()
    row = find(job["benchmark"])
    if isinstance(row, IdleWindow) and row.huge:
        HUGE_PAGES.write_text("madvise")
    try:
        with prepare(row, job["run_seconds"]) as measurement:
            if isinstance(measurement, RoundTripMeasurement):
                rounds(measurement, job["samples"], job["stop_above"])
                send({"counts": _counts(measurement)})
            elif isinstance(measurement, WindowedMeasurement):
                for _ in windows(measurement):
                    send({"counts": _counts(measurement)})
    except Unavailable as error:
        send({"skipped": str(error)})
    except Alarm:
        limit = job["virtual_seconds"]
        send({"failure": "alarm", "reason": f"it did not end within {limit:g} s of virtual time"})
    except KbenchError as error:
        send({"failure": "benchmark", "reason": str(error)})
    signal.setitimer(signal.ITIMER_REAL, 0)
    send({"facts": provenance.machine()})


def rounds(measurement: RoundTripMeasurement, samples: int, stop_above: float) -> None:
    """Fill the histogram with `samples` round trips between two ticks, or as many as fit.

    One of more than `stop_above` instructions ends them; 0 for none.
    """
    measurement.run(WARM_UP)
    fit = int(BUDGET // max(1.0, measurement.histogram.minimum))
    warm_up = WARM_UP if fit >= 2 * WARM_UP else 1
    count = max(FEWEST_SAMPLES, min(samples, fit - warm_up))
    if stop_above:  # loaded now: in the tick that is measured it would take the samples' room
        from kbench.worker.roundtrip import stopper  # noqa: F401  # its import is its use
    _sleep_past_tick()
    measurement.run(warm_up)
    if stop_above:
        measurement.stop_above(stop_above)
    measurement.reset()
    measurement.run(count)


def windows(measurement: WindowedMeasurement) -> Iterator[None]:
    """Play the one window of an idle row, or one at each of PHASES where one would be a draw."""
    shared = not measurement.alone or measurement.crowded
    same = measurement.policy is None or measurement.policy.idles in SAME_PLACE
    same = same and not measurement.benchmark.pattern.startswith(GUEST_TICK)
    part = LOOPS_PART_ALONE if not same and not shared else LOOPS_PART
    count = PHASES if shared or not same else 1
    loops = max(1, measurement.benchmark.loops // part)
    if measurement.events_per_loop:
        loops = max(loops if shared else 1, ceil(EVENTS / measurement.events_per_loop / count))
    for number in range(count):
        _sleep_past_tick(number * TICK // PHASES)
        measurement.reset()
        measurement.run(loops)
        yield


def _sleep_past_tick(phase: int = 0) -> None:
    now = time.monotonic_ns()
    time.sleep(((now // TICK + 1) * TICK + AFTER_TICK + phase - now) / 1e9)


def _counts(measurement: Measurement) -> dict[str, Any]:
    if measurement.histogram.tsc_khz != TSC_KHZ:
        raise KbenchError(f"its TSC has {measurement.histogram.tsc_khz} kHz instead of {TSC_KHZ}")
    recording = measurement.recording()
    return {
        "buckets": [[index, recording.buckets[index]] for index in _used(recording.buckets)],
        "count": recording.count,
        "minimum": int(recording.minimum),
        "maximum": int(recording.maximum),
        "total": int(recording.total),
        "counters": recording.counters,
        "void": recording.void,
        "warnings": recording.warnings,
        "figures": recording.figures,
        "stages": {
            name: [[index, buckets[index]] for index in _used(buckets)]
            for name, buckets in recording.stages.items()
        },
        "value": recording.value,
        "marks": recording.marks,
        "guest_sha256": measurement.image_sha256,
    }


def _used(buckets: "array[int]") -> list[int]:
    """The indices of the counts above 0; a loop over all 27,648 would take 0.1 s here."""
    size = buckets.itemsize
    return sorted({byte.start() // size for byte in re.finditer(rb"[^\0]", buckets.tobytes())})


def _alarm(number: int, frame: FrameType | None) -> None:
    raise Alarm
