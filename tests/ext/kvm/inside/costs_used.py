# SPDX-License-Identifier: MIT
"""Instructions of what the mechanisms do where they act (no test asserts them)."""

import time
from dataclasses import dataclass

from selftests.costs import HLT_PIO, MWAIT_PIO, cost
from selftests.machine import INTERRUPTS_ON, LINE, NOTHING, VECTOR, Machine, expect, run
from selftests.uses import eventfd

from kbench._abi import ffi, lib
from kbench._native import exits
from kbench.kvm import System, extension

HLT = bytes.fromhex("f4ebfd")  # 1: hlt; jmp 1b
# 1: mov $LINE,%eax; xor %ecx,%ecx; xor %edx,%edx; monitor; incl (%rax); xor %eax,%eax; mwait;
# out %al,$0x10; jmp 1b
TO_LINE, REST = b"\xb8" + LINE.to_bytes(4, "little"), "31c931d20f01c8ff0031c00f01c9e610ebe9"
MONITORED = TO_LINE + bytes.fromhex(REST)
ROUNDS = 50
TELLING = {
    "vcpu_poll": lib.KVM_KBENCH_VCPU_POLL,
    "eventfd": lib.KVM_KBENCH_VCPU_EVENTFD,
    "run_mp_state": lib.KVM_KBENCH_RUN_MP_STATE,
}


@dataclass(frozen=True)
class Used:
    """A mechanism that is on, the byte of kvm_run that asks for it, and the code that meets it."""

    bit: int
    byte: int
    value: int
    code: bytes


USED = {
    "hlt native + pio": Used(
        lib.KVM_KBENCH_ENTRY_INTERCEPTS,
        lib.KVM_RUN_KBENCH_NATIVE,
        lib.KVM_KBENCH_NATIVE_HLT,
        HLT_PIO,
    ),
    "mwait lowprio + pio": Used(
        lib.KVM_KBENCH_MWAIT_LOWPRIO,
        lib.KVM_RUN_KBENCH_MWAIT,
        lib.KVM_KBENCH_MWAIT_LOWPRIO_BIT | lib.KVM_KBENCH_MWAIT_AS_YIELD,
        MWAIT_PIO,
    ),
    "monitor, store, mwait + pio": Used(
        lib.KVM_KBENCH_MWAIT_MONITOR,
        lib.KVM_RUN_KBENCH_MWAIT,
        lib.KVM_KBENCH_MWAIT_AS_MONITOR,
        MONITORED,
    ),
}


def exit_on_hlt() -> int:
    """KVM_RUN with KVM_KBENCH_EXIT_HLT, from the entry to the exit of the guest's HLT."""
    with Machine() as machine:
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        return int(cost(machine, HLT, lib.KVM_EXIT_HLT, exits.halts))


def interrupted(bit: int) -> int:
    """KVM_SIGNAL_MSI for a vCPU that is halted outside KVM_RUN, with the mechanism `bit` on."""
    message = ffi.new("struct kvm_msi *", {"address_lo": VECTOR.address, "data": VECTOR.data})
    least = 1 << 30
    with eventfd() as told, Machine() as machine:
        machine.start()
        if bit:
            machine.enable(bit, told)
        for _ in range(ROUNDS):
            machine.plan(NOTHING)
            regs = machine.vcpu.get_regs()
            regs.rflags = INTERRUPTS_ON
            machine.vcpu.set_regs(regs)
            machine.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
            begin = time.monotonic_ns()
            machine.vm.ioctl("KVM_SIGNAL_MSI", message)
            least = min(least, time.monotonic_ns() - begin)
            expect(run(machine.vcpu), lib.KVM_EXIT_IO)
    return least


def test_used() -> dict[str, int]:
    with System() as system:
        have = extension.mechanisms(system)
    found = {"interrupt": interrupted(0)}
    for name, bit in TELLING.items():
        if bit & have:
            found[f"interrupt, {name}"] = interrupted(bit)
    if have & lib.KVM_KBENCH_USERSPACE_EXITS:
        found["hlt exit"] = exit_on_hlt()
    with Machine() as machine:
        machine.start()
        found["monitor, store, mwait nop + pio"] = cost(machine, MONITORED, lib.KVM_EXIT_IO)
    for name, use in USED.items():
        if use.bit & have:
            with Machine() as machine:
                machine.start()
                machine.enable(use.bit)
                extension.write(machine.vcpu, use.byte, use.value)
                found[name] = cost(machine, use.code, lib.KVM_EXIT_IO)
    return found
