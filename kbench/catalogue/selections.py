# SPDX-License-Identifier: MIT
"""Named selections: several globs under one word for `kbench run` and `kbench list`."""

FLOOR = "floor.thread_wake"  # what waking any thread costs: the floor of every wake-up

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
        "work.competitor@*",
        "work.urgent@*",
        "hunt.kick@hlt",
        "hunt.kick@hlt-exit",
        "hunt.flag@*",
        "hunt.poll@hlt",
        "hunt.byte@hlt",
        "hunt.eventfd@hlt-exit-poll",
        # The thread's own questions: what an exit costs, whether polling mp_state is sound,
        # how soon VTL1 runs.
        "exit.*_user",
        "mpstate.right@*",
        "vtl.enter_idle@*",
        "vtl.return@kick",
    ),
}

TITLES = {
    "rfc": "every idle policy: wakeup latency, pCPU cost, work left for the VMM",
}
"""What a selection that is no family measures, in words."""
