# SPDX-License-Identifier: MIT
"""Family `vtl`: VTLs as vCPUs (Alexander Graf, 2023-09-24).

"If you are running happily in KVM_RUN in VTL0 and VTL1 gets an interrupt, user space needs
to stop VTL0 and unpause VTL1 until it triggers VTL_RETURN at which point VTL1 stops
execution and VTL0 runs again." By the way in which user space learns of the interrupt.
"""

from kbench.catalogue.benchmark import Benchmark

SWITCHES = 200

WAYS = {
    "kick": "the VMM routes it itself and signals",
    "eventfd": "the vCPU's eventfd tells (M8)",
    "poll": "poll(2) of the vCPU tells (M8)",
    "flag": "the VMM routes it itself, and signals a VTL0 in HLT (M4)",
}
EVENTS = {
    "enter": ("an interrupt for VTL1, until it runs; VTL0 runs", ("kick", "eventfd", "poll")),
    "enter_idle": ("an interrupt for VTL1, until it runs; VTL0 is halted", tuple(WAYS)),
    "return": ("VTL_RETURN, until VTL0 runs", ("kick", "eventfd", "poll")),
}


def row(event: str, way: str) -> Benchmark:
    """The benchmark `vtl.EVENT@WAY`."""
    return Benchmark(
        name=f"vtl.{event}@{way}",
        title=f"{EVENTS[event][0]}: {WAYS[way]}",
        loop="vtl",
        source=way,
        loops=SWITCHES,
    )


BENCHMARKS = tuple(row(event, way) for event, (_, ways) in EVENTS.items() for way in ways)
