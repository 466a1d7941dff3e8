# SPDX-License-Identifier: MIT
"""What runs on a worker: a lab's session, and a run on the host."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from distributed import get_worker

from kbench.catalogue import Benchmark
from kbench.errors import KbenchError
from kbench.fleet import labels, shipment
from kbench.fleet.sessions import session
from kbench.fleet.shipment import Shipment
from kbench.kernels.cache import silent
from kbench.lab import labs
from kbench.lab.labs import LabResult
from kbench.targets import spawn
from kbench.targets.host import machine_lock
from kbench.targets.options import RunOptions, environment
from kbench.worker import probe

# Labs that a worker keeps at hand; the cache keeps more on the disk.
LABS = 4


@dataclass(frozen=True)
class Counted:
    """A result, and the address of the worker that it comes from."""

    address: str
    result: LabResult


def keep(sent: Shipment) -> Shipment:
    """Files that other tasks need: dask sends them once to each worker that lacks them."""
    return sent


def count(
    build: str,
    kernel: Shipment,
    modules: Shipment,
    benchmark: str,
    run_seconds: float,
    stop_above: float = 0.0,
) -> Counted:
    """Measure a benchmark in the lab of this content, made ready where it is not.

    Raises KbenchError where the lab cannot be had, or kbench is not the client's `build`.
    """
    require_build(build)
    with session() as running:
        lab = _lab(kernel, modules)
        job = labs.benchmark_job(benchmark, run_seconds=run_seconds, stop_above=stop_above)
        result = lab.measure(job, running)
    return Counted(get_worker().address, result)


def run(build: str, benchmark: str, options: RunOptions, loops: int) -> bytes:
    """One run on this machine's /dev/kvm, as spawn.worker() does it and raises.

    Raises KbenchError too while another kbench measures here.
    """
    require_build(build)
    here = replace(options, python=sys.executable, environment=environment())
    with session() as running, machine_lock(options.wait):
        return spawn.worker(benchmark, here, loops=loops, running=running)


def lacking(build: str, rows: Sequence[Benchmark]) -> dict[str, str]:
    """What this machine's KVM lacks, as probe.lacking() says it."""
    require_build(build)
    return probe.lacking(rows)


def require_build(build: str) -> None:
    """Raise KbenchError where this kbench is another one."""
    if build != labels.build():
        raise KbenchError(f"kbench is {labels.build()} there and {build} here: install the same")


@lru_cache(LABS)
def _lab(kernel: Shipment, modules: Shipment) -> labs.Lab:
    kernel.check()
    modules.check()
    variant = json.loads(modules.said)
    found = shipment.kernel(kernel, silent)
    return labs.ready(labs.LabContents(found, variant, dict(modules.files)), silent)
