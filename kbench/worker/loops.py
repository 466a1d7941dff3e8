# SPDX-License-Identifier: MIT
"""The timed loops by the name the catalogue uses, with one calling convention.

Each takes the number of round trips still to do and returns (done, errno).
"""

from collections.abc import Callable

from kbench._abi import lib
from kbench._loops import delayed, exits, floors
from kbench._loops.hdr import Histogram
from kbench._loops.watchdog import Watchdog
from kbench.benches import Benchmark
from kbench.kvm import Vcpu

Loop = Callable[[int], tuple[int, int]]


def bind(benchmark: Benchmark, vcpu: Vcpu, histogram: Histogram, watchdog: Watchdog) -> Loop:
    """The loop of `benchmark` on this vCPU, recording into `histogram`."""
    match benchmark.loop:
        case "kvm_run" if benchmark.delay_ns:
            expect = getattr(lib, benchmark.expect)
            ticks = round(benchmark.delay_ns * histogram.tsc_khz / 1e6)
            return lambda n: delayed.round_trips(vcpu.fd, expect, n, histogram, watchdog, ticks)
        case "kvm_run":
            expect = getattr(lib, benchmark.expect)
            return lambda n: exits.round_trips(vcpu.fd, expect, n, histogram, watchdog)
        case "immediate_exit":
            return lambda n: floors.immediate_exit(vcpu.fd, n, histogram, watchdog)
        case "get_mp_state":
            return lambda n: floors.get_mp_state(vcpu.fd, n, histogram)
        case "syscall":
            return lambda n: floors.syscall(n, histogram)
        case "clock":
            return lambda n: floors.clock(n, histogram)
