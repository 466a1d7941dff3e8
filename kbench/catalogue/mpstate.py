# SPDX-License-Identifier: MIT
"""Family `mpstate`: how userspace learns that a halted vCPU is runnable: cost and delay of a probe.

Outside KVM_RUN a vCPU is halted after a HLT exit to userspace, or a restore. Inside, its
thread blocks in the kernel.
"""

from kbench.catalogue.benchmark import IdleWindow

PROBES = 200  # in a value
STAGES = {"raise": "KVM_SIGNAL_MSI", "probe": "all probes, up to the first that says RUNNABLE"}
PATH = "the first probe that says RUNNABLE"

METHODS = {
    "get": "KVM_GET_MP_STATE",
    "kick": "a signal, KVM_RUN and KVM_GET_MP_STATE",
    "poll": "poll(2) of the vCPU (vcpu_poll)",
    "eventfd": "the eventfd of the vCPU (vcpu_poll)",
    "byte": "mp_state in kvm_run (run_mp_state)",
    "flag": "HLT in kvm_run.flags (idle_flag)",
    "stats": "`blocking` of the stats fd",
}
OUTSIDE = tuple(METHODS)
INSIDE = tuple(method for method in METHODS if method != "eventfd")
EVENTS = {
    "probe": ("one probe of a vCPU halted outside KVM_RUN", OUTSIDE),
    "right": ("KVM_SIGNAL_MSI for it until RUNNABLE shows", OUTSIDE),
    "probe_inside": ("one probe of a vCPU that blocks in KVM_RUN", INSIDE),
    "right_inside": ("KVM_SIGNAL_MSI for one in KVM_RUN until RUNNABLE shows", INSIDE),
}


def row(event: str, method: str) -> IdleWindow:
    """The benchmark `mpstate.EVENT@METHOD`."""
    return IdleWindow(
        name=f"mpstate.{event}@{method}",
        title=f"{EVENTS[event][0]}: {METHODS[method]}",
        method=method,
        loops=PROBES,
    )


TRUTH = {
    "msi": "MSI",
    "extint": "ExtINT from the PIC",
    "nmi": "NMI",
    "smi": "SMI",
    "timer": "LAPIC timer, TSC deadline",
    "init": "INIT",
    "sipi": "SIPI, while it waits for one",
    "pv_kick": "PV kick",
    "stimer": "Hyper-V synthetic timer, direct",
}
LOOKS = {
    "get": "KVM_GET_MP_STATE",
    "immediate": "KVM_RUN with immediate_exit, KVM_GET_MP_STATE",
    "kick": "a signal, KVM_RUN, KVM_GET_MP_STATE",
    "events": "KVM_GET_VCPU_EVENTS",
    "lapic": "KVM_GET_LAPIC (IRR)",
    "set": "KVM_SET_MP_STATE(RUNNABLE)",
}
TRUTH_LOOKS = 4  # of a value: a VM each


def truth(event: str) -> IdleWindow:
    """The benchmark `mpstate.truth@EVENT`: each way to look at a halted vCPU with that pending."""
    return IdleWindow(
        name=f"mpstate.truth@{event.replace('_', '-')}",
        title=f"KVM_GET_MP_STATE of a halted vCPU with {TRUTH[event]} pending; what it says",
        method=event,
        loops=TRUTH_LOOKS,
    )


BENCHMARKS = (
    *(row(event, method) for event, (_, methods) in EVENTS.items() for method in methods),
    *map(truth, TRUTH),
)
