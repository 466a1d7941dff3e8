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
