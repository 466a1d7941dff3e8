# SPDX-License-Identifier: MIT
"""A machine of the fleet: what its worker says of it when it comes, and how that is read."""

import os
import platform
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kbench.errors import KbenchError
from kbench.fleet import labels
from kbench.fleet.labels import Labels, lacking
from kbench.kvm import System
from kbench.lab.errors import EmulatorUnavailable
from kbench.lab.vm import common
from kbench.lab.vm.qemu import installed
from kbench.record import provenance
from kbench.record.recording import Metadata

SAID = "kbench"  # the key of what a worker says, in what dask knows of it
KVM, LAB = "KVM", "LAB"
# A lab's QEMU maps its RAM copy-on-write and has its own 100 MB beside.
LAB_BYTES = (common.MEMORY_MB + 256) << 20


@dataclass(frozen=True, kw_only=True)
class Member:
    """A worker by dask's `address`, and its machine's name.

    labs: how many labs run side by side, 0 with the reason in `lab_reason`. kvm_reason: why
    times cannot be measured, "" where they can.
    """

    address: str
    machine: str
    cpus: int
    labels: Labels
    labs: int
    lab_reason: str
    kvm_reason: str
    facts: Metadata

    @property
    def resources(self) -> dict[str, float]:
        """What dask's scheduler is told to share out."""
        own = {LAB: float(self.labs), KVM: float(not self.kvm_reason)}
        return {**own, **labels.resources(self.labels, labels.PLENTY)}


def describe(threads: int, memory: int | None) -> Member:
    """This machine, for a worker of so many threads and bytes of memory (None: no limit)."""
    found = {labels.KBENCH: labels.build(), labels.PYTHON: platform.python_version()}
    lab_reason = ""
    try:
        found[labels.QEMU] = installed.find().version
    except EmulatorUnavailable as error:
        lab_reason = str(error)
    fit = threads if memory is None else min(threads, max(1, memory // LAB_BYTES))
    return Member(
        address="",
        machine=socket.gethostname(),
        cpus=len(os.sched_getaffinity(0)),
        labels=found,
        labs=0 if lab_reason else fit,
        lab_reason=lab_reason,
        kvm_reason=_kvm_reason(),
        facts=provenance.machine(),
    )


def said(member: Member) -> dict[str, Any]:
    """What a worker tells the scheduler."""
    return asdict(member)


def members(workers: Mapping[str, Mapping[str, Any]]) -> Iterator[Member]:
    """Kbench's workers among those that dask's scheduler knows."""
    for address, known in workers.items():
        if SAID in known:
            yield Member(**{**known[SAID], "address": address})


def fitting(known: list[Member], needed: Labels) -> tuple[list[Member], list[str]]:
    """Those that have the labels, and a line for each other one that says what differs."""
    fit = [member for member in known if not lacking(needed, member.labels)]
    others = [member for member in known if member not in fit]
    return fit, [f"{each.machine} is left out: {lacking(needed, each.labels)}" for each in others]


def _kvm_reason() -> str:
    try:
        with System() as system, system.create_vm():
            return ""
    except KbenchError as error:
        return str(error)
