# SPDX-License-Identifier: MIT
"""Stock KVM in the lab: what the emulator makes of STI's interrupt shadow.

The races meet it at random times, and guest.S works around it.
"""

from selftests.machine import HLT_CODE, INTERRUPTS_ON, UNSHADOWED, Machine, expect, run

from kbench._abi import lib

WITH_SHADOW = 0x8  # KVM_VCPUEVENT_VALID_SHADOW
AFTER_STI = 0x2  # KVM_X86_SHADOW_INT_STI


def stopped_after_sti(machine: Machine) -> None:
    """STI is over and HLT is next, as a VMEXIT between the two leaves a vCPU."""
    machine.start()
    machine.start_at(HLT_CODE, rflags=INTERRUPTS_ON)
    events = machine.vcpu.get_vcpu_events()
    events.flags |= WITH_SHADOW
    events.interrupt.shadow = AFTER_STI
    machine.vcpu.set_vcpu_events(events)


def test_kvm_keeps_the_shadow() -> None:
    """KVM knows of it, in what it reads from the VMCB."""
    with Machine() as machine:
        stopped_after_sti(machine)
        shadow = machine.vcpu.get_vcpu_events().interrupt.shadow
        expect(bool(shadow & AFTER_STI), True, "the interrupt shadow")


def test_no_wake_up_is_lost() -> dict[str, int]:
    """With QEMU 7.2 the interrupt comes before HLT, and guest.S ends that; with 10.0 after it."""
    with Machine() as machine:
        stopped_after_sti(machine)
        machine.interrupt()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 1, "interrupts")
        return {"unshadowed": machine.word(UNSHADOWED)}
