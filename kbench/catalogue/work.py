# SPDX-License-Identifier: MIT
"""Family `work`: what is left of the pCPU for the VMM's own work, by policy."""

from kbench.catalogue.benchmark import IdleWindow, one_of
from kbench.catalogue.policies import POLICIES, Policy
from kbench.catalogue.policies import policy as policy_called

LOOPS = 20  # times 10 ms: a value
# The scheduler deals out shares of a pCPU in slices of some milliseconds: they take longer.
FAIR_LOOPS = 40
STAGES = {"wake": "planned time to the guest's handler"}

METHODS = {
    "batch": "endless VMM work on the idle vCPU's pCPU",
    "nice19": "endless VMM work at nice 19 on the idle vCPU's pCPU",
    "competitor": "endless VMM work and a competing task: the task's share of the pCPU",
    "competitor19": "endless VMM work and a competing task at nice 19: its share of the pCPU",
    "urgent": "VMM work that arrives 500 times a second: its delay",
}


def methods(policy: Policy) -> list[str]:
    """Without nice19 where the vCPU thread does the work: one thread has one nice value."""
    return [method for method in METHODS if method != "nice19" or not policy.in_userspace]


def row(method: str, policy: Policy) -> IdleWindow:
    """The benchmark `work.METHOD@POLICY`."""
    return IdleWindow(
        name=f"work.{method}@{policy.name}",
        title=f"{METHODS[method]}; {policy.title}",
        method=method,
        policy=policy.name,
        pattern="poisson",
        any_vcpus=True,
        loops=FAIR_LOOPS if method.startswith("competitor") else LOOPS,
    )


def parse(event: str, variant: str) -> IdleWindow:
    """The row of a policy that need not be in the table. Raises as one_of() and policy() do."""
    policy = policy_called(variant)
    return row(one_of(event, methods(policy), "work"), policy)


BENCHMARKS = tuple(row(method, policy) for policy in POLICIES for method in methods(policy))
