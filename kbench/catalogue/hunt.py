# SPDX-License-Identifier: MIT
"""Family `hunt`: from work that arrives at an empty queue to a vCPU's thread that does it."""

from kbench.catalogue.benchmark import Benchmark
from kbench.catalogue.policies import POLICIES, Policy

HUNTS = 200
VCPUS = 2
KINDS = {
    "kick": "work arrives, an idle vCPU is signalled",
    "flag": "work arrives, an idle vCPU is found by kvm_run.flags (M4) and signalled",
    "poll": "work arrives, an idle vCPU is found by poll(2) of all (M8) and signalled",
    "byte": "work arrives, an idle vCPU is found by mp_state in kvm_run (M9) and signalled",
    "eventfd": "work arrives at an eventfd, which idle vCPUs' threads wait for with their vCPU",
}
# The flag tells of instructions that KVM intercepts and keeps in the kernel, mp_state of HLT.
FLAGGED = ("hlt", "hlt-exit", "mwait-nop", "mwait-yield", "mwait-exit")
HALTED = ("hlt", "hlt-exit", "hlt-exit-poll")


def kinds(how: Policy) -> list[str]:
    """How an idle vCPU under `how` can be found."""
    found = {
        "kick": True,
        "flag": how.name in FLAGGED,
        "poll": how.name in HALTED,
        "byte": how.name in HALTED,
        "eventfd": how.waits == "poll",
    }
    return [kind for kind in KINDS if found[kind]] if how.irqchip else []


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
