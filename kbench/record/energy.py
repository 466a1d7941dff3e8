# SPDX-License-Identifier: MIT
"""Energy of the CPU packages, where the machine tells: RAPL, through Linux's powercap.

AMD's counters are under intel-rapl too (since Linux 5.8). Virtual machines have none, and
since 5.10 the counters are root's alone (CVE-2020-8694, a side channel).
"""

import os
from collections.abc import Sequence
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


def packages() -> list[Path]:
    """A directory for each package domain: intel-rapl:N, and not its parts intel-rapl:N:M."""
    domains = sorted(POWERCAP.glob("intel-rapl:*"))
    return [path for path in domains if path.name.count(":") == 1 and _is_package(path)]


def _is_package(domain: Path) -> bool:
    return (domain / "name").read_text().startswith("package")


def source() -> str:
    """`RAPL, 2 package(s)`, or why no run here has an energy: "none: ..."."""
    found = packages()
    if not found:
        return f"none: no RAPL package under {POWERCAP}"
    if not all(os.access(path / "energy_uj", os.R_OK) for path in found):
        return f"none: {found[0].name}/energy_uj is readable by root only"
    return f"RAPL, {len(found)} package(s)"


def read() -> tuple[int, ...]:
    """The counter of each package in uJ; empty where there is none to read."""
    try:
        return tuple(int((path / "energy_uj").read_text()) for path in packages())
    except OSError:
        return ()


def joules(before: Sequence[int], after: Sequence[int]) -> float:
    """What all packages used between two read(), each counter's wrap undone."""
    ranges = (int((path / "max_energy_range_uj").read_text()) for path in packages())
    pairs = zip(before, after, ranges, strict=True)
    return sum((late - early) % (most + 1) for early, late, most in pairs) / 1e6
