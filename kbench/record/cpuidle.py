# SPDX-License-Identifier: MIT
"""The idle states that a CPU really entered, by the kernel's own counters (cpuidle).

Documentation/admin-guide/pm/cpuidle.rst: /sys/devices/system/cpu/cpuN/cpuidle/stateM has `name`,
`usage` (how often the CPU was asked to enter it) and `time` (us spent in it).
"""

import re
from pathlib import Path

SYS = Path("/sys/devices/system/cpu")
States = dict[str, tuple[int, int]]
"""By state, how often it was entered and the us in it."""


def read(cpu: int, root: Path = SYS) -> States:
    """The counters of `cpu` now; {} where the kernel has no cpuidle driver for it."""
    found: States = {}
    for state in sorted((root / f"cpu{cpu}" / "cpuidle").glob("state*")):
        name = re.sub(r"\W+", "_", (state / "name").read_text().strip())
        usage, time = (int((state / what).read_text()) for what in ("usage", "time"))
        found[name] = usage, time
    return found


def counters(before: States, after: States) -> dict[str, int | float]:
    """`cstate_NAME`, the entries of each state, and `cstate_NAME_s`, the seconds in it."""
    found: dict[str, int | float] = {}
    for name, (usage, time) in after.items():
        entered, spent = before.get(name, (0, 0))
        found[f"cstate_{name}"] = usage - entered
        found[f"cstate_{name}_s"] = (time - spent) / 1e6
    return found
