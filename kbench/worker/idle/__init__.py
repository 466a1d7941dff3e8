# SPDX-License-Identifier: MIT
"""Idle guests: VMs under a policy, the threads around them, and what they cost.

A `player` runs the vCPU threads of a VM and plays one open-loop `window` after another.
`windowed` is what all measurements share. The other modules are the measurements, each
named as its family in the catalogue (or as the row's `measured_by`): its prepare() yields one.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType

from kbench.catalogue import IdleWindow
from kbench.catalogue.derive import require_pcpus
from kbench.worker.idle.windowed import WindowedMeasurement

__all__ = ["WindowedMeasurement", "prepare"]

Prepare = Callable[[IdleWindow], AbstractContextManager[WindowedMeasurement]]


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[WindowedMeasurement]:
    """The measurement of a benchmark of idle guests, after a first window that worked.

    Raises Unavailable where this KVM lacks what the policy takes, or does something else
    than the policy says, and KbenchError for more vCPUs with their own pCPUs than there are.
    """
    require_pcpus([benchmark], len(os.sched_getaffinity(0)))
    prepare_row: Prepare = module(benchmark).prepare
    with prepare_row(benchmark) as measurement:
        yield measurement


def module(benchmark: IdleWindow) -> ModuleType:
    """The module that measures `benchmark`; a worker imports no other family's."""
    name = benchmark.measured_by or benchmark.family
    return importlib.import_module(f"kbench.worker.idle.{name}")
