# SPDX-License-Identifier: MIT
"""A scheduler's machines as a client sees them."""

import logging
from types import TracebackType
from typing import Self

from distributed import Client

from kbench.errors import KbenchError
from kbench.fleet import labels
from kbench.fleet.address import require_safe
from kbench.fleet.labels import Labels
from kbench.fleet.member import Member, fitting, members
from kbench.kernels.cache import Progress

CONNECT_SECONDS = 20.0
# Workers are often started just before a session is.
COME_SECONDS = 10.0
# How often a client that waits asks whether anybody is left.
PROBE_SECONDS = 2.0


class Fleet:
    """A connection to the scheduler at `address`; a context manager.

    Raises KbenchError where there is none, where the address is not safe, and where the
    scheduler runs another kbench.
    """

    def __init__(self, address: str, report: Progress) -> None:
        require_safe(address)
        self.address = address
        self._report = report
        self._said: set[str] = set()
        # What ends a session is said once, by kbench.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            self.client = Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise KbenchError(f"no scheduler at {address}: {error}") from error
        try:
            self._check_scheduler()
        except BaseException:
            self.client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()

    def members(self) -> list[Member]:
        """The machines that are there now. Raises KbenchError when the scheduler is gone."""
        try:
            known = self.client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, RuntimeError) as error:
            raise self.gone() from error
        return list(members(known))

    def require_worker(self) -> None:
        """Raise KbenchError where no worker comes within COME_SECONDS."""
        try:
            self.client.wait_for_workers(1, timeout=COME_SECONDS)
        except TimeoutError:
            raise KbenchError(
                f"{self.address} has no worker: kbench worker {self.address} starts one"
            ) from None

    def fit(self, needed: Labels) -> list[Member]:
        """The machines that have these labels; of each other one the report says once why not."""
        fit, lines = fitting(self.members(), needed)
        for line in lines:
            self.say_once(line)
        return fit

    def say_once(self, line: str) -> None:
        """Report a line that has not been reported yet."""
        if line not in self._said:
            self._said.add(line)
            self._report(line)

    def gone(self) -> KbenchError:
        """The error of a scheduler that answers no longer."""
        return KbenchError(f"the scheduler {self.address} is gone: start it and its workers again")

    def _check_scheduler(self) -> None:
        """dask's scheduler unpacks what it hands on: it needs the same kbench."""
        try:
            there = self.client.run_on_scheduler(labels.build)
        except Exception as error:  # whatever its Python raises: without kbench it imports nothing
            raise KbenchError(
                f"the scheduler {self.address} has no such kbench: {error}"
            ) from error
        if there != labels.build():
            raise KbenchError(
                f"the scheduler {self.address} has kbench {there}, this is {labels.build()}: "
                "install the same"
            )
