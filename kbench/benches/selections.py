# SPDX-License-Identifier: MIT
"""Named selections: several globs under one word for `kbench run` and `kbench list`."""

FLOOR = "floor.thread_wake"  # what waking any thread costs: read it beside every wake-up

SELECTIONS = {
    # A family of idle guests is measured with its floor.
    **{family: (f"{family}.*", FLOOR) for family in ("wake", "idle", "work", "hunt")},
    # What should an idle vCPU do? Each policy: how late it wakes, what it burns, what it leaves.
    "rfc": (
        FLOOR,
        "wake.irqfd@*",
        "wake.eventfd@*",
        "idle.tick250@*",
        "idle.poisson@*",
        "work.batch@*",
        "work.neighbour@*",
        "work.urgent@*",
        "hunt.kick@hlt",
        "hunt.kick@hlt-exit",
        "hunt.flag@*",
    ),
}
