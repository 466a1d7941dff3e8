# SPDX-License-Identifier: MIT
"""Everything that can make an event of a vCPU: how each is armed before it idles, and fired.

The vCPU is number 1, an application processor, so that INIT and SIPI mean something.
"""

import ctypes
import mmap
import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from selftests import xen
from selftests.machine import INTERRUPTED, NOTHING, Machine, Skip, expect, run

from kbench._abi import ffi, lib
from kbench.kvm import GuestMemory, Vcpu
from kbench.kvm.vm import Msi

TO_ONE = 0xFEE01000  # the MSI address of APIC id 1
FIXED, REMOTE_READ, SMI, NMI, INIT, SIPI = (0x40, 0x300, 0x200, 0x400, 0x4500, 0x4608)
# x2APIC registers (SDM vol. 3, table 11-6) and IA32_TSC_DEADLINE.
ICR, LVT_TIMER, LVT_LINT0, INITIAL_COUNT, DIVIDE = 0x830, 0x832, 0x835, 0x838, 0x83E
TSC, TSC_DEADLINE = 0x10, 0x6E0
ONE_SHOT, PERIODIC, DEADLINE = (mode << 17 | FIXED for mode in range(3))
BY_ONE = 0xB
SOON = 300_000  # ns until a signal ends a KVM_RUN
DUE = 4 * SOON  # until a timer fires
GSI = 24
SMM_SLOTS = 1 << 16
IOAPIC_PIN, PIC_PIN = 20, 3
# Hyper-V TLFS: guest OS id, reference counter, SynIC control, message page, SINT2, timer 0.
HV_OS_ID, HV_REFERENCE, HV_CONTROL, HV_SIMP, HV_SINT2 = (
    0x40000000, 0x40000020, 0x40000080, 0x40000083, 0x40000092,
)  # fmt: skip
HV_TIMER, HV_COUNT = 0x400000B0, 0x400000B1
CPUID_TSC_DEADLINE = 1 << 24
USERFAULTFD, UFFDIO_API, UFFDIO_REGISTER, UFFDIO_ZEROPAGE = (
    323, 0xC018AA3F, 0xC020AA00, 0xC020AA04,
)  # fmt: skip
FAULT_PAGE = 0x600000
TOUCH = bytes.fromhex("8b0425") + FAULT_PAGE.to_bytes(4, "little") + b"\xe6\x10"  # mov, out


class Target(Machine):  # type: ignore[misc]  # selftests is a package of the lab
    """Two vCPUs; `one` is the vCPU of the table, at the beginning of its first round.

    `enter` is one KVM_RUN of it that ends within SOON, if need be by a signal.
    """

    def __init__(self) -> None:
        self.enter: Callable[[], int] = self._enter
        super().__init__(vcpus=2)
        self.stack = ExitStack()
        self.one: Vcpu = self.vcpus[1]
        cpuid = self.system.get_supported_cpuid()
        for entry in cpuid.entries[0 : cpuid.nent]:
            if entry.function == 1:
                entry.ecx |= CPUID_TSC_DEADLINE
        self.one.set_cpuid2(cpuid)
        self.plan(NOTHING, number=1)
        self.start(self.one)

    def __exit__(self, *exception: object) -> None:
        self.stack.close()
        super().__exit__(*exception)

    def _enter(self) -> int:
        signal.setitimer(signal.ITIMER_REAL, SOON / 1e9)
        try:
            return int(run(self.one))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def eventfd(self) -> int:
        fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.stack.callback(os.close, fd)
        return fd


def nothing(target: Target) -> None:
    """No preparation."""


@dataclass(frozen=True)
class Source:
    """`arm` acts before the vCPU idles, `fire` makes the event.

    A timer is set before, too, as an ioctl of the vCPU waits while that is in KVM_RUN:
    `program` lets it fire after so many ns. `blocks`: the vCPU waits for it as it is.
    """

    fire: Callable[[Target], None] = nothing
    arm: Callable[[Target], None] = nothing
    program: Callable[[Target, int], None] | None = None
    blocks: bool = False


def msi(data: int) -> Source:
    return Source(lambda target: void(target.vm.signal_msi(Msi(data, TO_ONE))))


def void(_: object) -> None:
    """A call for its effect."""


def irqfd_arm(target: Target) -> None:
    target.irq = target.eventfd()
    target.vm.set_gsi_routing([(GSI, Msi(FIXED, TO_ONE))])
    target.vm.irqfd(target.irq, GSI)


def irqfd_fire(target: Target) -> None:
    os.eventfd_write(target.irq, 1)


def ioapic(target: Target) -> None:
    target.vm.set_ioapic_entry(IOAPIC_PIN, 1 << 56 | FIXED)


def extint_arm(target: Target) -> None:
    """The PIC's output reaches the vCPU through LINT0; KVM tells the first that takes it."""
    target.vcpus[0].set_msrs({LVT_LINT0: 1 << 16})
    target.one.set_msrs({LVT_LINT0: 0x700})


