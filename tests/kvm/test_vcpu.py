# SPDX-License-Identifier: MIT
"""Each method of Vcpu at least once against this machine's KVM."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from support.machine import APIC_SPURIOUS, WAIT_FOR_INTERRUPT, machine

from kbench._abi import lib
from kbench.kvm import IoctlError

pytestmark = pytest.mark.kvm
MSR_KERNEL_GS_BASE = 0xC0000102


@pytest.mark.parametrize("given_up", [False, True])
def test_kvm_run_stays_for_a_thread_that_was_given_up(given_up: bool) -> None:
    """It writes there when KVM_RUN comes back at last: the process would be killed for it."""
    with ExitStack() as thread, machine() as m:
        if given_up:
            thread.enter_context(m.vcpu.in_thread())
        m.vcpu.close()
        assert m.vcpu.fd == -1
        assert mapped(m.vcpu.run_address) == given_up


def mapped(address: int) -> bool:
    ranges = (
        line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines()
    )
    return any(int(low, 16) <= address < int(high, 16) for low, high in ranges)


def test_registers() -> None:
    with machine() as m:
        regs = m.vcpu.get_regs()
        assert (regs.rip, regs.rbx) == (lib.KB_ENTRY, lib.KB_MMIO)
        regs.rsi = 0x1234_5678_9ABC_DEF0
        m.vcpu.set_regs(regs)
        assert m.vcpu.get_regs().rsi == 0x1234_5678_9ABC_DEF0
        sregs = m.vcpu.get_sregs()
        assert (sregs.cr3, sregs.cs.l) == (lib.KB_PML4, 1)
        sregs.fs.base = 0x5000
        m.vcpu.set_sregs(sregs)
        assert m.vcpu.get_sregs().fs.base == 0x5000


def test_msrs() -> None:
    with machine() as m:
        assert m.vcpu.set_msrs({MSR_KERNEL_GS_BASE: 0x7000}) == 1
        assert m.vcpu.get_msr(MSR_KERNEL_GS_BASE) == 0x7000


def test_tsc_khz() -> None:
    with machine() as m:
        assert m.vcpu.get_tsc_khz() > 100_000


def test_mp_state() -> None:
    with machine(irqchip=True) as m:
        assert m.vcpu.get_mp_state() == lib.KVM_MP_STATE_RUNNABLE
        m.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
        assert m.vcpu.get_mp_state() == lib.KVM_MP_STATE_HALTED


def test_vcpu_events_and_nmi() -> None:
    with machine(irqchip=True) as m:
        m.patch(WAIT_FOR_INTERRUPT)
        assert not m.vcpu.get_vcpu_events().nmi.pending
        m.vcpu.nmi()
        events = m.vcpu.get_vcpu_events()
        assert events.nmi.pending
        m.vcpu.set_vcpu_events(events)
        m.enter()
        assert m.fault() == 2


def test_lapic_round_trip() -> None:
    with machine(irqchip=True) as m:
        lapic = m.vcpu.get_lapic()
        assert lapic.regs[APIC_SPURIOUS] == b"\xff"
        lapic.regs[APIC_SPURIOUS] = b"\x42"
        m.vcpu.set_lapic(lapic)
        assert m.vcpu.get_lapic().regs[APIC_SPURIOUS] == b"\x42"


def test_interrupt_without_irqchip() -> None:
    """The VMM is the interrupt controller: it waits for the window, then injects."""
    with machine() as m:
        m.patch(WAIT_FOR_INTERRUPT)
        assert m.enter() == lib.KVM_EXIT_HLT
        assert m.vcpu.run.ready_for_interrupt_injection
        m.vcpu.interrupt(0x55)
        m.enter()
        assert m.fault() == 0x55


def test_single_step() -> None:
    with machine("debug_step") as m:
        m.vcpu.set_guest_debug(lib.KVM_GUESTDBG_ENABLE | lib.KVM_GUESTDBG_SINGLESTEP)
        assert m.enter() == lib.KVM_EXIT_DEBUG
        first = m.vcpu.get_regs().rip
        assert m.enter() == lib.KVM_EXIT_DEBUG
        assert m.vcpu.get_regs().rip != first


def test_stats_count_entries() -> None:
    with machine("pio_out") as m, m.vcpu.get_stats_fd() as stats:
        before = stats.scalars()
        for _ in range(5):
            assert m.enter() == lib.KVM_EXIT_IO
        after = stats.scalars()
        assert after["exits"] - before["exits"] >= 5
        every = stats.read()
        assert set(after) < set(every)
        assert any(isinstance(value, tuple) and len(value) > 1 for value in every.values())


def test_a_vcpu_is_refused_twice() -> None:
    with machine() as m, pytest.raises(IoctlError, match="KVM_CREATE_VCPU: File exists") as caught:
        m.vm.create_vcpu(0)
    assert "it exists already" in str(caught.value)


def test_immediate_exit_is_eintr() -> None:
    with machine() as m:
        m.vcpu.run.immediate_exit = 1
        with pytest.raises(IoctlError, match="EINTR"):
            m.vcpu.enter()
