# SPDX-License-Identifier: MIT
"""The loop that stops at a round trip beyond its limit."""

import os

import pytest
from support.machine import LIMIT, Machine, histogram, machine

from kbench._abi import lib
from kbench._native import outliers
from kbench._native.hdr import Histogram
from kbench._native.outliers import Outlier
from kbench._native.watchdog import Watchdog

pytestmark = pytest.mark.kvm

NEVER = 1 << 62  # ticks


def enter(m: Machine, loops: int, outlier: Outlier, recorded: Histogram) -> tuple[int, int]:
    with Watchdog(m.vcpu.run_address, LIMIT) as dog:
        return outliers.round_trips(
            m.vcpu.fd, lib.KVM_EXIT_IO, loops, recorded, dog, outlier, False
        )


def test_the_first_one_beyond_ends_it_and_is_recorded() -> None:
    with machine("pio_out") as m:
        recorded, outlier = histogram(m.vcpu), Outlier(1, -1, -1)
        assert enter(m, 100, outlier, recorded) == (1, 0)
        assert recorded.count == 1
        assert outlier.ticks == recorded.total_ticks > 1
        assert outlier.begin > 0 and outlier.cpu_ns > 0
        assert set(outlier.cpus) <= os.sched_getaffinity(0)
        assert all(count >= 0 for count in outlier.counts)


def test_below_the_limit_it_is_the_plain_loop() -> None:
    with machine("pio_out") as m:
        recorded, outlier = histogram(m.vcpu), Outlier(NEVER, -1, -1)
        done = 0
        while done < 50:  # a tick of the watchdog ends a KVM_RUN
            done += enter(m, 50 - done, outlier, recorded)[0]
        assert recorded.count == 50 and outlier.ticks == 0


def test_the_trace_is_marked_and_stopped() -> None:
    marker, tracing_on = os.memfd_create("marker"), os.memfd_create("tracing_on")
    try:
        with machine("pio_out") as m:
            enter(m, 1, Outlier(NEVER, marker, tracing_on), histogram(m.vcpu))
            assert os.fstat(marker).st_size == os.fstat(tracing_on).st_size == 0
            outlier = Outlier(1, marker, tracing_on)
            enter(m, 1, outlier, histogram(m.vcpu))
        assert outlier.frozen
        assert os.pread(marker, 100, 0) == b"kbench: beyond the limit"
        assert os.pread(tracing_on, 100, 0) == b"0"
    finally:
        os.close(marker)
        os.close(tracing_on)


def test_a_trace_that_cannot_be_stopped_is_said() -> None:
    """It is open for reading alone."""
    fd = os.open("/dev/null", os.O_RDONLY)
    try:
        with machine("pio_out") as m:
            outlier = Outlier(1, -1, fd)
            enter(m, 1, outlier, histogram(m.vcpu))
        assert outlier.ticks > 1 and not outlier.frozen
    finally:
        os.close(fd)
