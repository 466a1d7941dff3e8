from array import array
from typing import Self

from kbench._native.vcpu_thread import VcpuThread
from kbench._native.wake_sources import WakeSource

class WakerLog:
    planned: array[int]
    fired: array[int]
    raised: array[int]
    epoch: array[int]
    def __new__(cls, count: int, accounts: bool = False) -> Self: ...

def fire_at(
    plan: array[int],
    which: bytes,
    sources: tuple[WakeSource, ...],
    vcpu_thread: VcpuThread,
    tsc_khz: int,
    margin: int,
    settle: int,
    log: WakerLog,
) -> int: ...
def sleep_until(until: int, vcpu_thread: VcpuThread) -> None: ...
def rest_until(until: int) -> None: ...
def monotonic_ns() -> int: ...
def answers(fired: array[int], stamps: array[int]) -> array[int]: ...