def smram(target: Target) -> None:
    """System management mode has memslots of its own; without one the VM dies there (6.12)."""
    region = ffi.new("struct kvm_userspace_memory_region *", {"slot": SMM_SLOTS})
    region.memory_size = target.memory.size
    region.userspace_addr = target.memory.address
    target.vm.ioctl("KVM_SET_USER_MEMORY_REGION", region)


def pin(number: int) -> Callable[[Target], None]:
    return lambda target: target.vm.irq_line(number, True)


def set_msrs(target: Target, values: dict[int, int]) -> None:
    count = target.one.set_msrs(values)
    if count != len(values):
        raise Skip(f"KVM took {count} of {len(values)} MSRs")


def timer(mode: int) -> Source:
    """The LAPIC's timer, set by KVM_SET_MSRS outside KVM_RUN; a tick is 1 ns."""

    def program(target: Target, ns: int) -> None:
        values = {LVT_TIMER: mode, DIVIDE: BY_ONE, INITIAL_COUNT: ns}
        if mode == DEADLINE:
            ticks = ns * target.one.get_tsc_khz() // 1_000_000
            values = {LVT_TIMER: mode, TSC_DEADLINE: target.one.get_msr(TSC) + ticks}
        set_msrs(target, values)

    return Source(program=program)


def sibling(target: Target) -> None:
    target.vcpus[0].set_msrs({ICR: 1 << 32 | FIXED})


def synic(target: Target) -> None:
    target.one.enable_cap("KVM_CAP_HYPERV_SYNIC2")
    set_msrs(target, {HV_OS_ID: 1, HV_CONTROL: 1, HV_SIMP: 0x20001, HV_SINT2: FIXED})


def stimer(configuration: int) -> Source:
    """A one-shot synthetic timer; it counts 100 ns, and KVM_RUN starts it."""

    def program(target: Target, ns: int) -> None:
        due = target.one.get_msr(HV_REFERENCE) + ns // 100
        set_msrs(target, {HV_COUNT: due, HV_TIMER: configuration | 1})
        expect(target.enter(), lib.KVM_EXIT_IO)

    return Source(arm=synic, program=program)


# Direct with a vector, or by a message to SINT2.
DIRECT, MESSAGE = 1 << 12 | FIXED << 4, 2 << 16


def page_arm(target: Target) -> None:
    """The guest touches a page that userfaultfd holds back: KVM blocks the vCPU for it."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK)
    if fd < 0:
        raise Skip("this kernel has no userfaultfd")
    target.stack.callback(os.close, fd)
    memory = target.stack.enter_context(GuestMemory(mmap.PAGESIZE, FAULT_PAGE))
    target.vm.set_user_memory_region(memory)
    for request, words in (
        (UFFDIO_API, [0xAA, 0, 0]),
        (UFFDIO_REGISTER, [memory.address, mmap.PAGESIZE, 1, 0]),
    ):
        block = (ctypes.c_uint64 * len(words))(*words)
        if libc.ioctl(fd, ctypes.c_ulong(request), block):
            raise OSError(ctypes.get_errno(), f"userfaultfd, request {request:#x}")
    target.page = (libc, fd, memory.address)
    target.memory.write(lib.KB_ENTRY, TOUCH)
    regs = target.one.get_regs()
    regs.rip, regs.rflags = lib.KB_ENTRY, 0x202
    target.one.set_regs(regs)
    expect(target.enter(), INTERRUPTED, "a guest that waits for its page")


def page_fire(target: Target) -> None:
    libc, fd, address = target.page
    block = (ctypes.c_uint64 * 4)(address, mmap.PAGESIZE, 0, 0)
    if libc.ioctl(fd, ctypes.c_ulong(UFFDIO_ZEROPAGE), block):
        raise OSError(ctypes.get_errno(), "UFFDIO_ZEROPAGE")
    time.sleep(DUE / 1e9)


SOURCES = {
    "MSI, irqfd": Source(irqfd_fire, irqfd_arm),
    "IOAPIC pin": Source(pin(IOAPIC_PIN), ioapic),
    "ExtINT from the PIC": Source(pin(PIC_PIN), extint_arm),
    "IPI of a sibling": Source(sibling),
    "LAPIC timer, one-shot": timer(ONE_SHOT),
    "LAPIC timer, periodic": timer(PERIODIC),
    "LAPIC timer, TSC deadline": timer(DEADLINE),
    "NMI": msi(NMI),
    "SMI": Source(msi(SMI).fire, smram),
    "INIT": msi(INIT),
    "SIPI": msi(SIPI),
    "PV kick": msi(REMOTE_READ),
    "Hyper-V timer, direct": stimer(DIRECT),
    "Hyper-V timer, message": stimer(MESSAGE),
    "asynchronous page fault": Source(page_fire, page_arm, blocks=True),
    "Xen event, vector of the VM": Source(xen.send, partial(xen.arm, of_the_vcpu=False)),
    "Xen event, vector of the vCPU": Source(xen.send, partial(xen.arm, of_the_vcpu=True)),
    "Xen timer": Source(arm=partial(xen.arm, of_the_vcpu=False), program=xen.timer),
}
