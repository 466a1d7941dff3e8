# SPDX-License-Identifier: MIT
"""Each method of Vm at least once against this machine's KVM, and each way to wake a vCPU."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from support.machine import WAIT_FOR_INTERRUPT, Machine, in_threads, machine

from kbench._abi import ffi, lib
from kbench.kvm import GuestMemory, IoctlError
from kbench.kvm.vm import IrqchipPin, Msi

pytestmark = pytest.mark.kvm
GSI, VECTOR = 24, 0x51


@contextmanager
def eventfd() -> Iterator[int]:
    fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def halting() -> Iterator[Machine]:
    """A guest that halts in the kernel with interrupts on."""
    with machine(irqchip=True) as m:
        m.patch(WAIT_FOR_INTERRUPT)
        yield m


def woken(m: Machine, wake: Callable[[], object]) -> int:
    """The vector that the guest got after `wake`, called while it is halted in KVM_RUN."""
    with m.vcpu.get_stats_fd() as stats:
        before = stats.scalars()["halt_exits"]

        def waker() -> None:
            while stats.scalars()["halt_exits"] == before:
                os.sched_yield()
            wake()

        in_threads(m.enter, waker)
    return m.fault()


def restart(m: Machine) -> None:
    """Put the vCPU back to the guest's first instruction, out of the stub, interrupts off."""
    m.finish_io()
    regs = m.vcpu.get_regs()
    regs.rip, regs.rsp, regs.rflags = lib.KB_ENTRY, lib.KB_STACK - 16, 2
    m.vcpu.set_regs(regs)


def test_signal_msi_wakes() -> None:
    with halting() as m:
        assert woken(m, lambda: m.vm.signal_msi(Msi(VECTOR))) == VECTOR


def test_signal_msi_to_nobody_says_so() -> None:
    with halting() as m:
        assert m.vm.signal_msi(Msi(VECTOR, address=0xFEE0F000)) <= 0


def test_irqfd_through_msi_routing_wakes() -> None:
    with halting() as m, eventfd() as fd:
        m.vm.set_gsi_routing([(GSI, Msi(VECTOR))])
        m.vm.irqfd(fd, GSI)
        assert woken(m, lambda: os.eventfd_write(fd, 1)) == VECTOR


def test_irqfd_taken_back_raises_nothing() -> None:
    with halting() as m, eventfd() as fd:
        m.vm.set_gsi_routing([(GSI, Msi(VECTOR)), (GSI + 1, Msi(VECTOR + 1))])
        m.vm.irqfd(fd, GSI)
        m.vm.irqfd(fd, GSI, assign=False)

        def wake() -> None:
            os.eventfd_write(fd, 1)
            m.vm.signal_msi(Msi(VECTOR + 1))

        assert woken(m, wake) == VECTOR + 1


def test_routing_to_an_ioapic_pin_and_back() -> None:
    """A line into the IOAPIC is accepted; its pins are masked after reset, so nothing comes."""
    with halting() as m:
        m.vm.set_gsi_routing([(5, IrqchipPin(lib.KVM_IRQCHIP_IOAPIC, 5)), (GSI, Msi(VECTOR))])
        m.vm.irq_line(5, True)
        m.vm.irq_line(5, False)
        assert woken(m, lambda: m.vm.signal_msi(Msi(VECTOR))) == VECTOR


def test_pit_and_irqchip_order() -> None:
    with machine(irqchip=True) as m:
        m.vm.create_pit2()
        with pytest.raises(IoctlError, match="KVM_CREATE_IRQCHIP: File exists"):
            m.vm.create_irqchip()


@pytest.mark.parametrize("datamatch", [None, 0])
def test_ioeventfd_takes_the_write(datamatch: int | None) -> None:
    """The guest writes to the port, the eventfd counts, and no exit reaches userspace."""
    with machine("pio_out") as m, eventfd() as fd:
        # out %al, $KB_PORT; hlt
        m.patch(bytes([0xE6, lib.KB_PORT, 0xF4]))
        flags = lib.KVM_IOEVENTFD_FLAG_PIO
        if datamatch is not None:
            flags |= lib.KVM_IOEVENTFD_FLAG_DATAMATCH
        m.vm.ioeventfd(fd, lib.KB_PORT, 1, flags, datamatch or 0)
        assert m.enter() == lib.KVM_EXIT_HLT
        assert os.eventfd_read(fd) == 1


def test_ioeventfd_of_other_data_does_not() -> None:
    with machine("pio_out") as m, eventfd() as fd:
        flags = lib.KVM_IOEVENTFD_FLAG_PIO | lib.KVM_IOEVENTFD_FLAG_DATAMATCH
        m.vm.ioeventfd(fd, lib.KB_PORT, 1, flags, 0x77)
        assert m.enter() == lib.KVM_EXIT_IO
        m.vm.ioeventfd(fd, lib.KB_PORT, 1, flags | lib.KVM_IOEVENTFD_FLAG_DEASSIGN, 0x77)


def test_coalesced_mmio_fills_its_ring() -> None:
    """One page of 24-byte entries behind an 8-byte head is 170; KVM leaves one of them free."""
    with machine("mmio_write") as m:
        page = m.vm.check_extension("KVM_CAP_COALESCED_MMIO")
        m.vm.register_coalesced_mmio(lib.KB_MMIO, 8)
        assert m.enter() == lib.KVM_EXIT_MMIO
        address = m.vcpu.run_address + page * os.sysconf("SC_PAGE_SIZE")
        ring = ffi.cast("struct kvm_coalesced_mmio_ring *", address)
        assert (ring.first, ring.last) == (0, 169)


@pytest.mark.parametrize(("guest", "reason"), [("msr_read", "RDMSR"), ("msr_write", "WRMSR")])
def test_msr_filter_exits(guest: str, reason: str) -> None:
    with machine(guest) as m:
        m.vm.exit_on_msr(lib.KB_MSR, 1)
        assert m.enter() == getattr(lib, f"KVM_EXIT_X86_{reason}")
        assert m.vcpu.run.msr.index == lib.KB_MSR


@pytest.mark.parametrize("limit", [0, 1_000_000_000])
def test_halt_polling_per_vm(limit: int) -> None:
    with halting() as m, m.vcpu.get_stats_fd() as stats:
        m.vm.set_halt_poll_ns(limit)
        # No handler ends an interrupt here, so each must have a higher priority (SDM 3A, 11.8.3).
        for vector in range(VECTOR, VECTOR + 0x50, 0x10):
            assert woken(m, partial(m.vm.signal_msi, Msi(vector))) == vector
            restart(m)
        assert bool(stats.scalars()["halt_attempted_poll"]) == bool(limit)


def test_stats_of_the_vm() -> None:
    with machine() as m, m.vm.get_stats_fd() as stats:
        assert all(value >= 0 for value in stats.scalars().values())
        assert stats.scalars()


def test_memory_slots_may_not_overlap() -> None:
    with machine() as m, GuestMemory(4096, base=0) as memory:
        with pytest.raises(IoctlError, match="KVM_SET_USER_MEMORY_REGION"):
            m.vm.set_user_memory_region(memory)
        with GuestMemory(4096, base=lib.KB_MEMORY) as beside:
            m.vm.set_user_memory_region(beside)
