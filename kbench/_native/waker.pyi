from array import array

from kbench._native.vcpu_thread import VcpuThread
from kbench._native.wake_sources import WakeSource

def fire_at(
    plan: array[int],
    which: bytes,
    sources: tuple[WakeSource, ...],
    vcpu_thread: VcpuThread,
    tsc_khz: int,
    margin: int,
    planned: array[int],
    fired: array[int],
) -> int: ...
def sleep_until(until: int, vcpu_thread: VcpuThread) -> None: ...
def monotonic_ns() -> int: ...
def answers(fired: array[int], stamps: array[int]) -> array[int]: ...
