# SPDX-License-Identifier: MIT
"""Family `vtl`: switches between Hyper-V's virtual trust levels, each of which is a vCPU.

Alexander Graf, 2023-09-24: "If you are running happily in KVM_RUN in VTL0 and VTL1 gets an
interrupt, user space needs to stop VTL0 and unpause VTL1 until it triggers VTL_RETURN at which
point VTL1 stops execution and VTL0 runs again." The methods are how userspace learns of the
interrupt.
"""

from kbench.catalogue.benchmark import IdleWindow

SWITCHES = 200  # in a value
STAGES = {
    "late": "planned time to the waker's write",
    "tell": "write until a thread of the VMM knows",
    "stop": "from there until VTL0 has left KVM_RUN",
    "start": "from there to VTL1's handler",
    "exit": "VTL_RETURN to userspace",
    "entry": "userspace to VTL0's next instruction",
}
PATH = "a switch between VTLs"

METHODS = {
    "kick": "the VMM routes it and kicks VTL0",
    "eventfd": "the vCPU's eventfd signals it (vcpu_poll)",
    "poll": "poll(2) of the vCPU signals it (vcpu_poll)",
    "flag": "the VMM routes it and kicks a VTL0 in HLT (idle_flag)",
}
EVENTS = {
    "enter": (
        "interrupt for VTL1 until VTL1 runs, while VTL0 runs",
        ("kick", "eventfd", "poll"),
    ),
    "enter_idle": (
        "interrupt for VTL1 until VTL1 runs, while VTL0 is halted",
        tuple(METHODS),
    ),
    "return": ("VTL_RETURN until VTL0 runs", ("kick", "eventfd", "poll")),
}


def row(event: str, method: str) -> IdleWindow:
    """The benchmark `vtl.EVENT@METHOD`."""
    return IdleWindow(
        name=f"vtl.{event}@{method}",
        title=f"{EVENTS[event][0]}: {METHODS[method]}",
        method=method,
        loops=SWITCHES,
    )


BENCHMARKS = tuple(
    row(event, method) for event, (_, methods) in EVENTS.items() for method in methods
)
