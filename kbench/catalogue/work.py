# SPDX-License-Identifier: MIT
"""Family `work`: what is left of the pCPU for the VMM's own work, by policy.

An event is a method, with `_sliceN` or `_sliceNus` for how long the vCPU's thread works before it
checks for the guest, and `_cgroups` for threads in a cgroup each: `batch_slice1`, `batch_cgroups`.
"""

import re

from kbench.catalogue.benchmark import IdleWindow, one_of
from kbench.catalogue.policies import POLICIES, Policy
from kbench.catalogue.policies import policy as policy_called
from kbench.errors import KbenchError

LOOPS = 20  # times 10 ms: a value
# The scheduler deals out shares of a pCPU in slices of some milliseconds: they take longer.
FAIR_LOOPS = 24
STAGES = {"wake": "planned time to the guest's handler"}

METHODS = {
    "batch": "endless VMM work on the idle vCPU's pCPU",
    "nice19": "endless VMM work at nice 19 on the idle vCPU's pCPU",
    "competitor": "endless VMM work and a competing task: the task's share of the pCPU",
    "competitor19": "endless VMM work and a competing task at nice 19: its share of the pCPU",
    "urgent": "VMM work that arrives 500 times a second: its delay",
}
SLICE = "8"  # items that a vCPU's thread works for, where the row says nothing else
SLICES = ("1", "2", "4", "100us")  # the others that are in the table, of method batch
EVENT = re.compile(r"([a-z0-9]+?)(?:_slice(\d+(?:us)?))?(_cgroups)?")


def methods(policy: Policy) -> list[str]:
    """Without nice19 where the vCPU thread does the work: one thread has one nice value."""
    return [method for method in METHODS if method != "nice19" or not policy.in_userspace]


def row(method: str, policy: Policy, slice_: str = "", *, own_cgroups: bool = False) -> IdleWindow:
    """The benchmark `work.METHOD@POLICY`, with another slice and a cgroup each where asked for."""
    event = method + (f"_slice{slice_}" if slice_ else "") + ("_cgroups" if own_cgroups else "")
    size = f", in slices of {described(slice_)}" if slice_ else ""
    parted = ", each thread in a cgroup of its own" if own_cgroups else ""
    return IdleWindow(
        name=f"work.{event}@{policy.name}",
        title=f"{METHODS[method]}{size}{parted}; {policy.title}",
        method=method,
        policy=policy.name,
        pattern="poisson",
        slice=slice_ or (SLICE if policy.sliced else ""),
        own_cgroups=own_cgroups,
        any_vcpus=True,
        loops=FAIR_LOOPS if method.startswith("competitor") else LOOPS,
    )


def described(slice_: str) -> str:
    """A slice in words: "1 item", "4 items", "100 us"."""
    if slice_.endswith("us"):
        return f"{slice_.removesuffix('us')} us"
    return f"{slice_} item{'' if slice_ == '1' else 's'}"


def parse(event: str, variant: str) -> IdleWindow:
    """The row of a policy, a slice or cgroups that need not be in the table.

    Raises KbenchError, with what is valid, where there is no such method or policy, where the
    policy does no work in slices, and for threads of one cgroup: those of no other thread.
    """
    policy = policy_called(variant)
    found = EVENT.fullmatch(event)
    method, slice_, cgroups = found.groups() if found else (event, None, None)
    one_of(method, methods(policy), "work")
    if slice_ and not policy.sliced:
        sliced = ", ".join(each.name for each in POLICIES if each.sliced)
        raise KbenchError(f"work.{event}@{variant}: only these work in slices: {sliced}")
    if slice_ and int(slice_.removesuffix("us")) == 0:
        raise KbenchError(f"work.{event}@{variant}: a slice is at least 1 item or 1 us")
    if cgroups and not parts(method, policy):
        raise KbenchError(f"work.{event}@{variant}: one thread does it all, in one cgroup")
    return row(method, policy, slice_ or "", own_cgroups=bool(cgroups))


def parts(method: str, policy: Policy) -> bool:
    """Whether another thread competes with the vCPU's, so that each can have a cgroup."""
    return not policy.in_userspace or method.startswith("competitor")


BENCHMARKS = (
    *(row(method, policy) for policy in POLICIES for method in methods(policy)),
    *(row("batch", policy, slice_) for policy in POLICIES if policy.sliced for slice_ in SLICES),
    *(row("batch", policy, own_cgroups=True) for policy in POLICIES if parts("batch", policy)),
)
