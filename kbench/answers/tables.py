# SPDX-License-Identifier: MIT
"""What the sentences stand on, as tables: exits, and idle policies by cost and wake-up."""

from collections.abc import Iterator

from kbench.answers.measured import Measured, Unsupported, measured
from kbench.answers.quantity import EVENT, EXITS
from kbench.answers.sentences import TICK
from kbench.catalogue.selections import MWAIT_POLICIES, QUICK_EXITS, QUICK_POLICIES
from kbench.present.table import Cell, Table, figures, words
from kbench.suite.suite import Suite
from kbench.units import Figure, human_range

FLOORS = ("clock", "syscall", "get_mp_state", "immediate_exit", "thread_wake")


def tables(suite: Suite) -> Iterator[Table]:
    """The tables of one suite; none of what it has not measured."""
    names = (*(f"exit.{event}" for event in QUICK_EXITS), *(f"floor.{event}" for event in FLOORS))
    if rows := _there(suite, names):
        yield _exits(rows)
    policies = dict.fromkeys((*QUICK_POLICIES, *MWAIT_POLICIES))
    if rows := _there(suite, tuple(f"{TICK}@{policy}" for policy in policies)):
        yield _idle_lab(rows) if rows[0].lab else _idle(suite, rows)


def _there(suite: Suite, names: tuple[str, ...]) -> list[Measured]:
    found = []
    for name in names:
        try:
            found.append(measured(suite, name))
        except Unsupported:
            continue
    return found


def _exits(rows: list[Measured]) -> Table:
    columns = (*words("exit to userspace"), *figures("p50", "p50 of single runs", "p99"))
    return Table(columns, tuple((row.benchmark.name, *_latency(row)) for row in rows))


def _idle(suite: Suite, rows: list[Measured]) -> Table:
    columns = (
        *words("idle vCPU"),
        *figures("of a pCPU", "ticks/s", "wake p50", "p50 of single runs", "wake p99"),
    )
    made = []
    for row in rows:
        woken = _there(suite, (f"wake.irqfd@{row.policy}",))
        wake = _latency(woken[0]) if woken else (None, None, None)
        made.append((row.policy, _share(row), round(row.rate), *wake))
    return Table(columns, tuple(made))


def _idle_lab(rows: list[Measured]) -> Table:
    """Counts for each tick: in the lab a share would be one of virtual time."""
    columns = (*words("idle vCPU"), *figures("instructions a tick", "exits a tick", "ticks"))
    made: list[tuple[Cell, ...]] = []
    for row in rows:
        ticks = sum(int(run.number("kbench_counter_events_handled") or 0) for run in row.runs)
        instructions: Cell = EVENT.typical(row) if row.blocks else "never blocks"
        made.append(
            (
                row.policy,
                instructions,
                Figure(round(EXITS.typical(row), 1), "integer"),
                ticks,
            )
        )
    return Table(columns, tuple(made))


def _share(row: Measured) -> Figure | None:
    """The share of a pCPU; missing where other tasks ran there."""
    try:
        return row.share
    except Unsupported:
        return None


def _latency(row: Measured) -> tuple[Cell, Cell, Cell]:
    """p50, the p50s of single runs, p99; a percentile without its events is missing."""
    low, high = row.spread
    between = human_range(low, high, row.benchmark.unit) if low < high else None
    try:
        tail: Figure | None = row.percentile(99.0)
    except Unsupported:
        tail = None
    return row.p50, between, tail
