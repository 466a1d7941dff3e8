# SPDX-License-Identifier: MIT
"""A VM with one guest in it, for tests of the control plane and of the loops."""

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from kbench._abi import lib
from kbench._native import exits
from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog
from kbench.guests import Mode, load
from kbench.kvm import GuestMemory, IoctlError, System, Vcpu, Vm
from kbench.worker.vm.guest_vm import GuestVm, build

LIMIT = 10.0  # seconds a KVM_RUN of these tests may take: each is over in milliseconds

# 1: sti; hlt; jmp 1b. An interrupt then runs start.S's stub of its vector, which reports
# the vector at KB_PORT_FAULT.
WAIT_FOR_INTERRUPT = bytes.fromhex("fb f4 eb fd")
APIC_SPURIOUS, APIC_ENABLED = 0xF0, 0x01FF  # software-enable the local APIC (SDM 3A, 11.4.7.2)


@dataclass
class Machine:
    """A booted VM; `vcpus[0]` stands at the guest's first instruction."""

    system: System
    vm: Vm
    memory: GuestMemory
    vcpus: list[Vcpu]

    @property
    def vcpu(self) -> Vcpu:
        return self.vcpus[0]

    def patch(self, code: bytes) -> None:
        """Replace the guest's first instructions."""
        self.memory.write(lib.KB_ENTRY, code)

    def enter(self, vcpu: Vcpu | None = None) -> int:
        """Enter the guest once, bounded by LIMIT; the exit reason."""
        vcpu = vcpu or self.vcpu
        with Watchdog(vcpu.run_address, LIMIT):
            vcpu.enter()
        return int(vcpu.run.exit_reason)

    def finish_io(self) -> None:
        """Complete the last exit's I/O without entering the guest (api.rst, immediate_exit)."""
        self.vcpu.run.immediate_exit = 1
        with pytest.raises(IoctlError, match="EINTR"):
            self.vcpu.enter()
        self.vcpu.run.immediate_exit = 0

    def fault(self) -> int:
        """The vector that the guest reported at its last exit."""
        assert self.vcpu.run.exit_reason == lib.KVM_EXIT_IO
        assert self.vcpu.run.io.port == lib.KB_PORT_FAULT
        return int(self.memory.struct("kb_params", lib.KB_PARAMS).fault_vector)


@contextmanager
def machine(
    guest: str = "spin", mode: Mode = "long", *, irqchip: bool = False, vcpus: int = 1
) -> Iterator[Machine]:
    """A VM whose vCPUs all stand at the entry of `guest`; everything is closed at the end."""
    with (
        System() as system,
        build(
            system,
            load(guest, mode),
            vcpus,
            before=[_create_irqchip] if irqchip else [],
            after=[_enable_lapics] if irqchip else [],
        ) as made,
    ):
        yield Machine(system, made.vm, made.memory, made.vcpus)


def _create_irqchip(guest_vm: GuestVm) -> None:
    guest_vm.vm.create_irqchip()


def _enable_lapics(guest_vm: GuestVm) -> None:
    for vcpu in guest_vm.vcpus:
        lapic = vcpu.get_lapic()
        for byte in range(2):
            lapic.regs[APIC_SPURIOUS + byte] = bytes([APIC_ENABLED >> 8 * byte & 0xFF])
        vcpu.set_lapic(lapic)


def histogram(vcpu: Vcpu) -> Histogram:
    """An empty histogram for the loops of this vCPU."""
    return Histogram(vcpu.get_tsc_khz())


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """The results of these functions, each in a thread of its own; their first error."""
    results: list[Any] = [None] * len(works)
    errors: list[BaseException] = []

    def call(index: int) -> None:
        try:
            results[index] = works[index]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * LIMIT)
        assert not thread.is_alive(), "a vCPU thread did not come back"
    if errors:
        raise errors[0]
    return results


def round_trips(
    vcpu: Vcpu, loops: int, recorded: Histogram, limit: float = LIMIT, expect: str = "KVM_EXIT_IO"
) -> tuple[int, int, bool]:
    """(done, errno, whether the watchdog fired) of exits.round_trips, entered again as in use."""
    done = error = 0
    with Watchdog(vcpu.run_address, limit) as dog:
        while done < loops:
            reason = getattr(lib, expect)
            count, error = exits.round_trips(vcpu.fd, reason, loops - done, recorded, dog)
            done += count
            if error != errno.EINTR or dog.fired:
                break
        return done, error, dog.fired
