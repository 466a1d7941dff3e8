# SPDX-License-Identifier: MIT
"""Rows that the tables do not list: another rate, another time, more vCPUs.

`idle.tick300@hlt`, `wake.irqfd@hlt-poll-20us`, `idle.poisson@hlt/4` (four vCPUs, which share
the pCPUs where those are fewer), `idle.poisson@hlt/2pinned` (each on a pCPU of its own).
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from kbench.catalogue import hunt, idle, wake, work
from kbench.catalogue.benchmark import Benchmark
from kbench.catalogue.policies import policy
from kbench.errors import KbenchError

NAME = re.compile(r"(idle|wake|work|hunt)\.([\w-]+)@([\w-]+)(?:/(-?\d+)(pinned)?)?")
MOST_VCPUS = 14  # what the guests' stacks leave room for (guests/abi.h)
WITH_VCPUS = ("idle", "work", "hunt")


def derive(name: str) -> Benchmark | None:
    """The row called `name`; None where it has not the form of one.

    Raises KbenchError, with the valid values, for an unknown pattern, policy or source and
    for numbers out of range.
    """
    found = NAME.fullmatch(name)
    if not found:
        return None
    family, event, variant, vcpus, pinned = found.groups()
    how = policy(variant)
    match family:
        case "idle":
            row = idle.parse(event, variant)
        case "wake":
            row = wake.row(_one(event, wake.sources(how), name), how)
        case "work":
            row = work.row(_one(event, work.kinds(how), name), how)
        case _:
            row = hunt.row(_one(event, hunt.kinds(how), name), how)
    return with_vcpus(row, int(vcpus), pinned=bool(pinned)) if vcpus else row


def with_vcpus(row: Benchmark, count: int, *, pinned: bool = False) -> Benchmark:
    """`row` with `count` vCPUs. Raises KbenchError where that makes no sense."""
    if row.family not in WITH_VCPUS or row.pattern == "pingpong":
        raise KbenchError(f"{row.name} has a fixed number of vCPUs ({row.vcpus})")
    if not 1 <= count <= MOST_VCPUS:
        raise KbenchError(f"{row.name}: the number of vCPUs must be 1 to {MOST_VCPUS}, not {count}")
    return replace(
        row,
        name=f"{row.name.partition('/')[0]}/{count}{'pinned' if pinned else ''}",
        title=f"{row.title}; {count} vCPUs{', pinned' if pinned else ''}",
        vcpus=count,
        pinned=pinned,
    )


def require_pcpus(rows: Sequence[Benchmark], pcpus: int) -> None:
    """Raises KbenchError where pinned vCPUs and the waker have not a pCPU each."""
    for row in rows:
        if row.pinned and row.vcpus >= pcpus:
            most = f"at most {pcpus - 1} can" if pcpus > 1 else "none can"
            raise KbenchError(
                f"{row.name}: {row.vcpus} pinned vCPUs and the waker need {row.vcpus + 1} pCPUs, "
                f"and there are {pcpus} to use: {most} be pinned"
            )


def spread(rows: Sequence[Benchmark], counts: str, *, pinned: bool) -> tuple[Benchmark, ...]:
    """`rows`, those of the families in WITH_VCPUS once for each number of vCPUs in `counts`.

    `counts` is as a user types it: `4`, `1,2,4`. Raises KbenchError for anything else, and
    where no row can have another number.
    """
    try:
        numbers = [int(word) for word in counts.split(",")]
    except ValueError:
        raise KbenchError(f"--vcpus {counts!r}: expected numbers, as in 1,2,4") from None
    result: list[Benchmark] = []
    for row in rows:
        free = row.family in WITH_VCPUS and row.pattern != "pingpong"
        result += [with_vcpus(row, n, pinned=pinned) for n in numbers] if free else [row]
    if tuple(result) == tuple(rows):
        raise KbenchError(f"--vcpus is for the families {', '.join(WITH_VCPUS)}: none is selected")
    return tuple(result)


def _one(event: str, valid: "dict[str, str] | list[str]", name: str) -> str:
    if event not in valid:
        raise KbenchError(f"{name}: no {event!r} there, it is one of {', '.join(valid)}")
    return event
