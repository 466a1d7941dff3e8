# SPDX-License-Identifier: MIT
"""The three questions of `make run`, a sentence each: exits, wake-ups, the cost of idling."""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

from kbench.answers.measured import Measured, Unsupported, measured, those_measured
from kbench.answers.quantity import EVENT
from kbench.catalogue.selections import MWAIT_POLICIES, QUICK_POLICIES
from kbench.suite.suite import Suite
from kbench.units import human_range

TICK = "idle.tick250"


def exits(suite: Suite) -> str:
    """What a VM exit to userspace takes, beside what KVM_RUN takes without an entry."""
    exit_, floor = measured(suite, "exit.pio_out"), measured(suite, "floor.immediate_exit")
    return (
        f"A port write that exits to userspace takes {_figure(exit_)}; a KVM_RUN that returns "
        f"before it enters the guest takes {_figure(floor)}."
    )


def wakeups(suite: Suite) -> str:
    """How late a halted vCPU wakes, on a target that has a pCPU for the waker.

    Raises Unsupported for a lab of one pCPU: there a vCPU that polls or spins has left the
    guest already when the waker fires, so such rows say nothing of a wake-up.
    """
    rows = those_measured(suite, tuple(f"wake.irqfd@{policy}" for policy in QUICK_POLICIES))
    if rows[0].lab:
        raise Unsupported("wake-ups of polling and spinning vCPUs take two pCPUs, the lab has one")
    figures = ", ".join(f"{row.p50} under {row.policy}" for row in rows)
    return (
        "From the planned time of an irqfd write to the guest's answer in userspace it takes "
        f"(p50) {figures}.{_level(rows)}"
    )


def idling(suite: Suite) -> str:
    """What an idle vCPU costs its pCPU: a share of its time, or in the lab instructions a tick."""
    names = tuple(
        f"{TICK}@{policy}" for policy in dict.fromkeys((*QUICK_POLICIES, *MWAIT_POLICIES))
    )
    rows = those_measured(suite, names)
    if rows[0].lab:
        return _instructions(rows)
    shares, starved = [], []
    for row in rows:
        try:
            shares.append(f"{row.share} under {row.policy}")
        except Unsupported as reason:
            starved.append(str(reason))
    if not shares:
        raise Unsupported(starved[0])
    ticks = " to ".join(dict.fromkeys(f"{rate:.0f}" for rate in _ends(row.rate for row in rows)))
    return (
        f"The thread of an idle vCPU whose timer ticks {ticks} times a second takes, of its "
        f"pCPU's time, {', '.join(shares)}.{''.join(f' Not answered: {text}.' for text in starved)}"
    )


def _ends(rates: Iterable[float]) -> tuple[float, float]:
    """The lowest and the highest."""
    found = list(rates)
    return min(found), max(found)


def _instructions(rows: Sequence[Measured]) -> str:
    blocking = [row for row in rows if row.blocks]
    busy = [row.policy for row in rows if not row.blocks]
    parts = []
    if blocking:
        figures = ", ".join(f"{EVENT.typical(row)} under {row.policy}" for row in blocking)
        parts.append(f"For each tick of its timer an idle vCPU's thread executes {figures}.")
    if busy:
        parts.append(f"Under {', '.join(busy)} the thread never blocks: it takes the whole pCPU.")
    return " ".join(parts)


def _figure(row: Measured) -> str:
    """`7.80 us (p50; 7.52-8.12 us in single runs)`, `3,021 instructions`."""
    if row.lab:
        return f"{row.p50} instructions"
    low, high = row.spread
    return f"{row.p50} (p50; {human_range(low, high, row.benchmark.unit)} in single runs)"


def _level(rows: Sequence[Measured]) -> str:
    """Which policies the runs do not tell apart."""
    level = [f"{a.policy} and {b.policy}" for a, b in combinations(rows, 2) if a.overlaps(b)]
    return f" The runs of {', of '.join(level)} overlap." if level else ""


QUESTIONS: dict[str, tuple[str, Callable[[Suite], str]]] = {
    "exit": ("exit", exits),
    "wake-up": ("wake", wakeups),
    "idle": ("idle", idling),
}
"""By name: the family whose rows ask it, and the sentence."""
