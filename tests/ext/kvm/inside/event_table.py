# SPDX-License-Identifier: MIT
"""The truth table: what each way says of each event in each state, against KVM_RUN itself.

A way is "right", or "lost" where it says nothing of an event that makes KVM_RUN run the
guest, or "early" where it announces one that does not: KVM_RUN then blocks or exits again.
"""

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from selftests.machine import HLT, INTERRUPTED, NOTHING, expect, run, run_with_pending_signal
from selftests.runner import FIRST, Runner
from selftests.sources import DUE, SOON, SOURCES, Source, Target

from kbench._abi import lib
from kbench.kvm import System, extension

TOLD = lib.KVM_KBENCH_VCPU_POLL | lib.KVM_KBENCH_VCPU_EVENTFD
BYTE = lib.KVM_KBENCH_RUN_MP_STATE
FLAG = lib.KVM_KBENCH_IDLE_FLAG
EXITS = lib.KVM_KBENCH_USERSPACE_EXITS
RUNNABLE, HALTED = lib.KVM_MP_STATE_RUNNABLE, lib.KVM_MP_STATE_HALTED
WAITS = lib.KVM_MP_STATE_INIT_RECEIVED
INTERRUPTS_ON, INTERRUPTS_OFF = 0x202, 0x2
BLOCKED = 0.002  # s of virtual time in which KVM_RUN would have run the guest
ALL_PRIORITIES = 15  # CR8


@dataclass(frozen=True)
class State:
    """What the vCPU is in: EFLAGS, the priority below which the LAPIC masks, in KVM_RUN or not."""

    mp_state: int
    flags: int = INTERRUPTS_ON
    priority: int = 0
    inside: bool = False

    @property
    def masks(self) -> bool:
        """Whether it keeps interrupts out that a way may announce."""
        return self.flags == INTERRUPTS_OFF or bool(self.priority)


STATES = {
    "halted": State(HALTED),
    "halted, IF 0": State(HALTED, flags=INTERRUPTS_OFF),
    "halted, TPR 15": State(HALTED, priority=ALL_PRIORITIES),
    "waits for SIPI": State(WAITS),
    "runnable": State(RUNNABLE),
    "halted in KVM_RUN": State(HALTED, inside=True),
}
Cell = dict[str, bool]


def ready(fd: int, events: int, milliseconds: float = 0) -> bool:
    poller = select.poll()
    poller.register(fd, events)
    return bool(poller.poll(milliseconds))


def have() -> int:
    with System() as system:
        return extension.mechanisms(system)


def switch_on(target: Target, beside: int = 0) -> int:
    """Everything the modules have for the vCPU; the eventfd that they signal."""
    fd = target.eventfd()
    bits = have() & (TOLD | BYTE | FLAG | beside)
    if bits:
        extension.enable(target.one, bits, fd)
    return int(fd)


def put(target: Target, source: Source, state: str) -> None:
    """By the guest's own HLT where it can: an ioctl leaves requests that hide a lost event."""
    wanted = STATES[state]
    if state == "halted" and source.blocks:
        return
    if state == "halted":
        target.plan(HLT, number=1)
        expect(target.enter(), INTERRUPTED, "the guest's HLT")
        return
    regs = target.one.get_regs()
    regs.rflags = wanted.flags
    target.one.set_regs(regs)
    sregs = target.one.get_sregs()
    sregs.cr8 = wanted.priority
    target.one.set_sregs(sregs)
    target.one.set_mp_state(wanted.mp_state)


@contextmanager
def bounded() -> Iterator[None]:
    """A signal ends a KVM_RUN that blocks."""
    signal.setitimer(signal.ITIMER_REAL, BLOCKED, BLOCKED)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def runs(target: Target) -> bool:
    """Whether KVM_RUN runs the guest: what the table is about."""
    target.plan(NOTHING, number=1)
    with bounded():
        reason = run(target.one)
    return bool(reason != INTERRUPTED or target.one.get_mp_state() == RUNNABLE)


def announced(target: Target, fd: int, state: str) -> Cell:
    """What the ways say that need no KVM_RUN."""
    bits, said = have(), {}
    # A runnable vCPU is always ready to run: only POLLPRI speaks of an event.
    events = select.POLLPRI if state == "runnable" else select.POLLIN
    if bits & TOLD:
        said["poll"] = ready(target.one.fd, events, 1)
        said["eventfd"] = ready(fd, select.POLLIN)
    if bits & BYTE and state != "runnable":
        wanted = lib.KVM_KBENCH_MP_STATE_VALID | RUNNABLE
        said["byte"] = extension.read(target.one, lib.KVM_RUN_KBENCH_MP_STATE) == wanted
    return said


