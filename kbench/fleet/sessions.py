# SPDX-License-Identifier: MIT
"""The sessions that a worker runs, so that a cancelled task ends what it has started.

dask cancels a task when its client asks for that or is gone. It cannot interrupt a thread: what
the thread waits for is a QEMU or a worker process, which stop() kills.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from kbench.targets.running import Running

ENDED = ("cancelled", "released", "forgotten")


class Sessions(WorkerPlugin):
    """dask's plugin of a worker: what runs there, by the task's key."""

    name = "kbench"

    def __init__(self) -> None:
        self._running: dict[object, Running] = {}

    @contextmanager
    def one(self, key: object) -> Iterator[Running]:
        """The processes of the task `key`, from now to the end of the block."""
        running = self._running[key] = Running()
        try:
            yield running
        finally:
            del self._running[key]
            running.stop()

    def transition(self, key: Any, start: str, finish: str, **kwargs: Any) -> None:
        """End the task's processes where it is cancelled; called by dask."""
        if finish in ENDED and (running := self._running.get(key)):
            running.stop()

    def teardown(self, worker: Worker) -> None:
        """End all processes; called by dask when the worker closes."""
        for running in list(self._running.values()):
            running.stop()


@contextmanager
def session() -> Iterator[Running]:
    """The processes of the task that this thread runs; for use on a worker."""
    worker = get_worker()
    plugin = worker.plugins[Sessions.name]
    assert isinstance(plugin, Sessions)
    with plugin.one(worker.get_current_task()) as running:
        yield running
