# SPDX-License-Identifier: MIT
"""A VM with the selftests' guest, and the steps that the selftests are made of."""

import errno
import fcntl
import random
import signal
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from selftests.scale import ROUNDS, SLOWER

from kbench._abi import ffi, lib
from kbench.guests import Image
from kbench.kvm import GuestMemory, System, Vcpu, extension
from kbench.kvm.errors import IoctlError
from kbench.kvm.vm import Msi
from kbench.worker.vm.guest_vm import GuestVm, build

HLT, MWAIT, PAUSE, WRITE, NOTHING, PREFIXED = range(6)
# The words of vCPU 0; those of vCPU n are WORDS * n further on.
COUNT, TIMER, OP, SEEN, TWICE, UNSHADOWED = range(0x10000, 0x10030, 8)
WORDS = 0x100
LINE = lib.KB_PAGES  # in a memslot of its own
LINE_SLOT = 1
MWAIT_CODE = bytes.fromhex("0f01c9")
HLT_CODE = bytes.fromhex("f4eb")  # with the beginning of the jump after it
INTERRUPTS_ON = 0x202  # EFLAGS
APIC_BASE = 0xFEE00D00  # enabled, x2APIC, boot CPU
VECTOR = Msi(0x40)
EXITS = lib.KVM_KBENCH_USERSPACE_EXITS | lib.KVM_KBENCH_RFC_V1
INTERRUPTED = -1  # what run() answers for EINTR
SET_SIGNAL_MASK = 0x4004AE8B  # KVM_SET_SIGNAL_MASK
# Ticks of the guest's timer, 1 ns and one instruction each: from "before the HLT is
# emulated" to "long after the VMM waits".
SHORTEST, LONGEST = 100, 60_000 * SLOWER


class Skip(Exception):
    """What a test needs is not here; the message says what."""


