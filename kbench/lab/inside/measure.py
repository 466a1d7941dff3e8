# SPDX-License-Identifier: MIT
"""The part of kbench that runs inside the lab: one benchmark, measured between two ticks.

The agent calls ready() after it has loaded KVM and injected this package, and, in the machine
that is restored from there, main().
"""

import gc
import re
import signal
import time
from array import array
from collections.abc import Callable, Iterator
from math import ceil
from types import FrameType
from typing import Any

from kbench.catalogue import IdleWindow, catalogue, find
from kbench.errors import KbenchError, Unavailable
from kbench.record import provenance
from kbench.record.measurement import Measurement
from kbench.worker import idle, prepare
from kbench.worker.idle.windowed import WindowedMeasurement
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
# to 1.3 million more go into the reset between them). A dearer benchmark takes fewer of
# both, down to 1 and LEAST; that may run into a tick, but always into the same one.
WINDOW = 2_200_000
LEAST = 4
# What a value of the idle families takes on the host, over what a run takes here; and over one
# of many of a guest that is alone: it needs no turns of the scheduler.
WINDOWED_PART, ALONE_PART = 4, 10
# A window shows one order in which threads take their turns on the one CPU, and one place where
# an event meets a vCPU that goes round a loop; another phase of the tick, or one instruction
# more, gives another. Windows at as many phases are a sample, each of them exact.
WINDOWS = 10
# Of a row whose pattern plans its events: few say nothing of a wakeup latency.
EVENTS = 200
# What a policy `idles` as when every event finds the vCPU in the same place. A guest's tick,
# all the same, is in step with the kernel's own: one window has one distance between the two.
STILL, TICKS = ("halts", "blocks"), "tick"
# The TSC at which one tick is one instruction; machine.py sets it.
TSC_KHZ = 1_000_000


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
    try:
        with prepare(find(job["benchmark"]), job["run_seconds"]) as measurement:
            if isinstance(measurement, RoundTripMeasurement):
                rounds(measurement, job["samples"])
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


def rounds(measurement: RoundTripMeasurement, samples: int) -> None:
    """Fill the histogram with `samples` round trips between two ticks, or as many as fit."""
    measurement.run(WARM_UP)
    fit = int(WINDOW // max(1.0, measurement.histogram.minimum))
    warm_up = WARM_UP if fit >= 2 * WARM_UP else 1
    count = max(LEAST, min(samples, fit - warm_up))
    _sleep_past_tick()
    measurement.run(warm_up)
    measurement.reset()
    measurement.run(count)


def windows(measurement: WindowedMeasurement) -> Iterator[None]:
    """Play the windows of a row that has loops of its own: one, or where that is chance, many."""
    turns = not measurement.alone or measurement.crowded
    still = measurement.policy is None or measurement.policy.idles in STILL
    still = still and not measurement.benchmark.pattern.startswith(TICKS)
    part = ALONE_PART if not still and not turns else WINDOWED_PART
    count = WINDOWS if turns or not still else 1
    loops = max(1, measurement.benchmark.loops // part)
    if measurement.events_per_loop:
        loops = max(loops if turns else 1, ceil(EVENTS / measurement.events_per_loop / count))
    for number in range(count):
        _sleep_past_tick(number * TICK // WINDOWS)
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
