# SPDX-License-Identifier: MIT
"""The timed loops by the name the catalogue uses, with one calling convention.

Each takes the number of round trips still to do and returns (done, errno).
"""

from collections.abc import Callable

from kbench._abi import lib
from kbench._native import batches, exits, exits_delayed, floors
from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog
from kbench.catalogue import Batch, RoundTrip
from kbench.kvm import Vcpu
from kbench.worker.roundtrip.batch import BatchHistograms
from kbench.worker.vm.guest_vm import GuestVm

Loop = Callable[[int], tuple[int, int]]


def bind(
    benchmark: RoundTrip | Batch,
    guest_vm: GuestVm,
    histogram: Histogram,
    batch: BatchHistograms | None,
    watchdog: Watchdog,
) -> Loop:
    """The loop of `benchmark` on the VM's first vCPU, recording into `histogram`.

    A batch records into `batch` too.
    """
    vcpu = guest_vm.vcpus[0]
    if isinstance(benchmark, Batch):
        assert batch is not None
        return _batches(vcpu, guest_vm.refresh, histogram, batch, watchdog)
    match benchmark.loop:
        case "kvm_run" if benchmark.delay_ns:
            expect = getattr(lib, benchmark.expect)
            ticks = round(benchmark.delay_ns * histogram.tsc_khz / 1e6)
            return lambda n: exits_delayed.round_trips(
                vcpu.fd, expect, n, histogram, watchdog, ticks
            )
        case "kvm_run":
            expect = getattr(lib, benchmark.expect)
            return lambda n: exits.round_trips(vcpu.fd, expect, n, histogram, watchdog)
        case "halt":
            expect = getattr(lib, benchmark.expect)
            return lambda n: exits.halts(vcpu.fd, expect, n, histogram, watchdog)
        case "immediate_exit":
            return lambda n: floors.immediate_exit(vcpu.fd, n, histogram, watchdog)
        case "get_mp_state":
            return lambda n: floors.get_mp_state(vcpu.fd, n, histogram)
        case "syscall":
            return lambda n: floors.syscall(n, histogram)
        case "clock":
            return lambda n: floors.clock(n, histogram)


def _batches(
    vcpu: Vcpu,
    refresh: Callable[[], object] | None,
    histogram: Histogram,
    batch: BatchHistograms,
    watchdog: Watchdog,
) -> Loop:
    def pairs(n: int) -> tuple[int, int]:
        return batches.round_trips(
            vcpu.fd, batch.params_address, n, histogram, *batch.histograms, watchdog
        )

    def refreshed(n: int) -> tuple[int, int]:
        assert refresh is not None
        for done in range(n):
            refresh()
            count, error = pairs(1)
            if not count:
                return done, error
        return n, 0

    return pairs if refresh is None else refreshed
