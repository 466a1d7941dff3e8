# SPDX-License-Identifier: MIT
"""Family `hunt`: from work that arrives at an empty queue until an idle vCPU's thread starts it."""

import re

from kbench.catalogue.benchmark import IdleWindow, one_of
from kbench.catalogue.policies import POLICIES, Policy
from kbench.catalogue.policies import policy as policy_called
from kbench.errors import KbenchError

HUNTS = 200  # in a value
VCPUS = 2
STAGES = {
    "late": "planned time to the waker's write",
    "raise": "the waker enqueues the work, looks for an idle vCPU and signals one",
    "leave": "the waker goes to sleep: from there until it has called the scheduler",
    "begin": "from there until the vCPU's thread starts the work",
    "found": "the whole hunt, where it found an idle vCPU",
    "blind": "the whole hunt, where it found none and signalled the next vCPU in turn",
    "asked": "the whole hunt, where it found none: the next vCPU that would block exits",
}
METHODS = {
    "kick": "work arrives, a vCPU that was idle at its last exit is signalled, or blindly the next",
    "flag": "work arrives, an idle vCPU is found by kvm_run.flags (idle_flag) and signalled",
    "poll": "work arrives, an idle vCPU is found by poll(2) of all vCPUs (vcpu_poll) and signalled",
    "byte": "work arrives, an idle vCPU is found by mp_state in kvm_run (run_mp_state) "
    "and signalled",
    "ask": "work arrives, the VMM asks for a HLT exit and signals only a vCPU in HLT "
    "(userspace_exits, idle_flag)",
    "eventfd": "work arrives at an eventfd that idle vCPU threads poll together with their vCPU",
}
# The flag is set for instructions that KVM intercepts and handles in the kernel, mp_state for HLT.
FLAGGED = ("hlt", "hlt-exit", "mwait-nop", "mwait-yield", "mwait-exit", "mwait-step")
HALTED = ("hlt", "hlt-exit", "hlt-exit-poll")


def methods(policy: Policy) -> list[str]:
    """How an idle vCPU under `policy` can be found."""
    found = {
        "kick": True,
        "flag": policy.name in FLAGGED,
        "poll": policy.name in HALTED,
        "byte": policy.name in HALTED,
        # Asked by kvm_run when there is work; until then HLT blocks in KVM.
        "ask": policy.name == "hlt",
        "eventfd": policy.waits == "poll",
    }
    return [method for method in METHODS if found[method]] if policy.irqchip else []


def row(method: str, policy: Policy, busy: int = 0) -> IdleWindow:
    """The benchmark `hunt.METHOD[_Nbusy]@POLICY`."""
    suffix, also = (f"_{busy}busy", f"; {busy} of the vCPUs busy") if busy else ("", "")
    return IdleWindow(
        name=f"hunt.{method}{suffix}@{policy.name}",
        title=f"{METHODS[method]}{also}; {policy.title}",
        method=method,
        policy=policy.name,
        busy=busy,
        vcpus=max(VCPUS, busy),
        any_vcpus=True,
        loops=HUNTS,
    )


def parse(event: str, variant: str) -> IdleWindow:
    """The row of a policy or a number of busy vCPUs that need not be in the table.

    Raises as one_of() and policy() do.
    """
    policy = policy_called(variant)
    found = re.fullmatch(r"(\w+?)(?:_(\d+)busy)?", event)
    method, busy = found.groups() if found else (event, None)
    if busy and policy.guest != "hlt":
        raise KbenchError(f"hunt.{event}@{variant}: busy vCPUs are those of a guest that halts")
    return row(one_of(method, methods(policy), "hunt"), policy, int(busy or 0))


BENCHMARKS = (
    *(row(method, policy) for policy in POLICIES for method in methods(policy)),
    *(row(method, policy_called("hlt"), busy=1) for method in ("kick", "flag", "ask")),
)
