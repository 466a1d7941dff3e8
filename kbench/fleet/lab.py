# SPDX-License-Identifier: MIT
"""The labs of a session, sharded over a fleet by benchmark.

Any machine gives the same counts. That is checked: a sample is measured again on another one.
"""

import math
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import dask
from distributed import CancelledError, Future, wait

from kbench.errors import KbenchError
from kbench.fleet import labels, tasks
from kbench.fleet.fleet import PROBE_SECONDS, Fleet
from kbench.fleet.member import LAB, Member
from kbench.fleet.shipment import Shipment, kernel_shipment, shipment
from kbench.kernels.cache import Progress
from kbench.lab import labs
from kbench.lab.errors import LabError
from kbench.lab.labs import LabContents, LabResult
from kbench.lab.verify import outcome
from kbench.lab.vm.machines import SVM, LabMachine

SAMPLE = 0.02  # of the benchmarks, at least one
# A fleet whose machines all went may get new ones: those of a batch system that starts them again.
NOBODY_SECONDS = 60.0


class FleetLabs:
    """A labs.LabPlace: the client makes what a lab is made of, the workers run it."""

    def __init__(self, fleet: Fleet, report: Progress) -> None:
        self._fleet = fleet
        self._report = report
        self._sent: dict[str, Future[Any]] = {}

    def prepare(
        self, kernel: str, variant: str, progress: Progress, machine: LabMachine = SVM
    ) -> LabContents:
        """Fetch and build; nothing boots here. Raises as labs.contents() does."""
        return labs.contents(kernel, variant, progress, machine)

    def measure_all(
        self,
        lab: LabContents,
        benchmarks: Sequence[str],
        *,
        jobs: int,
        run_seconds: float,
        stop_above: float = 0.0,
    ) -> Iterator[LabResult]:
        """The results as they come; each machine has its own number of jobs.

        Raises KbenchError where no machine can count, none is left for NOBODY_SECONDS, or a
        sample differs between two machines.
        """
        if not benchmarks:
            return
        kernel, modules = self._shipped(lab)
        sent = kernel, modules, run_seconds, stop_above
        shards = _Shards(self._fleet, lab, sent, self._report)
        try:
            yield from shards.results(benchmarks)
        finally:
            shards.cancel()

    def _shipped(self, lab: LabContents) -> tuple[Future[Any], Future[Any]]:
        """The contents, with the scheduler: named by digest, and sent where they are missing."""
        sent = kernel_shipment(lab.kernel), shipment(lab.variant, lab.modules)
        return self._send(sent[0]), self._send(sent[1])

    def _send(self, sent: Shipment) -> Future[Any]:
        key = f"kbench-files-{sent.digest}"
        if key not in self._sent:
            # A kernel is larger than what dask takes for a mistake.
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}):
                own = labels.resources(labels.lab_labels())
                self._sent[key] = self._fleet.client.submit(
                    tasks.keep, sent, key=key, resources=own
                )
        return self._sent[key]


