# SPDX-License-Identifier: MIT
"""Guest pages whose next write faults, and how to restore that before each batch."""

import mmap

from kbench._abi import lib
from kbench.kvm import GuestMemory
from kbench.worker.vm.guest_vm import GuestVm


def fresh(guest_vm: GuestVm) -> None:
    """Pages that the host has not allocated: a write is an EPT/NPT violation.

    MADV_DONTNEED frees them, and KVM's MMU notifier unmaps them from the guest.
    """
    memory = guest_vm.stack.enter_context(GuestMemory(lib.KB_PAGES_SIZE, lib.KB_PAGES))
    guest_vm.vm.set_user_memory_region(memory)
    guest_vm.refresh = lambda: memory.map.madvise(mmap.MADV_DONTNEED)


def clean(guest_vm: GuestVm) -> None:
    """Pages of a memslot with dirty logging, written for the first time since the log was read.

    The write is a write-protection fault, unless the CPU logs it (PML).
    """
    memory = guest_vm.stack.enter_context(GuestMemory(lib.KB_PAGES_SIZE, lib.KB_PAGES))
    slot = guest_vm.vm.set_user_memory_region(memory, lib.KVM_MEM_LOG_DIRTY_PAGES)

    def read_log() -> None:
        guest_vm.vm.get_dirty_log(slot, memory.size)

    guest_vm.refresh = read_log
