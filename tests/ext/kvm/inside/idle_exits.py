# SPDX-License-Identifier: MIT
"""The series of userspace_exits in upstream's form, on stock KVM with its patches."""

import errno
from collections.abc import Callable

from selftests.machine import HLT, MWAIT, NOTHING, Machine, delays, expect, run
from selftests.upstream_numbers import NUMBERS

from kbench._abi import ffi, lib
from kbench.kvm import extension
from kbench.kvm.errors import IoctlError

# The series' own: bits of the byte, which is where the extension has its own.
EXIT_HLT, EXIT_MWAIT, UNKNOWN = 1, 2, 0x80
BYTE = lib.KVM_RUN_KBENCH_EXITS


def enable(machine: Machine, bits: int) -> None:
    number = NUMBERS["KVM_CAP_X86_IDLE_EXITS"]
    cap = ffi.new("struct kvm_enable_cap *", {"cap": number, "args": [bits]})
    machine.vm.ioctl("KVM_ENABLE_CAP", cap)


def refused(action: Callable[..., object], *arguments: object) -> int:
    """The errno of a call that must fail."""
    try:
        action(*arguments)
    except IoctlError as error:
        return error.errno
    return 0


def test_off_is_padding() -> None:
    with Machine() as machine:
        extension.write(machine.vcpu, BYTE, 0xFF)
        machine.start()
        machine.plan(HLT, timer=20_000)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)


def test_unknown_bits_are_refused() -> None:
    with Machine() as machine:
        expect(refused(enable, machine, UNKNOWN), errno.EINVAL, "KVM_ENABLE_CAP: errno")
        enable(machine, EXIT_HLT)
        extension.write(machine.vcpu, BYTE, EXIT_MWAIT)
        expect(refused(run, machine.vcpu), errno.EINVAL, "a bit that is not enabled: errno")
        extension.write(machine.vcpu, BYTE, EXIT_HLT)
        machine.start()


def test_hlt() -> None:
    """It exits again while it is halted, and not where an event is pending."""
    with Machine() as machine:
        enable(machine, EXIT_HLT)
        machine.start()
        machine.plan(HLT)
        extension.write(machine.vcpu, BYTE, EXIT_HLT)
        for _ in range(3):
            expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "mp_state")
        machine.interrupt()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        machine.plan(HLT)
        machine.interrupt()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 2, "interrupts")


def test_mwait() -> None:
    with Machine() as machine:
        enable(machine, EXIT_HLT | EXIT_MWAIT)
        machine.start()
        extension.write(machine.vcpu, BYTE, EXIT_MWAIT)
        machine.plan(MWAIT)
        expect(run(machine.vcpu), NUMBERS["KVM_EXIT_X86_MWAIT"])
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        machine.plan(NOTHING)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)


def test_race_with_the_timer() -> dict[str, int]:
    """The guest's timer fires at any instruction around the exit and the re-entry."""
    halts = 0
    with Machine() as machine:
        enable(machine, EXIT_HLT)
        machine.start()
        for number, delay in enumerate(delays(1), start=1):
            machine.plan(HLT, timer=delay)
            extension.write(machine.vcpu, BYTE, EXIT_HLT)
            reason = run(machine.vcpu)
            if reason == lib.KVM_EXIT_HLT:
                halts += 1
                extension.write(machine.vcpu, BYTE, 0)
                reason = run(machine.vcpu)
            expect(reason, lib.KVM_EXIT_IO)
            expect(machine.interrupts, number, "interrupts")
    assert halts
    return {"halts": halts}
