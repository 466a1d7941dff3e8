# SPDX-License-Identifier: MIT
"""Family `idle`: what idling costs the pCPU, by pattern and by policy."""

from kbench.catalogue.benchmark import Benchmark
from kbench.catalogue.patterns import PATTERNS, Pattern, pattern
from kbench.catalogue.policies import POLICIES, Policy, policy

LOOPS = 20  # times 10 ms: a value


def row(what: Pattern, how: Policy) -> Benchmark:
    """The benchmark `idle.PATTERN@POLICY`."""
    return Benchmark(
        name=f"idle.{what.name}@{how.name}",
        title=f"{what.title}; {how.title}",
        loop="idle",
        pattern=what.name,
        policy=how.name,
        vcpus=2 if what.kind == "pingpong" else 1,
        loops=LOOPS,
    )


def parse(event: str, variant: str) -> Benchmark:
    """The row of a pattern and a policy that need not be in the tables: tick300, hlt-poll-20us.

    Raises KbenchError, with the valid names.
    """
    return row(pattern(event), policy(variant))


BENCHMARKS = tuple(
    row(what, how)
    for how in POLICIES
    for what in PATTERNS
    # A VMM with its own interrupt controller would have to emulate the IPIs.
    if how.irqchip or what.kind != "pingpong"
)
