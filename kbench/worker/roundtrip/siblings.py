# SPDX-License-Identifier: MIT
"""The vCPUs beside the measured one: a thread each, pinned where there are CPUs enough."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from kbench._native import siblings
from kbench.errors import KbenchError
from kbench.kvm import Vcpu

END_WITHIN = 30.0  # seconds; a kicked KVM_RUN returns in microseconds, where its thread gets a CPU


class Neighbour:
    """A thread that runs `vcpu`, on the CPU `cpu` alone unless that is None."""

    def __init__(self, vcpu: Vcpu, cpu: int | None) -> None:
        self._vcpu = vcpu
        self._cpu = cpu
        self.pinned = cpu is not None
        self.ended: tuple[int, int] | None = None  # (exit reason, errno), once it has
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        # Signals are the measuring thread's, which acts on them; kicks are not masked.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGALRM, signal.SIGTERM})
        if self._cpu is not None:
            os.sched_setaffinity(0, {self._cpu})
        with self._vcpu.in_thread():
            self.ended = siblings.run(self._vcpu.fd, self._vcpu.run_address)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Raises KbenchError where it does not within END_WITHIN."""
        deadline = time.monotonic() + END_WITHIN
        while self._thread.is_alive():
            if time.monotonic() > deadline:
                raise KbenchError(f"a vCPU thread did not end within {END_WITHIN:g} s")
            siblings.stop(self._vcpu.run_address, self._thread.native_id or 0)
            self._thread.join(0.02)


@contextmanager
def running(vcpus: Sequence[Vcpu]) -> Iterator[list[Neighbour]]:
    """All of `vcpus` but the first run in threads of their own; the first is the caller's.

    Yields them. They and the caller are pinned, each to a CPU of its own, where it may use
    as many. At the end the threads have ended and the caller's affinity is what it was.
    """
    if len(vcpus) == 1:
        yield []
        return
    allowed = os.sched_getaffinity(0)
    pinned = len(allowed) >= len(vcpus)
    cpus: list[int | None] = [*sorted(allowed)] if pinned else [None] * len(vcpus)
    with ExitStack() as stack:
        if cpus[0] is not None:
            stack.callback(os.sched_setaffinity, 0, allowed)
            os.sched_setaffinity(0, {cpus[0]})
        threads = [Neighbour(vcpu, cpu) for vcpu, cpu in zip(vcpus[1:], cpus[1:], strict=False)]
        for thread in threads:
            stack.callback(thread.stop)
            thread.start()
        yield threads
