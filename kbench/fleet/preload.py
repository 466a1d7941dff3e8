# SPDX-License-Identifier: MIT
"""Makes a worker of dask's one of kbench's: `dask worker --preload kbench.fleet.preload`.

For whatever starts workers: `kbench worker`, LocalCluster, dask-jobqueue, dask-kubernetes.
"""

from distributed import Worker

from kbench.fleet.address import require_safe
from kbench.fleet.member import SAID, describe, said
from kbench.fleet.sessions import Sessions


async def dask_setup(worker: Worker) -> None:
    """Say what this machine is, before the worker registers; called by dask.

    Raises KbenchError, which ends the worker, where the scheduler's address is not safe.
    """
    require_safe(worker.scheduler.address)
    member = describe(worker.state.nthreads, worker.memory_manager.memory_limit)
    worker.state.total_resources.update(member.resources)
    worker.state.available_resources.update(member.resources)
    worker.startup_information[SAID] = lambda worker: said(member)
    await worker.plugin_add(plugin=Sessions(), name=Sessions.name)
