# SPDX-License-Identifier: MIT
"""Each mechanism against a signal, an interrupt and a change of its bytes at random times."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from selftests.machine import (
    HLT,
    INTERRUPTED,
    MWAIT,
    TWICE,
    UNSHADOWED,
    Machine,
    delays,
    expect,
    run,
)
from selftests.scale import LOST, SLOWER
from selftests.uses import Use, eventfd

from kbench._abi import lib

TRAP = 0x100  # EFLAGS.TF
HALT_POLL = (0, 20_000, 200_000)  # ns
SWITCHED = 0.02  # how often it is switched off and on between two entries
LONGEST = 100 * SLOWER  # us until the signal, and twice that between two changes
AGAIN = 0.05  # s until another one: the first may come before KVM_RUN has begun
BOUNDS = (0, 3, 6, 9)  # time codes: the mechanism's own, 4 us, 32 us, 256 us


class Changer(threading.Thread):
    """Sets the mechanism's bytes at random instants, KVM_RUN or not."""

    def __init__(self, machine: Machine, use: Use, seed: int) -> None:
        super().__init__(daemon=True)
        self._machine, self._use = machine, use
        self._random = random.Random(seed)
        self._end = False
        self.changes = 0

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        choice = self._random.choice
        while not self._end:
            use = self._use
            use.set(
                self._machine,
                choice(use.exits),
                choice(use.native),
                choice(use.mwait),
                choice(BOUNDS),
            )
            self.changes += 1
            time.sleep(self._random.randint(1, 2 * LONGEST) / 1e6)

    def stop(self) -> None:
        self._end = True
        self.join()


@contextmanager
def changing(machine: Machine, use: Use, seed: int) -> Iterator[Changer]:
    """Change the bytes meanwhile, where the mechanism has any."""
    changer = Changer(machine, use, seed)
    if max(len(use.exits), len(use.native), len(use.mwait)) > 1:
        changer.start()
    try:
        yield changer
    finally:
        if changer.is_alive():
            changer.stop()


def check_race(use: Use) -> dict[str, int]:
    """ROUNDS idles; each ends with its own interrupt, none early, none lost."""
    seed = use.bits
    generator = random.Random(seed)
    reasons: dict[int, int] = {}
    allowed = {lib.KVM_EXIT_IO, INTERRUPTED, *use.may_exit}
    with eventfd() as told, use.machine() as machine:
        machine.start()
        with changing(machine, use, seed) as changer:
            for number, delay in enumerate(delays(seed), start=1):
                machine.vm.set_halt_poll_ns(generator.choice(HALT_POLL))
                op = generator.choice((HLT, MWAIT))
                machine.plan(op, timer=delay)
                end = time.monotonic() + LOST
                reason = INTERRUPTED
                while machine.interrupts < number or reason != lib.KVM_EXIT_IO:
                    assert time.monotonic() < end, f"round {number}: the interrupt is lost"
                    if use.on and generator.random() < SWITCHED:
                        machine.enable(0)
                        use.enable(machine, told)
                        end = time.monotonic() + LOST
                    first = generator.randint(1, LONGEST) / 1e6
                    signal.setitimer(signal.ITIMER_REAL, first, AGAIN)
                    reason = run(machine.vcpu)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    reasons[reason] = reasons.get(reason, 0) + 1
                    assert reason in allowed, f"round {number}: exit {reason}"
                    if use.on & lib.KVM_KBENCH_MWAIT_STEP:
                        flags = machine.vcpu.get_regs().rflags
                        expect(flags & TRAP, 0, f"round {number}: EFLAGS.TF")
                    if use.on & lib.KVM_KBENCH_MWAIT_LOWPRIO:
                        expect(os.getpriority(os.PRIO_PROCESS, 0), 0, f"round {number}: nice")
                    if reason == lib.KVM_EXIT_IO:
                        machine.plan(op)
                expect(machine.interrupts, number, "interrupts")
        if use.on:
            machine.enable(0)
        use.set(machine, 0, 0, 0, 0)
        machine.plan(HLT, timer=delay)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO, "after switching off")
        emulator = {"made up": machine.word(TWICE), "unshadowed": machine.word(UNSHADOWED)}
    return {"changes": changer.changes, **emulator} | {str(why): n for why, n in reasons.items()}
