# SPDX-License-Identifier: MIT
"""Family `idle`: pCPU time and wake-up latency of an idle vCPU, by pattern and policy."""

from kbench.catalogue.benchmark import IdleWindow
from kbench.catalogue.patterns import PATTERNS, Pattern
from kbench.catalogue.patterns import pattern as pattern_called
from kbench.catalogue.policies import POLICIES, Policy
from kbench.catalogue.policies import policy as policy_called

LOOPS = 20  # times 10 ms: a value
STAGES = {"late": "planned time to the waker's write"}


def row(pattern: Pattern, policy: Policy) -> IdleWindow:
    """The benchmark `idle.PATTERN@POLICY`."""
    return IdleWindow(
        name=f"idle.{pattern.name}@{policy.name}",
        title=f"{pattern.title}; {policy.title}",
        pattern=pattern.name,
        policy=policy.name,
        vcpus=2 if pattern.kind == "pingpong" else 1,
        any_vcpus=pattern.kind != "pingpong",
        loops=LOOPS,
    )


def parse(event: str, variant: str) -> IdleWindow:
    """The row of a pattern and a policy that need not be in the tables: tick300, hlt-poll-20us.

    Raises KbenchError, with the valid names.
    """
    return row(pattern_called(event), policy_called(variant))


BENCHMARKS = tuple(
    row(pattern, policy)
    for policy in POLICIES
    for pattern in PATTERNS
    # A VMM with its own interrupt controller would have to emulate the IPIs.
    if policy.irqchip or pattern.kind != "pingpong"
)
