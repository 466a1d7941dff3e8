# SPDX-License-Identifier: MIT
"""Family `vtl`: switches between Hyper-V's virtual trust levels, each of which is a vCPU.

Alexander Graf, 2023-09-23: "If you are running happily in KVM_RUN in VTL0 and VTL1 gets an
interrupt, user space needs to stop VTL0 and unpause VTL1 until it triggers VTL_RETURN at which
point VTL1 stops execution and VTL0 runs again." The methods are how userspace learns of the
interrupt.
"""

from kbench.catalogue.benchmark import IdleWindow

SWITCHES = 200  # in a value
STAGES = {
    "late": "planned time to the waker's write",
    "tell": "write until a thread of the VMM knows",
    "kick": "from there until the waker's write has returned: the kick is in it",
    "leave": "the waker goes to sleep, until it has called the scheduler",
    "stop": "from there until VTL0 has left KVM_RUN",
    "start": "from there to VTL1's handler",
    "exit": "VTL_RETURN to userspace",
    "entry": "userspace to VTL0's next instruction",
}
PATH = "a switch between VTLs"

METHODS = {
    "exit": "each is an exit to userspace",
    "kick": "the VMM routes it and kicks VTL0",
    "eventfd": "the vCPU's eventfd signals it (vcpu_poll)",
    "poll": "poll(2) of the vCPU signals it (vcpu_poll)",
    "flag": "the VMM routes it and kicks a VTL0 in HLT (idle_flag)",
    "device": "the VTLs' thread waits for the device's eventfd and routes it (userspace_exits)",
}
TOLD = ("eventfd", "poll")  # KVM itself says that VTL1 has an interrupt
MOVES = "_state"  # and the VMM moves the registers and the FPU state that the VTLs share
EVENTS = {
    "enter": ("interrupt for VTL1 until VTL1 runs, while VTL0 runs", ("kick", *TOLD)),
    "enter_idle": (
        "interrupt for VTL1 until VTL1 runs, while VTL0 is halted",
        ("kick", *TOLD, "flag", "device"),
    ),
    "enter_stimer": ("VTL1's synthetic timer until VTL1 runs, while VTL0 runs", TOLD),
    "enter_idle_stimer": ("VTL1's synthetic timer until VTL1 runs, while VTL0 is halted", TOLD),
    "enter_ipi": ("sibling's IPI to VTL1 until VTL1 runs, while VTL0 runs", TOLD),
    "enter_idle_ipi": ("sibling's IPI to VTL1 until VTL1 runs, while VTL0 is halted", TOLD),
    "call": ("VTL_CALL until VTL1 runs", ("exit",)),
    "return": ("VTL_RETURN until VTL0 runs", ("kick", *TOLD)),
}


def row(event: str, method: str, *, moves: bool = False) -> IdleWindow:
    """The benchmark `vtl.EVENT[_state]@METHOD`."""
    also = "; with the state that VTLs share" if moves else ""
    return IdleWindow(
        name=f"vtl.{event}{MOVES if moves else ''}@{method}",
        title=f"{EVENTS[event][0]}: {METHODS[method]}{also}",
        method=method,
        loops=SWITCHES,
    )


BENCHMARKS = (
    *(row(event, method) for event, (_, methods) in EVENTS.items() for method in methods),
    *(row(event, "kick", moves=True) for event in ("enter", "enter_idle", "return")),
    *(row("enter_idle", method, moves=True) for method in ("poll", "device")),
    row("call", "exit", moves=True),
)
