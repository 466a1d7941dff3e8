# SPDX-License-Identifier: MIT
"""When events arrive that have no pattern: at random distances, the same in every run."""

from random import Random

from kbench.worker.idle.windowed import WindowedMeasurement

# Distances between events. They lie around a polling limit, where there is one: some polls
# succeed and some fail.
GAP_NS = (200_000, 1_800_000)
UNCOUNTED = 2
"""The first events of a window: not counted. The first fills what the kernel caches for a thread;
the second was the slowest of 8 in 41 to 75 of 100 windows on a host (pvm)."""


def arrivals(measurement: WindowedMeasurement, count: int) -> list[int]:
    """Absolute times in ns from the start of the measurement's next window.

    They are those of UNCOUNTED events, then of `count` more.
    """
    policy, idle = measurement.policy, measurement.benchmark.idle_us * 1_000
    limit = (policy.poll_ns or policy.spin_ns) if policy else 0
    handling = measurement.handling  # of each distance, what the guest does not idle
    if idle:  # a tenth to either side, lest anything learns the period
        low, high = idle * 9 // 10 + handling, idle * 11 // 10 + handling
    else:
        low, high = (limit // 4 + handling, 2 * limit + handling) if limit else GAP_NS
    random = Random(f"{measurement.benchmark.name} {measurement.seed_index}")
    times, now = [], 0
    for _ in range(UNCOUNTED + count):
        now += random.randrange(low, high)
        times.append(now)
    return times
