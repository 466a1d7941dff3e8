# SPDX-License-Identifier: MIT
"""The processes that a session has started, so that all of them can be ended from one thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Killable(Protocol):
    """A process that any thread may end, at any time."""

    def kill(self) -> None: ...


class Running:
    """The processes of one session; stop() ends them, and any that it starts later."""

    def __init__(self) -> None:
        self._processes: set[Killable] = set()
        self._stopped = False
        self._lock = threading.Lock()

    @contextmanager
    def one(self, process: Killable) -> Iterator[None]:
        """Count `process` among them; after stop() it is killed at once."""
        with self._lock:
            self._processes.add(process)
            if self._stopped:
                process.kill()
        try:
            yield
        finally:
            with self._lock:
                self._processes.discard(process)

    def stop(self) -> None:
        """Kill them all, and any that comes later."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()
