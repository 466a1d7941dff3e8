# SPDX-License-Identifier: MIT
"""Sibling vCPUs of the measured one: a thread each, pinned where there are enough pCPUs."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kbench._native import siblings
from kbench.kvm import Vcpu
from kbench.worker import threads
from kbench.worker.threads import Scheduling


class Sibling:
    """A vCPU that runs until stop(). `own_pcpu`: no other vCPU runs on its pCPU.

    `ended` is (exit reason, errno) once it has left its guest.
    """

    def __init__(self, vcpu: Vcpu, *, own_pcpu: bool) -> None:
        self._vcpu = vcpu
        self._tid = 0
        self.own_pcpu = own_pcpu
        self.ended: tuple[int, int] | None = None

    def run(self) -> None:
        self._tid = threading.get_native_id()
        with self._vcpu.in_thread():
            self.ended = siblings.run(self._vcpu.fd, self._vcpu.run_address)

    def stop(self) -> None:
        siblings.stop(self._vcpu.run_address, self._tid)


@contextmanager
def running(vcpus: Sequence[Vcpu]) -> Iterator[list[Sibling]]:
    """Run all of `vcpus` but the first in threads; the caller runs the first. Yields the siblings.

    With enough pCPUs each thread, the caller's included, is pinned to its own. At the end
    the threads have ended and the caller's affinity is what it was.
    """
    if len(vcpus) == 1:
        yield []
        return
    allowed = sorted(os.sched_getaffinity(0))
    own = len(allowed) >= len(vcpus)
    shared = [Scheduling(frozenset(allowed))] * len(vcpus)
    places = [Scheduling(frozenset([cpu])) for cpu in allowed] if own else shared
    found = [Sibling(vcpu, own_pcpu=own) for vcpu in vcpus[1:]]
    jobs = [(place, each.run) for place, each in zip(places[1:], found, strict=False)]

    def stop() -> None:
        for each in found:
            each.stop()

    with threads.running(places[0], jobs, stop):
        yield found
