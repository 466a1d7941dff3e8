from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog

def round_trips(
    fd: int,
    params: int,
    loops: int,
    batch: Histogram,
    control: Histogram,
    guest: Histogram,
    guest_control: Histogram,
    watchdog: Watchdog,
) -> tuple[int, int]: ...
