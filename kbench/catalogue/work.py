# SPDX-License-Identifier: MIT
"""Family `work`: what is left of the pCPU for the VMM's own work, by policy."""

from kbench.catalogue.benchmark import Benchmark
from kbench.catalogue.policies import POLICIES, Policy

LOOPS = 20  # times 10 ms: a value
# A share of the pCPU takes more: the scheduler deals it out in slices of some milliseconds.
FAIR_LOOPS = 40

KINDS = {
    "batch": "VMM work without end beside the idle vCPU",
    "nice19": "VMM work without end, at nice 19, beside the idle vCPU",
    "competitor": "VMM work without end, and what a competing task gets of the pCPU",
    "competitor19": "VMM work without end, and what a competing task at nice 19 gets of the pCPU",
    "urgent": "VMM work that arrives 500 times a second: its delay",
}


def kinds(how: Policy) -> list[str]:
    """A niceness is a thread's: work in the vCPU's thread has none of its own."""
    return [kind for kind in KINDS if kind != "nice19" or not how.in_userspace]


def row(kind: str, how: Policy) -> Benchmark:
    """The benchmark `work.KIND@POLICY`."""
    return Benchmark(
        name=f"work.{kind}@{how.name}",
        title=f"{KINDS[kind]}; {how.title}",
        loop="work",
        source=kind,
        policy=how.name,
        pattern="poisson",
        loops=FAIR_LOOPS if kind.startswith("competitor") else LOOPS,
    )


BENCHMARKS = tuple(row(kind, how) for how in POLICIES for kind in kinds(how))
