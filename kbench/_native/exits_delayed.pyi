from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog

def round_trips(
    fd: int, expect: int, loops: int, histogram: Histogram, watchdog: Watchdog, ticks: int
) -> tuple[int, int]: ...
