# SPDX-License-Identifier: MIT
"""How the runs of a session are measured: what a target is told beside the benchmarks."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

NEEDED = ("PATH", "HOME")
LOCALE = ("LANG", "LANGUAGE")


def environment(*, locale: bool = True, more: Sequence[str] = ()) -> dict[str, str]:
    """What a worker inherits: little, so that results do not depend on the rest.

    `locale` adds the variables of the locale, `more` those of these names.
    """
    found = {*NEEDED, *more}
    if locale:
        found |= {*LOCALE, *(name for name in os.environ if name.startswith("LC_"))}
    return {name: os.environ[name] for name in found if name in os.environ}


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of pyperf's under pyperf's names, and some of kbench's own.

    `loops` 0 lets a worker calibrate their number; `min_time` (s) is what a value then takes
    at least. `affinity` is a CPU list ("" for none); `timeout` (s) bounds a worker process and
    `limit` (s; in the lab virtual) each KVM_RUN. `delay_ns` is spun away in each round trip:
    only the gate's self-test sets it. `stop_above` (ns; in the lab instructions) ends the session
    at the first round trip that takes longer; 0 for none. `profile` and `hooks` are handed through
    to pyperf. `wait` (s) is how long another kbench that measures here may take to end.
    """

    processes: int = 6
    values: int = 3
    warmups: int = 1
    loops: int = 0
    min_time: float = 0.05  # some 7,000 exits of 7 us
    timeout: float = 600.0  # a worker's watchdog ends a guest that hangs long before
    limit: float = 5.0
    delay_ns: float = 0.0
    stop_above: float = 0.0
    affinity: str = ""
    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=environment)
    hooks: tuple[str, ...] = ()
    profile: str = ""
    wait: float = 0.0
