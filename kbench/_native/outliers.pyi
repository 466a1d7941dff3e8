from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog

class Outlier:
    limit: int
    ticks: int
    begin: int
    frozen: bool
    def __init__(self, limit: int, marker: int, tracing_on: int) -> None: ...
    @property
    def cpus(self) -> tuple[int, int]: ...
    @property
    def cpu_ns(self) -> int: ...
    @property
    def counts(self) -> tuple[int, int, int, int]: ...

def round_trips(
    fd: int,
    expect: int,
    loops: int,
    histogram: Histogram,
    watchdog: Watchdog,
    outlier: Outlier,
    halts: bool,
) -> tuple[int, int]: ...
