# SPDX-License-Identifier: MIT
"""Energy of the CPU packages: the RAPL counters, through Linux's powercap.

AMD's counters are under intel-rapl too (since Linux 5.8). Virtual machines have none. Since 5.10
only root may read them (CVE-2020-8694, a side channel).
"""

import os
from collections.abc import Sequence
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


def packages() -> list[Path]:
    """The directory of each package domain: intel-rapl:N, without its subdomains intel-rapl:N:M."""
    domains = sorted(POWERCAP.glob("intel-rapl:*"))
    return [path for path in domains if path.name.count(":") == 1 and _is_package(path)]


def _is_package(domain: Path) -> bool:
    return (domain / "name").read_text().startswith("package")


def meter() -> str:
    """What measures energy here: `RAPL, 2 package(s)`, or "none: " and the reason."""
    found = packages()
    if not found:
        return f"none: no RAPL package under {POWERCAP}"
    if not all(os.access(path / "energy_uj", os.R_OK) for path in found):
        return f"none: {found[0].name}/energy_uj is readable by root only"
    return f"RAPL, {len(found)} package(s)"


def read() -> tuple[int, ...]:
    """The counter of each package in uJ; () where none can be read."""
    try:
        return tuple(int((path / "energy_uj").read_text()) for path in packages())
    except OSError:
        return ()


def joules(before: Sequence[int], after: Sequence[int]) -> float:
    """The energy of all packages between two read(), with counters that wrapped corrected."""
    ranges = (int((path / "max_energy_range_uj").read_text()) for path in packages())
    pairs = zip(before, after, ranges, strict=True)
    return sum((late - early) % (most + 1) for early, late, most in pairs) / 1e6
