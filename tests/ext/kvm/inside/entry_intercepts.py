# SPDX-License-Identifier: MIT
"""entry_intercepts: intercepts of HLT, MWAIT and PAUSE, chosen at every entry."""

import random
from pathlib import Path

from selftests.machine import HLT, MWAIT, PAUSE, WRITE, Machine, Skip, expect, run
from selftests.scale import ROUNDS

from kbench._abi import lib
from kbench.kvm import extension
from kbench.kvm.backend import vendor_module

ON = lib.KVM_KBENCH_ENTRY_INTERCEPTS
NATIVE_HLT, NATIVE_MWAIT = lib.KVM_KBENCH_NATIVE_HLT, lib.KVM_KBENCH_NATIVE_MWAIT
SOON = 20_000  # ns until the timer ends a native idle


def native(machine: Machine, bits: int) -> None:
    extension.write(machine.vcpu, lib.KVM_RUN_KBENCH_NATIVE, bits)


def test_starts_from_the_vms_choice() -> None:
    caps = {"KVM_CAP_X86_DISABLE_EXITS": lib.KVM_X86_DISABLE_EXITS_HLT}
    with Machine(caps=caps) as machine:
        machine.enable(ON)
        found = extension.read(machine.vcpu, lib.KVM_RUN_KBENCH_NATIVE)
        expect(found & NATIVE_HLT, NATIVE_HLT, "native bits")
        machine.start()
        machine.plan(HLT, timer=SOON)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO, "a native HLT")
        native(machine, 0)
        machine.plan(HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT, "an intercepted HLT")


def test_switching_off_restores_the_vms_choice() -> None:
    with Machine() as machine:
        machine.enable(ON)
        native(machine, NATIVE_HLT)
        machine.start()
        machine.enable(0)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        machine.plan(HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)


def test_native_mwait_waits() -> None:
    """MONITOR is native with it: emulated, as a NOP, it would arm nothing."""
    with Machine() as machine:
        machine.enable(ON)
        native(machine, NATIVE_MWAIT)
        machine.start()
        machine.plan(MWAIT, timer=SOON)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 1, "interrupts")


def test_pause_can_be_intercepted() -> None:
    """The emulated CPU has no PAUSE filter, so KVM does not intercept it by itself."""
    if vendor_module() == "kvm_intel":
        raise Skip("VMX exits on a loop of PAUSE, not on a single one")
    with Machine() as machine:
        machine.enable(ON)
        native(machine, 0)
        machine.exits(lib.KVM_KBENCH_EXIT_PAUSE)
        machine.start()
        machine.plan(PAUSE)
        expect(run(machine.vcpu), lib.KVM_EXIT_KBENCH_PAUSE)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        native(machine, lib.KVM_KBENCH_NATIVE_PAUSE)
        machine.plan(PAUSE)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO, "a native PAUSE")


def test_pause_filter() -> None:
    """With the filter, KVM's own interception of PAUSE: a spinning guest leaves by the bit."""
    if "pausefilter" not in Path("/proc/cpuinfo").read_text():
        raise Skip("the emulated CPU has no PAUSE filter")
    with Machine() as machine:
        machine.enable(ON)
        machine.exits(lib.KVM_KBENCH_EXIT_PAUSE)
        machine.start()
        machine.plan(PAUSE)
        reasons = {run(machine.vcpu) for _ in range(20_000)}
        assert lib.KVM_EXIT_KBENCH_PAUSE in reasons, reasons


def test_every_entry_may_choose() -> None:
    generator = random.Random(8)
    interrupts = 0
    with Machine() as machine:
        machine.enable(ON)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT | lib.KVM_KBENCH_EXIT_MWAIT)
        machine.start()
        for number in range(ROUNDS):
            op = generator.choice((HLT, MWAIT))
            bits = generator.choice((0, NATIVE_HLT, NATIVE_MWAIT, NATIVE_HLT | NATIVE_MWAIT))
            native(machine, bits)
            exits, bit = (
                (lib.KVM_EXIT_HLT, NATIVE_HLT)
                if op == HLT
                else (lib.KVM_EXIT_KBENCH_MWAIT, NATIVE_MWAIT)
            )
            machine.plan(op, timer=SOON if bits & bit else 0)
            reason = run(machine.vcpu)
            expect(reason, lib.KVM_EXIT_IO if bits & bit else exits, f"round {number}")
            if reason == lib.KVM_EXIT_HLT:
                machine.interrupt()
            if reason != lib.KVM_EXIT_IO:
                expect(run(machine.vcpu), lib.KVM_EXIT_IO, f"round {number}")
            interrupts += bool(bits & bit) or op == HLT
            # The host's tick ends a native idle, too: do not leave the timer to the next round.
            while machine.interrupts < interrupts:
                machine.plan(WRITE)
                expect(run(machine.vcpu), lib.KVM_EXIT_IO, f"round {number}")
