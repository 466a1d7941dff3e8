# SPDX-License-Identifier: MIT
"""Guest pages whose next write faults, and how they are made so again before each batch."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from kbench._abi import lib
from kbench.kvm import GuestMemory

if TYPE_CHECKING:
    from kbench.worker.vm.machine import Machine


def fresh(machine: Machine) -> None:
    """Pages that the host has not allocated: a write is an EPT/NPT violation.

    MADV_DONTNEED frees them, and KVM's MMU notifier unmaps them from the guest.
    """
    memory = machine.stack.enter_context(GuestMemory(lib.KB_PAGES_SIZE, lib.KB_PAGES))
    machine.vm.set_user_memory_region(memory)
    machine.refresh = lambda: memory.map.madvise(mmap.MADV_DONTNEED)


def clean(machine: Machine) -> None:
    """Pages of a memslot with dirty logging: the first write after a look at the log.

    It is a write-protection fault, except where the CPU logs writes by itself (PML).
    """
    memory = machine.stack.enter_context(GuestMemory(lib.KB_PAGES_SIZE, lib.KB_PAGES))
    slot = machine.vm.set_user_memory_region(memory, lib.KVM_MEM_LOG_DIRTY_PAGES)

    def read_log() -> None:
        machine.vm.get_dirty_log(slot, len(memory.map))

    machine.refresh = read_log
