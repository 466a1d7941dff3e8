# SPDX-License-Identifier: MIT
"""A machine of the fleet that measures times: each run is a task that only it may do."""

import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from distributed import CancelledError, Semaphore, wait

from kbench.catalogue import Benchmark
from kbench.errors import KbenchError
from kbench.fleet import labels, tasks
from kbench.fleet.fleet import PROBE_SECONDS, Fleet
from kbench.fleet.member import KVM, LAB, Member
from kbench.targets.options import RunOptions
from kbench.targets.spawn import WorkerDied

# A lease is asked for this long at least; one of a client that died ends by itself.
LEASE_SECONDS = 2.0


class FleetHost:
    """A targets.host.HostPlace. After stop(), from any thread, its runs end and raise."""

    def __init__(self, fleet: Fleet, member: Member) -> None:
        self.name = member.machine
        self.pcpus = member.cpus
        self._fleet = fleet
        self._member = member
        self._lost = False
        self._stopped = threading.Event()

    def worker(self, name: str, options: RunOptions, *, loops: int) -> bytes:
        """One run there, with no lab beside it. Raises as spawn.worker() does.

        WorkerDied too where the machine is lost, and KbenchError for a Python by its path.
        """
        if options.python != sys.executable:
            raise KbenchError(
                f"{options.python} is a path of this machine: a fleet has one build, so its "
                "sides are @VARIANTs"
            )
        output: bytes = self._done(tasks.run, name, name, options, loops)
        return output

    def lacking(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        """What its KVM lacks, as probe.lacking() says it there."""
        found: dict[str, str] = self._done(tasks.lacking, "what it can measure", list(benchmarks))
        return found

    def _done(self, task: Callable[..., Any], what: str, *words: object) -> Any:
        """The result of a task that has the whole machine. Raises what it does, and WorkerDied."""
        if self._lost:
            raise self._missing(what)
        own = labels.host_labels()
        future = self._fleet.client.submit(
            task,
            *(own[labels.KBENCH], *words),
            key=(f"kbench-host-{uuid.uuid4().hex}", what),
            workers=[self._member.address],
            resources={KVM: 1, LAB: self._member.labs, **labels.resources(own)},
        )
        try:
            while True:
                try:
                    wait(future, PROBE_SECONDS)
                    return future.result()
                except TimeoutError:
                    self._require_there(what)
        except CancelledError:
            raise self._fleet.gone() from None
        finally:
            if not future.done():
                future.cancel(force=True, reason="the client has ended")

    @contextmanager
    def lock(self, wait: float = 0.0) -> Iterator[None]:
        """Hold dask's lease of the machine. Raises KbenchError where another has it."""
        lease = Semaphore(max_leases=1, name=f"kbench-{self.name}")
        if not lease.acquire(timeout=max(wait, LEASE_SECONDS)):
            raise KbenchError(f"another session measures on {self.name}: see --wait")
        try:
            yield
        finally:
            lease.release()

    def stop(self) -> None:
        """End what it measures."""
        self._stopped.set()

    def _require_there(self, name: str) -> None:
        if self._stopped.is_set():
            raise KeyboardInterrupt
        self._lost = all(each.address != self._member.address for each in self._fleet.members())
        if self._lost:
            raise self._missing(name)

    def _missing(self, name: str) -> WorkerDied:
        return WorkerDied(f"{name} is missing: {self.name} was lost")


def hosts(fleet: Fleet, wanted: str | None) -> list[FleetHost]:
    """The machines that measure times, one worker of each; with `wanted` the one of that name.

    Raises KbenchError where there is none, with the reason of each.
    """
    fleet.require_worker()
    found = fleet.fit(labels.host_labels())
    able = {each.machine: each for each in found if not each.kvm_reason}
    chosen = [each for each in able.values() if wanted in (None, each.machine)]
    if not chosen:
        reasons = [f"{each.machine}: {each.kvm_reason}" for each in found if each.kvm_reason]
        said = "; ".join([f"it has {', '.join(able) or 'none'}", *dict.fromkeys(reasons)])
        raise KbenchError(f"no machine {wanted or 'that measures times'} in the fleet: {said}")
    return [FleetHost(fleet, member) for member in chosen]
