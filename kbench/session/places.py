# SPDX-License-Identifier: MIT
"""Where a session measures: on this machine, or on those of a dask scheduler (`--cluster`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kbench.errors import KbenchError
from kbench.kernels.cache import Progress
from kbench.lab import labs
from kbench.targets.host import HostPlace, ThisHost

if TYPE_CHECKING:
    from kbench.fleet.fleet import Fleet
    from kbench.fleet.host import FleetHost


class SessionPlaces:
    """This machine: where its labs run, and the machine that measures times."""

    labs: labs.LabPlace[Any] = labs

    def host(self) -> HostPlace:
        """The one machine that measures times. Raises KbenchError where it is not one."""
        return ThisHost()


class FleetPlaces(SessionPlaces):
    """The machines of a fleet; `wanted` names the one host that measures times."""

    def __init__(self, fleet: "Fleet", wanted: str | None, report: Progress) -> None:
        from kbench.fleet.lab import FleetLabs

        self.labs = FleetLabs(fleet, report)
        self._fleet = fleet
        self._wanted = wanted

    def host(self) -> HostPlace:
        found = self.hosts()
        if len(found) > 1:
            names = ", ".join(each.name for each in found)
            raise KbenchError(f"both sides are measured on one machine: --host, one of {names}")
        return found[0]

    def hosts(self) -> "list[FleetHost]":
        """All that measure times, or the one that is wanted. Raises KbenchError for none."""
        from kbench.fleet.host import hosts

        return hosts(self._fleet, self._wanted)


@contextmanager
def places(cluster: str | None, wanted: str | None, report: Progress) -> Iterator[SessionPlaces]:
    """This machine, or with `cluster`, a scheduler's address, the fleet's.

    Raises KbenchError where dask is missing, as Fleet() does, and for a machine without a fleet.
    """
    if cluster is None:
        if wanted is not None:
            raise KbenchError("--host names one of a fleet: it takes --cluster")
        yield SessionPlaces()
        return
    require_extra()
    from kbench.fleet.fleet import Fleet

    with Fleet(cluster, report) as fleet:
        yield FleetPlaces(fleet, wanted, report)


def require_extra() -> None:
    """Raise KbenchError where dask.distributed is not installed."""
    if find_spec("distributed") is None:
        raise KbenchError("a fleet needs dask.distributed: pip install 'kbench[fleet]'")
