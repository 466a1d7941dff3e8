# SPDX-License-Identifier: MIT
"""Named selections: several globs under one word for `kbench run` and `kbench list`."""

SELECTIONS = {
    # What should an idle vCPU do? Each policy: how late it wakes, what it burns, what it leaves.
    "rfc": (
        "floor.thread_wake",
        "wake.irqfd@*",
        "wake.eventfd@*",
        "idle.tick250@*",
        "idle.poisson@*",
        "work.batch@*",
        "work.urgent@*",
        "hunt.kick@hlt",
        "hunt.kick@hlt-exit",
        "hunt.flag@*",
    ),
}