class _Shards:
    """The open benchmarks of one call: those asked for, and those of the sample asked again."""

    def __init__(
        self,
        fleet: Fleet,
        lab: LabContents,
        sent: tuple[Future[Any], Future[Any], float, float],
        report: Progress,
    ) -> None:
        self._fleet = fleet
        self._lab = lab
        self._sent = sent
        self._report = report
        self._needed = labels.lab_labels()
        self._open: dict[Future[Any], str] = {}
        self._again: dict[Future[Any], tuple[LabResult, set[str]]] = {}
        self._machines: dict[str, str] = {}
        self._differ: list[str] = []
        self._id = uuid.uuid4().hex

    def results(self, benchmarks: Sequence[str]) -> Iterator[LabResult]:
        """Every benchmark's result; of the sample when it has been held against the second."""
        self._fleet.require_worker()
        if not self._able():
            raise KbenchError(f"no machine of {self._fleet.address} can count what this one does")
        owed = max(1, math.ceil(len(benchmarks) * SAMPLE))
        sample = set(random.sample(benchmarks, owed))
        for name in benchmarks:
            self._open[self._submit(name)] = name
        while self._open or self._again:
            for future in self._done():
                if future in self._again:
                    yield self._compared(future, *self._again.pop(future))
                    continue
                name = self._open.pop(future)
                counted = self._result(future, name)
                # A skip has nothing to compare: the sample is one of those that come later.
                wanted = counted.result.runs and (name in sample or owed > len(self._open))
                if wanted and owed and self._ask_again(name, counted):
                    owed -= 1
                else:
                    yield counted.result
        if self._differ:
            raise KbenchError("counts differ between machines:\n  " + "\n  ".join(self._differ))

    def cancel(self) -> None:
        """End what is still open, running or not."""
        left = [*self._open, *self._again]
        # A client that was closed has released them all, which cancels them too.
        if left and self._fleet.client.status == "running":
            self._fleet.client.cancel(left, force=True, reason="the client has ended")

    def _able(self) -> list[Member]:
        able = [member for member in self._fleet.fit(self._needed) if member.labs]
        self._machines |= {member.address: member.machine for member in able}
        return able

    def _submit(self, name: str, workers: Sequence[str] | None = None) -> Future[Any]:
        kernel, modules, run_seconds, stop_above = self._sent
        return self._fleet.client.submit(
            tasks.count,
            *(self._needed[labels.KBENCH], kernel, modules, name, run_seconds, stop_above),
            key=(f"kbench-lab-{self._id}", name, "again" if workers else ""),
            resources={LAB: 1, **labels.resources(self._needed)},
            workers=workers,
        )

    def _done(self) -> set[Future[Any]]:
        """Some that have ended; waits for the first."""
        alone_since = None
        while True:
            try:
                futures = [*self._open, *self._again]
                found: set[Future[Any]] = wait(futures, PROBE_SECONDS, "FIRST_COMPLETED").done
                return found
            except CancelledError:
                missing = ", ".join(self._open.values())
                raise KbenchError(f"{self._fleet.gone()}; missing: {missing}") from None
            except TimeoutError:
                able = {member.address for member in self._able()}
                alone_since = None if able else alone_since or time.monotonic()
            if alone_since is not None and time.monotonic() - alone_since > NOBODY_SECONDS:
                missing = ", ".join(self._open.values())
                raise KbenchError(f"no machine of {self._fleet.address} is left for: {missing}")
            lost = {future for future, (_, asked) in self._again.items() if not asked & able}
            if lost:
                return lost

    def _result(self, future: Future[Any], name: str) -> tasks.Counted:
        error = future.exception() if future.done() else LabError("its machines are gone")
        if error is None:
            counted: tasks.Counted = future.result()
            where = self._machines.get(counted.address, counted.address)
            return replace(counted, result=replace(counted.result, where=where))
        lost = error if isinstance(error, LabError) else LabError(f"{error}")
        result = LabResult(
            benchmark=name, kvm=self._lab.kvm, identity=self._lab.identity, error=lost
        )
        return tasks.Counted("", result)

    def _ask_again(self, name: str, counted: tasks.Counted) -> bool:
        """Ask another machine, or where there is none another worker; False where there is none."""
        able = [member for member in self._able() if member.address != counted.address]
        elsewhere = [member for member in able if member.machine != counted.result.where]
        asked = [member.address for member in elsewhere or able]
        if not asked:
            self._fleet.say_once("only one worker: no sample is held against another's")
            return False
        self._again[self._submit(name, asked)] = counted.result, set(asked)
        return True

    def _compared(self, future: Future[Any], first: LabResult, asked: set[str]) -> LabResult:
        second = self._result(future, first.benchmark).result
        if second.error is not None:
            self._report(f"{first.benchmark} was not counted twice: {second.error}")
            return first
        if outcome(first) == outcome(second):
            return first
        void = f"{first.where} and {second.where} count differently"
        self._differ.append(f"{first.benchmark}: {void}")
        runs = [replace(counts, void=void) for counts in first.runs]
        return replace(first, counts=runs[0], further=tuple(runs[1:]))
