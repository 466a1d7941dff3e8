# SPDX-License-Identifier: MIT
"""A fleet in this process: dask's scheduler and two workers, and a lab that is pretended."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from distributed import LocalCluster, get_worker

from kbench.fleet import lab, member, tasks
from kbench.fleet.fleet import Fleet
from kbench.fleet.lab import FleetLabs
from kbench.fleet.shipment import ShippedKernel, shipment
from kbench.fleet.worker import PRELOAD
from kbench.lab import protocol
from kbench.lab.labs import LabContents, LabResult
from kbench.lab.vm.qemu import installed
from kbench.targets.running import Running

IDENTITY = {"qemu": "7.2.22"}
CONTENTS = LabContents(
    ShippedKernel(
        spec="debian:6.1", version="6.1.192-2", name="6.1.192-2", release="6.1.0-56-amd64",
        content="0123", vmlinuz=Path("vmlinuz"), modules=Path("modules"), told={},
    ),
    "stock",
    {"kvm": b"kvm.ko", "kvm-amd": b"kvm-amd.ko"},
)  # fmt: skip


@contextmanager
def cluster(workers: int = 2) -> Iterator[str]:
    """The address of a scheduler in this process, whose machine can do anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installed, "find", lambda: installed.Qemu("qemu", "7.2.22"))
        patch.setattr(member, "_kvm_reason", lambda: "")
        with LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=False, preload=PRELOAD,
            dashboard_address=None,
        ) as made:  # fmt: skip
            yield made.scheduler_address


@dataclass
class PretendedLab:
    """What a worker has for a lab: measures by `answer(benchmark, worker's number)`."""

    answer: Callable[[str, int], LabResult]
    asked: list[tuple[str, int]] = field(default_factory=list)

    def measure(self, job: protocol.Job, running: Running) -> LabResult:
        # dask numbers the workers of a LocalCluster.
        number = int(str(get_worker().name))
        self.asked.append((job.benchmark, number))
        return self.answer(job.benchmark, number)


class Blocking:
    """A lab whose session lasts until it is killed."""

    def __init__(self) -> None:
        self.begun, self.killed = threading.Event(), threading.Event()

    def kill(self) -> None:
        self.killed.set()

    def measure(self, job: protocol.Job, running: Running) -> LabResult:
        with running.one(self):
            self.begun.set()
            assert self.killed.wait(30)
        return result(job.benchmark)


def counts(minimum: int = 3021) -> protocol.Counts:
    """A count of 500 equal events."""
    return protocol.Counts(
        buckets=((minimum, 500),), count=500, minimum=minimum, maximum=minimum,
        total=500 * minimum, counters={}, void="", guest_sha256="ab",
    )  # fmt: skip


def result(name: str, minimum: int = 3021, skipped: str = "") -> LabResult:
    """A benchmark's result in the pretended lab."""
    return LabResult(
        benchmark=name,
        kvm=CONTENTS.kvm,
        identity=IDENTITY,
        counts=None if skipped else counts(minimum),
        skipped=skipped,
    )


@contextmanager
def pretended(address: str, place: object, said: list[str]) -> Iterator[FleetLabs]:
    """The fleet at `address` whose workers' labs are `place`; what it reports goes to `said`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installed, "find", lambda: installed.Qemu("qemu", "7.2.22"))
        patch.setattr(tasks, "_lab", lambda kernel, modules: place)
        patch.setattr(lab, "kernel_shipment", lambda kernel: shipment("kernel", {"vmlinuz": b"k"}))
        with Fleet(address, said.append) as fleet:
            yield FleetLabs(fleet, said.append)


def by_name(results: Iterator[LabResult]) -> Mapping[str, LabResult]:
    """The results of a session, each benchmark once."""
    found = list(results)
    assert len({each.benchmark for each in found}) == len(found)
    return {each.benchmark: each for each in found}
