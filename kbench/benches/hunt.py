# SPDX-License-Identifier: MIT
"""Family `hunt`: from work that arrives at an empty queue to a vCPU's thread that does it."""

from kbench.benches.benchmark import Benchmark
from kbench.policies import POLICIES

HUNTS = 200
VCPUS = 2
KINDS = {
    "kick": "work arrives, an idle vCPU is signalled",
    "flag": "work arrives, an idle vCPU is found by kvm_run.flags and signalled",
}
# The flag tells of instructions that KVM intercepts and keeps in the kernel.
FLAGGED = ("hlt", "hlt-exit", "mwait-nop", "mwait-yield", "mwait-exit")

BENCHMARKS = tuple(
    Benchmark(
        name=f"hunt.{kind}@{how.name}",
        title=f"{title}; {how.title}",
        loop="hunt",
        source=kind,
        policy=how.name,
        vcpus=VCPUS,
        loops=HUNTS,
    )
    for kind, title in KINDS.items()
    for how in POLICIES
    if how.irqchip and (kind == "kick" or how.name in FLAGGED)
)
