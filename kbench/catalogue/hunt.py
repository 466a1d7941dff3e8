# SPDX-License-Identifier: MIT
"""Family `hunt`: from work that arrives at an empty queue until an idle vCPU's thread starts it."""

from kbench.catalogue.benchmark import IdleWindow, one_of
from kbench.catalogue.policies import POLICIES, Policy
from kbench.catalogue.policies import policy as policy_called

HUNTS = 200  # in a value
VCPUS = 2
STAGES = {
    "late": "planned time to the waker's write",
    "raise": "the waker enqueues the work, looks for an idle vCPU and signals one",
    "leave": "the waker goes to sleep: from there until it has called the scheduler",
    "begin": "from there until the vCPU's thread starts the work",
    "found": "the whole hunt, where it found an idle vCPU",
    "blind": "the whole hunt, where it found none and signalled the next vCPU in turn",
}
METHODS = {
    "kick": "work arrives, a vCPU that was idle at its last exit is signalled, or blindly the next",
    "flag": "work arrives, an idle vCPU is found by kvm_run.flags (idle_flag) and signalled",
    "poll": "work arrives, an idle vCPU is found by poll(2) of all vCPUs (vcpu_poll) and signalled",
    "byte": "work arrives, an idle vCPU is found by mp_state in kvm_run (run_mp_state) "
    "and signalled",
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
        "eventfd": policy.waits == "poll",
    }
    return [method for method in METHODS if found[method]] if policy.irqchip else []


def row(method: str, policy: Policy) -> IdleWindow:
    """The benchmark `hunt.METHOD@POLICY`."""
    return IdleWindow(
        name=f"hunt.{method}@{policy.name}",
        title=f"{METHODS[method]}; {policy.title}",
        method=method,
        policy=policy.name,
        vcpus=VCPUS,
        any_vcpus=True,
        loops=HUNTS,
    )


def parse(event: str, variant: str) -> IdleWindow:
    """The row of a policy that need not be in the table. Raises as one_of() and policy() do."""
    policy = policy_called(variant)
    return row(one_of(event, methods(policy), "hunt"), policy)


BENCHMARKS = tuple(row(method, policy) for policy in POLICIES for method in methods(policy))