def outside(target: Target, source: Source, state: str) -> Cell:
    source.arm(target)
    fd = switch_on(target)
    await_event(target, source, state, fd)
    said = announced(target, fd, state)
    if state == "runnable":
        said["KVM_RUN"] = source is not SOURCES["INIT"]
        return said
    said["KVM_GET_MP_STATE"] = target.one.get_mp_state() == RUNNABLE
    run_with_pending_signal(target.one)
    said["signal + KVM_RUN"] = target.one.get_mp_state() == RUNNABLE
    # Of another vCPU: KVM_GET_MP_STATE drops the SIPI of a halted one.
    with Target() as fresh:
        source.arm(fresh)
        await_event(fresh, source, state)
        said["KVM_RUN"] = runs(fresh)
    return said


def await_event(target: Target, source: Source, state: str, fd: int = -1) -> None:
    """Put the vCPU into `state`, and let the event come after that."""
    if source.program is not None:
        source.program(target, DUE)
    put(target, source, state)
    if fd >= 0 and ready(fd, select.POLLIN):
        os.eventfd_read(fd)  # of the preparation
    if have() & TOLD and fd >= 0 and state != "runnable":
        expect(ready(target.one.fd, select.POLLIN), False, "poll before the event")
    source.fire(target)
    if source.program is not None:
        time.sleep(2 * DUE / 1e9)


def again(source: Source, state: str) -> bool:
    """The HLT exit: whether a halted vCPU with the bit set leaves KVM_RUN at once."""
    with Target() as target:
        source.arm(target)
        switch_on(target, EXITS)
        await_event(target, source, state)
        extension.write(target.one, lib.KVM_RUN_KBENCH_EXITS, lib.KVM_KBENCH_EXIT_HLT)
        target.plan(NOTHING, number=1)
        with bounded():
            return bool(run(target.one) != lib.KVM_EXIT_HLT)


def entered(runner: Runner) -> int:
    """One KVM_RUN in the thread of `runner`."""
    runner.go()
    if not runner.stopped(SOON / 1e9):
        runner.kick()
        assert runner.stopped(FIRST)
    return int(runner.reason)


def inside(target: Target, source: Source, state: str) -> Cell:
    """The vCPU blocks in KVM_RUN meanwhile; afterwards its guest has run, or not."""
    switch_on(target)
    with Runner(target.one) as runner:
        runner.go()
        assert runner.stopped(FIRST)
        target.enter = partial(entered, runner)
        source.arm(target)
        if source.program is not None:
            source.program(target, int(2e9 * BLOCKED))
        put(target, source, state)
        runner.go()
        time.sleep(BLOCKED)
        if runner.stopped(0):
            raise AssertionError(f"KVM_RUN did not block: exit {runner.reason}")
        source.fire(target)
        time.sleep(2 * BLOCKED)
        said = {}
        if have() & FLAG:
            said["flag"] = extension.idle(target.one) != lib.KVM_KBENCH_IDLE_HLT
        if not runner.stopped(0):
            runner.kick()
            assert runner.stopped(FIRST)
        ended = runner.reason != INTERRUPTED or target.one.get_mp_state() == RUNNABLE
    said["KVM_RUN"] = ended
    return said


def cell(source: Source, state: str) -> str:
    """ "runs" or "blocks", and the ways that say otherwise."""
    with Target() as target:
        said = (inside if STATES[state].inside else outside)(target, source, state)
    if have() & EXITS and state != "runnable" and not STATES[state].inside:
        said["HLT exit"] = again(source, state)
    truth = said.pop("KVM_RUN")
    wrong = [f"{way} {'lost' if truth else 'early'}" for way, word in said.items() if word != truth]
    return "; ".join(["runs" if truth else "blocks", *wrong])


def check(name: str) -> dict[str, str]:
    """One row, by state. No way of the extension loses an event; masked ones may come early."""
    found = {state: cell(SOURCES[name], state) for state in STATES}
    for state, text in found.items():
        for way in text.split("; ")[1:]:
            stock = way.startswith(("KVM_GET_MP_STATE", "signal"))
            early = STATES[state].masks and way.endswith("early")
            assert stock or early, f"{name}, {state}: {text}"
    return {"event": name, **found}


# One test an event, so that each has its own limit of time.
for _name in SOURCES:
    globals()[f"test_{_name.replace(' ', '_').replace(',', '')}"] = partial(check, _name)