class Machine:
    """One VM; `vcpu` stands at the beginning of its first round."""

    def __init__(self, *, irqchip: bool = True, vcpus: int = 1, caps: dict[str, int] | None = None):
        image = Image("selftest", "long", (Path(__file__).parent / "guest.bin").read_bytes())

        def before(guest_vm: GuestVm) -> None:
            for name, value in (caps or {}).items():
                guest_vm.vm.enable_cap(name, value)
            if irqchip:
                guest_vm.vm.create_irqchip()
            guest_vm.vm.set_user_memory_region(self.line)

        with ExitStack() as stack:
            self.line = stack.enter_context(GuestMemory(4096, LINE))
            self.system = stack.enter_context(System())
            made = stack.enter_context(build(self.system, image, vcpus, before=[before]))
            self.vm, self.memory, self.vcpus = made.vm, made.memory, made.vcpus
            for number, vcpu in enumerate(self.vcpus):
                if irqchip:
                    sregs = vcpu.get_sregs()
                    sregs.apic_base = APIC_BASE if number == 0 else APIC_BASE & ~0x100
                    vcpu.set_sregs(sregs)
                regs = vcpu.get_regs()
                regs.rbp = COUNT + WORDS * number
                vcpu.set_regs(regs)
            self.vcpu = self.vcpus[0]
            self._have = extension.mechanisms(self.system)
            self._on, self._bytes, self._eventfd = 0, 0, -1
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def word(self, address: int) -> int:
        memory = self.line if address == LINE else self.memory
        return int.from_bytes(memory.read(address, 8), "little")

    def set_word(self, address: int, value: int) -> None:
        self.memory.write(address, value.to_bytes(8, "little"))

    @property
    def interrupts(self) -> int:
        """How many interrupts the guest has taken."""
        return self.word(COUNT)

    def plan(self, op: int, timer: int = 0, number: int = 0) -> None:
        """What vCPU `number` does in its next round."""
        self.set_word(OP + WORDS * number, op)
        self.set_word(TIMER + WORDS * number, timer)
        self.set_word(SEEN + WORDS * number, self.word(LINE))

    def start(self, vcpu: Vcpu | None = None) -> None:
        """Run to the beginning of the next round."""
        expect(run(vcpu or self.vcpu), lib.KVM_EXIT_IO)

    def start_at(self, instructions: bytes, **registers: int) -> None:
        """The next instructions are the guest's first ones with this code."""
        code = self.memory.read(lib.KB_ENTRY, 0x200)
        regs = self.vcpu.get_regs()
        regs.rip = lib.KB_ENTRY + code.index(instructions)
        for name, value in registers.items():
            setattr(regs, name, value)
        self.vcpu.set_regs(regs)

    def start_at_mwait(self) -> None:
        """The next instruction is MWAIT, without the MONITOR before it and without hints."""
        self.start_at(MWAIT_CODE, rcx=0)

    def line_slot(self, *, there: bool) -> None:
        """Take LINE's memslot away or put it back."""
        region = ffi.new("struct kvm_userspace_memory_region *", {"slot": LINE_SLOT})
        if there:
            region.guest_phys_addr = LINE
            region.memory_size = len(self.line.map)
            region.userspace_addr = self.line.address
        self.vm.ioctl("KVM_SET_USER_MEMORY_REGION", region)

    def interrupt(self) -> None:
        self.vm.signal_msi(VECTOR)

    def exits(self, bits: int) -> None:
        """KVM_KBENCH_EXIT_*; a test that needs them is skipped where KVM has none."""
        if not self._have & EXITS:
            raise Skip("it needs userspace_exits")
        self._use(lib.KVM_KBENCH_USERSPACE_EXITS)
        extension.write(self.vcpu, lib.KVM_RUN_KBENCH_EXITS, bits)

    def mwait(self, mode: int, time: int = 0) -> None:
        """KVM_KBENCH_MWAIT_AS_* and the time code of its bound."""
        self._use(lib.KVM_KBENCH_MWAIT_YIELD)
        extension.write(self.vcpu, lib.KVM_RUN_KBENCH_MWAIT, mode)
        extension.write(self.vcpu, lib.KVM_RUN_KBENCH_TIME, time)

    def enable(self, bits: int, eventfd: int = -1) -> None:
        """Switch on `bits`; what exits() and mwait() have switched on stays."""
        extension.enable(self.vcpu, bits | self._bytes, eventfd)
        self._on, self._eventfd = bits, eventfd

    def _use(self, bit: int) -> None:
        if bit & self._have and not bit & self._bytes:
            self._bytes |= bit
            self.enable(self._on, self._eventfd)


def run(vcpu: Vcpu) -> int:
    """KVM_RUN: the exit reason, or INTERRUPTED."""
    try:
        vcpu.enter()
    except IoctlError as error:
        if error.errno == errno.EINTR:
            return INTERRUPTED
        raise
    return int(vcpu.run.exit_reason)


def run_with_pending_signal(vcpu: Vcpu) -> int:
    """pthread_kill + KVM_RUN: the signal is pending, and only KVM_RUN unblocks it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        fcntl.ioctl(vcpu.fd, SET_SIGNAL_MASK, struct.pack("=IQ", 8, 0))
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        return run(vcpu)
    finally:
        fcntl.ioctl(vcpu.fd, SET_SIGNAL_MASK, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        time.sleep(0)


def expect(found: object, wanted: object, what: str = "exit reason") -> None:
    """A failure names both values."""
    if found != wanted:
        raise AssertionError(f"{what}: expected {wanted}, got {found}")


def fault_vector(machine: Machine) -> int:
    """The vector of the exception that the guest reported."""
    return int(ffi.cast("uint64_t", machine.memory.struct("kb_params", lib.KB_PARAMS).fault_vector))


def delays(seed: int, rounds: int = ROUNDS) -> Iterator[int]:
    """Seeded random times at which something happens, in ns of virtual time."""
    generator = random.Random(seed)
    for _ in range(rounds):
        yield generator.randint(SHORTEST, LONGEST)
