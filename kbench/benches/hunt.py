# SPDX-License-Identifier: MIT
"""Family `hunt`: from work that arrives at an empty queue to a vCPU's thread that does it."""

from kbench.benches.benchmark import Benchmark
from kbench.policies import POLICIES, Policy

HUNTS = 200
VCPUS = 2
KINDS = {
    "kick": "work arrives, an idle vCPU is signalled",
    "flag": "work arrives, an idle vCPU is found by kvm_run.flags and signalled",
}
# The flag tells of instructions that KVM intercepts and keeps in the kernel.
FLAGGED = ("hlt", "hlt-exit", "mwait-nop", "mwait-yield", "mwait-exit")


def kinds(how: Policy) -> list[str]:
    """How an idle vCPU under `how` can be found."""
    return ["kick", *(["flag"] if how.name in FLAGGED else [])] if how.irqchip else []


def row(kind: str, how: Policy) -> Benchmark:
    """The benchmark `hunt.KIND@POLICY`."""
    return Benchmark(
        name=f"hunt.{kind}@{how.name}",
        title=f"{KINDS[kind]}; {how.title}",
        loop="hunt",
        source=kind,
        policy=how.name,
        vcpus=VCPUS,
        loops=HUNTS,
    )


BENCHMARKS = tuple(row(kind, how) for how in POLICIES for kind in kinds(how))
