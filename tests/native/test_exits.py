# SPDX-License-Identifier: MIT
"""The timed KVM_RUN loop: what it counts, where it stops, and that it holds no lock."""

from array import array
from functools import partial

import pytest
from support.machine import LIMIT, histogram, in_threads, machine, round_trips

from kbench._abi import lib
from kbench._native import exits, floors, reference
from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog
from kbench.kvm import Vcpu

pytestmark = pytest.mark.kvm

FLAG = lib.KB_BUFFER  # guest-physical: the word that the ping-pong guests share
ROUNDS = 20
# 1: mov (%rdx),%rax; cmp %rdi,%rax; jne 1b; mov %rsi,(%rdx); dec %ecx; jnz 1b; out %al,$0x10
PING_PONG = bytes.fromhex("48 8b 02 48 39 f8 75 f8 48 89 32 ff c9 75 f1 e6 10")


def test_each_round_trip_is_recorded() -> None:
    with machine("pio_out") as m, m.vcpu.get_stats_fd() as stats:
        before = stats.scalars()["exits"]
        recorded = histogram(m.vcpu)
        assert round_trips(m.vcpu, 300, recorded) == (300, 0, False)
        assert recorded.count == sum(recorded.buckets) == 300
        assert 0 < recorded.minimum <= recorded.total / 300 <= recorded.maximum
        assert stats.scalars()["exits"] - before >= 300


def test_stops_at_another_reason_and_records_nothing_of_it() -> None:
    with machine("pio_out") as m:
        recorded = histogram(m.vcpu)
        assert round_trips(m.vcpu, 10, recorded, expect="KVM_EXIT_HLT") == (0, 0, False)
        assert recorded.count == 0
        assert m.vcpu.run.exit_reason == lib.KVM_EXIT_IO


def test_stops_at_an_error() -> None:
    with machine("pio_out") as m:
        with Watchdog(m.vcpu.run_address, LIMIT) as dog:
            done, error = exits.round_trips(-1, lib.KVM_EXIT_IO, 10, histogram(m.vcpu), dog)
        assert (done, error) == (0, 9)


def test_the_c_reference_agrees() -> None:
    with machine("pio_out") as m:
        ticks = reference.round_trips(m.vcpu.fd, m.vcpu.run_address, lib.KVM_EXIT_IO, 50)
        assert ticks > 0
        failed = reference.round_trips(m.vcpu.fd, m.vcpu.run_address, lib.KVM_EXIT_HLT, 50)
        assert failed == 0


def test_two_vcpus_run_at_the_same_time() -> None:
    """Each guest waits for the other's store: with the GIL held, neither entry would return."""
    with machine(vcpus=2) as m:
        m.patch(PING_PONG)

        def ready(vcpu: Vcpu, mine: int) -> None:
            regs = vcpu.get_regs()
            regs.rdx, regs.rcx, regs.rdi, regs.rsi = FLAG, ROUNDS, mine, 1 - mine
            vcpu.set_regs(regs)

        for mine, vcpu in enumerate(m.vcpus):
            ready(vcpu, mine)
        results = in_threads(*(partial(round_trips, vcpu, 1, histogram(vcpu)) for vcpu in m.vcpus))
        assert results == [(1, 0, False)] * 2
        assert m.memory.read(FLAG, 8) == bytes(8)


@pytest.mark.parametrize("loop", ["immediate_exit", "get_mp_state", "syscall", "clock"])
def test_floors_record_each_round_trip(loop: str) -> None:
    with machine() as m:
        recorded = histogram(m.vcpu)
        with Watchdog(m.vcpu.run_address, LIMIT) as dog:
            match loop:
                case "immediate_exit":
                    result = floors.immediate_exit(m.vcpu.fd, 100, recorded, dog)
                case "get_mp_state":
                    result = floors.get_mp_state(m.vcpu.fd, 100, recorded)
                case _:
                    result = getattr(floors, loop)(100, recorded)
        assert result == (100, 0)
        assert recorded.count == sum(recorded.buckets) == 100
        assert m.vcpu.run.immediate_exit == 0


def test_immediate_exit_enters_no_guest() -> None:
    with machine("pio_out") as m:
        with Watchdog(m.vcpu.run_address, LIMIT) as dog:
            floors.immediate_exit(m.vcpu.fd, 10, histogram(m.vcpu), dog)
        assert m.vcpu.get_regs().rip == lib.KB_ENTRY


def test_floor_ioctls_stop_at_an_error() -> None:
    with machine() as m:
        with Watchdog(m.vcpu.run_address, LIMIT) as dog:
            assert floors.immediate_exit(-1, 5, histogram(m.vcpu), dog) == (0, 9)
        assert floors.get_mp_state(-1, 5, histogram(m.vcpu)) == (0, 9)


def test_record_ticks_is_the_same_record() -> None:
    one, other = Histogram(1_000_000), Histogram(1_000_000)
    one.record_ticks(array("Q", [100, 200, 300]))
    for ticks in (100, 200, 300):
        other.record_ticks(array("Q", [ticks]))
    assert one.buckets == other.buckets
