# SPDX-License-Identifier: MIT
"""Family `mpstate`: is a halted vCPU runnable again? What a probe costs, and when it is right.

A vCPU outside KVM_RUN is halted there after a HLT exit, or a restore; inside, its thread
blocks in the kernel.
"""

from kbench.catalogue.benchmark import Benchmark

PROBES = 200

WAYS = {
    "get": "KVM_GET_MP_STATE",
    "kick": "a signal, KVM_RUN and KVM_GET_MP_STATE",
    "poll": "poll(2) of the vCPU (M8)",
    "eventfd": "the eventfd of the vCPU (M8)",
    "byte": "mp_state in kvm_run (M9)",
    "flag": "HLT in kvm_run.flags (M4)",
    "stats": "`blocking` of the stats fd",
}
OUTSIDE = ("get", "kick", "poll", "eventfd", "byte", "flag", "stats")
INSIDE = ("get", "kick", "poll", "byte", "flag", "stats")
EVENTS = {
    "probe": ("one probe of a halted vCPU outside KVM_RUN", OUTSIDE),
    "right": ("KVM_SIGNAL_MSI for it, until a probe says RUNNABLE", OUTSIDE),
    "probe_inside": ("one probe of a vCPU that blocks in KVM_RUN", INSIDE),
    "right_inside": ("KVM_SIGNAL_MSI for it, until a probe says RUNNABLE", INSIDE),
}


def row(event: str, way: str) -> Benchmark:
    """The benchmark `mpstate.EVENT@WAY`."""
    return Benchmark(
        name=f"mpstate.{event}@{way}",
        title=f"{EVENTS[event][0]}: {WAYS[way]}",
        loop="mpstate",
        source=way,
        loops=PROBES,
    )


BENCHMARKS = tuple(row(event, way) for event, (_, ways) in EVENTS.items() for way in ways)
