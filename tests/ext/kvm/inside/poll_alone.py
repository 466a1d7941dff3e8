# SPDX-License-Identifier: MIT
"""The series of vcpu_poll in upstream's form, on stock KVM with its patches."""

import errno
import select

from selftests.event_table import await_event, ready, runs
from selftests.machine import HLT, INTERRUPTED, Machine, Skip, delays, expect, run
from selftests.scale import LOST
from selftests.sources import SOURCES, Source, Target
from selftests.upstream_numbers import NUMBERS

from kbench._abi import ffi, lib
from kbench.kvm import Vcpu
from kbench.kvm.errors import IoctlError


def enable(vcpu: Vcpu, value: int = 1) -> int:
    """The errno of KVM_ENABLE_CAP, or 0."""
    number = NUMBERS["KVM_CAP_X86_VCPU_POLL"]
    cap = ffi.new("struct kvm_enable_cap *", {"cap": number, "args": [value]})
    try:
        vcpu.ioctl("KVM_ENABLE_CAP", cap)
    except IoctlError as error:
        return error.errno
    return 0


def test_off_is_stock() -> None:
    with Machine() as machine:
        expect(ready(machine.vcpu.fd, select.POLLIN), True, "poll")


def test_what_is_refused() -> None:
    with Machine() as machine:
        expect(enable(machine.vcpu, 2), errno.EINVAL, "an unknown value: errno")
    with Machine(irqchip=False) as machine:
        expect(enable(machine.vcpu), errno.EINVAL, "without the LAPIC: errno")


def said(source: Source, state: str) -> bool:
    """What poll() says of the event."""
    with Target() as target:
        source.arm(target)
        expect(enable(target.one), 0, "KVM_ENABLE_CAP: errno")
        await_event(target, source, state)
        return bool(ready(target.one.fd, select.POLLIN, 1))


def truth(source: Source, state: str) -> bool:
    """Whether KVM_RUN would run the guest."""
    with Target() as target:
        source.arm(target)
        await_event(target, source, state)
        return bool(runs(target))


def test_every_event() -> dict[str, int]:
    """All of the truth table's, where nothing masks them: poll() is right."""
    events = 0
    for name, source in SOURCES.items():
        for state in ("halted", "waits for SIPI"):
            try:
                wanted = truth(source, state)
            except Skip:  # Xen's, where KVM is built without
                continue
            expect(said(source, state), wanted, f"{name}, {state}: poll")
            events += 1
    assert events >= 30, f"{events} events"
    return {"events": events}


def test_race_with_the_timer() -> dict[str, int]:
    """A signal takes the vCPU out of its halt at any instant around its timer's interrupt."""
    halts = 0
    with Target() as target:
        expect(enable(target.one), 0, "KVM_ENABLE_CAP: errno")
        for number, delay in enumerate(delays(3), start=1):
            target.plan(HLT, timer=10 * delay, number=1)
            while (reason := target.enter()) == INTERRUPTED:
                if target.one.get_mp_state() == lib.KVM_MP_STATE_HALTED:
                    halts += 1
                    assert ready(target.one.fd, select.POLLIN, 1e3 * LOST), f"round {number}: lost"
            expect(reason, lib.KVM_EXIT_IO)
    assert halts
    return {"halts": halts}


def test_masked_interrupt_is_quiet() -> None:
    """It is reported once: after KVM_RUN has looked, poll() waits for something new."""
    with Target() as target:
        expect(enable(target.one), 0, "KVM_ENABLE_CAP: errno")
        target.plan(HLT, number=1)
        expect(target.enter(), INTERRUPTED, "the guest's HLT")
        regs = target.one.get_regs()
        regs.rflags &= ~0x200
        target.one.set_regs(regs)
        SOURCES["IPI of a sibling"].fire(target)
        expect(target.enter(), INTERRUPTED, "KVM_RUN of a masked interrupt")
        expect(ready(target.one.fd, select.POLLIN), False, "poll")
        SOURCES["NMI"].fire(target)
        expect(ready(target.one.fd, select.POLLIN), True, "poll after an NMI")
        assert run(target.one) != INTERRUPTED
