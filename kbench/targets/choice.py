# SPDX-License-Identifier: MIT
"""Which target: the host where its /dev/kvm works, else the lab."""

from kbench.errors import KbenchError
from kbench.targets.host import Host
from kbench.targets.target import Target


def choose(name: str) -> Target:
    """The target called `name`: "host" or "auto". Raises KbenchError for another."""
    if name in ("auto", "host"):
        return Host()
    raise KbenchError(f"no target {name!r}: it is one of auto, host")
