# SPDX-License-Identifier: MIT
"""A thread that runs a vCPU on demand.

A vCPU that changes its thread costs a grace period of RCU (kvm_vcpu_ioctl()), in
which nothing races: a test keeps to one thread a vCPU.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from selftests.machine import run
from selftests.scale import LOST

from kbench.kvm import Vcpu

FIRST = 1.0  # until the vCPU has come to its thread


class Runner(threading.Thread):
    """Each go() is one KVM_RUN; its exit reason is in `reason` when stopped() is true.

    After an exit for `through` it enters again by itself.
    """

    def __init__(self, vcpu: Vcpu, through: int | None = None) -> None:
        super().__init__(daemon=True)
        self._vcpu = vcpu
        self._through = through
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._end = False
        self.reason = 0

    def run(self) -> None:
        while self._go.acquire() and not self._end:
            while (reason := run(self._vcpu)) == self._through:
                pass
            self.reason = reason
            self._stopped.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end = True
        self._go.release()
        self.kick()
        self.join()

    def go(self) -> None:
        self._go.release()

    def stopped(self, timeout: float = LOST) -> bool:
        return self._stopped.acquire(timeout=timeout)

    def kick(self) -> None:
        assert self.ident is not None
        signal.pthread_kill(self.ident, signal.SIGUSR1)


@contextmanager
def realtime() -> Iterator[None]:
    """Let this thread wake at the instant it asks for, whatever the vCPU's thread does."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
