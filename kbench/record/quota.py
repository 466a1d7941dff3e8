# SPDX-License-Identifier: MIT
"""The CPU quota of this process's control group, as containers and systemd set it.

A group that has used its quota is throttled until its period ends: a round trip then takes
milliseconds that no other task has used (Documentation/admin-guide/cgroup-v2.rst, cpu.max).
"""

from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBER = Path("/proc/self/cgroup")


def cpu_quota() -> float | None:
    """How many CPUs' worth of time this process's groups may use; None without a limit."""
    return min(_limits(), default=None)


def _limits() -> Iterator[float]:
    """The quota of each group from this process's own up to the root."""
    try:
        lines = MEMBER.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = CGROUPS / controllers
        group = top / path.lstrip("/")
        for place in (group, *group.parents):
            yield from _limit(place)
            if place == top:
                break


def _limit(place: Path) -> Iterator[float]:
    """The quota of one group, in CPUs: of version 2, or of version 1."""
    try:
        if (place / "cpu.max").exists():
            quota, period = (place / "cpu.max").read_text().split()
        else:
            quota, period = (
                (place / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")
            )
    except (OSError, ValueError):
        return
    if quota not in ("max", "-1") and int(period):
        yield int(quota) / int(period)
