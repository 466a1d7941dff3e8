# SPDX-License-Identifier: MIT
"""Rows that the tables do not list: another rate, another time, more vCPUs.

`idle.tick300@hlt`, `wake.irqfd@hlt-poll-20us`, `wake.irqfd_500us@hlt` (idle periods of 500 us),
`hunt.flag_2busy@hlt/4` (two of four vCPUs busy), `idle.poisson@hlt/4` (four vCPUs, which share the
pCPUs where those are fewer), `idle.poisson@hlt/2own-pcpu` (a pCPU each).
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from kbench.catalogue.benchmark import Benchmark, IdleWindow
from kbench.catalogue.families import FAMILIES, catalogue, module
from kbench.errors import KbenchError

NAME = re.compile(r"(\w+)\.([\w-]+)@([\w-]+)(?:/(-?\d+)(own-pcpu)?)?")
MAX_VCPUS = 14  # what the guests' stacks leave room for (guests/abi.h)


def derive(name: str) -> Benchmark | None:
    """The row called `name`; None where its family's rows take no other parameters.

    Raises KbenchError, with the valid values, for an unknown pattern, policy or source and
    for numbers out of range.
    """
    found = NAME.fullmatch(name)
    if not found or found[1] not in FAMILIES:
        return None
    family, event, variant, vcpus, own_pcpu = found.groups()
    parse = getattr(module(family), "parse", None)
    if parse is None:
        return None
    row: IdleWindow = parse(event, variant)
    if vcpus:
        return with_vcpus(row, int(vcpus), own_pcpu=bool(own_pcpu))
    return _playable(row)


def with_vcpus(row: IdleWindow, count: int, *, own_pcpu: bool = False) -> IdleWindow:
    """`row` with `count` vCPUs. Raises KbenchError where that makes no sense."""
    if not row.any_vcpus:
        raise KbenchError(f"{row.name} has a fixed number of vCPUs ({row.vcpus})")
    if not 1 <= count <= MAX_VCPUS:
        raise KbenchError(f"{row.name}: the number of vCPUs must be 1 to {MAX_VCPUS}, not {count}")
    named = replace(
        row,
        name=f"{row.name.partition('/')[0]}/{count}{'own-pcpu' if own_pcpu else ''}",
        title=f"{row.title}; {count} vCPUs{', a pCPU each' if own_pcpu else ''}",
        vcpus=count,
        own_pcpu=own_pcpu,
    )
    return _playable(named)


def _playable(row: IdleWindow) -> IdleWindow:
    """`row`. Raises KbenchError where too many of its vCPUs are busy."""
    if row.busy > row.vcpus:
        raise KbenchError(f"{row.name}: {row.busy} of {row.vcpus} vCPUs cannot be busy")
    if row.method == "ask" and row.busy == row.vcpus:
        raise KbenchError(
            f"{row.name}: at least one vCPU must idle: a HLT with an event pending makes no exit, "
            "so nobody would take the work"
        )
    return row


def require_pcpus(rows: Sequence[Benchmark], pcpus: int) -> None:
    """Raises KbenchError where `pcpus` are too few for vCPUs with their own pCPUs and a waker."""
    for row in rows:
        if isinstance(row, IdleWindow) and row.own_pcpu and row.vcpus >= pcpus:
            most = f"at most {pcpus - 1} can" if pcpus > 1 else "no vCPU can"
            raise KbenchError(
                f"{row.name}: vCPUs with their own pCPUs ({row.vcpus}) and the waker need "
                f"{row.vcpus + 1} pCPUs, and there are {pcpus} to use: {most} have its own"
            )


def spread(rows: Sequence[Benchmark], counts: str, *, own_pcpu: bool) -> tuple[Benchmark, ...]:
    """`rows`, those whose number of vCPUs may vary once for each number in `counts`.

    `counts` is as a user types it: `4`, `1,2,4`. Raises KbenchError for anything else, and
    where no row can have another number.
    """
    try:
        numbers = [int(word) for word in counts.split(",")]
    except ValueError:
        raise KbenchError(f"--vcpus {counts!r}: expected numbers, as in 1,2,4") from None
    result: list[Benchmark] = []
    for row in rows:
        if isinstance(row, IdleWindow) and row.any_vcpus:
            result += [with_vcpus(row, number, own_pcpu=own_pcpu) for number in numbers]
        else:
            result.append(row)
    if tuple(result) == tuple(rows):
        families = dict.fromkeys(
            row.family for row in catalogue() if isinstance(row, IdleWindow) and row.any_vcpus
        )
        raise KbenchError(f"--vcpus is for the families {', '.join(families)}: none is selected")
    return tuple(result)
