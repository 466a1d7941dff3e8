# SPDX-License-Identifier: MIT
"""Named selections: several globs under one word for `kbench run` and `kbench list`."""

FLOOR = "floor.thread_wake"  # what waking any thread costs: the floor of every wake-up
CONTROLS = ("floor.pcpu", "floor.waker")  # what a pCPU is busy with that has no vCPU

QUICK_EXITS = (
    *("pio_out", "pio_in", "mmio_write", "mmio_read"),
    *("hlt", "msr_read", "msr_write", "debug_step"),
)
QUICK_POLICIES = ("hlt", "hlt-poll-200us", "guest-haltpoll", "spin")
MWAIT_POLICIES = ("hlt", "mwait-monitor", "mwait-exit", "mwait-yield", "mwait-nop", "spin")

SELECTIONS = {
    # A family of idle guests is measured with its floor, and the cost of a pCPU with its controls.
    **{family: (f"{family}.*", FLOOR) for family in ("wake", "hunt")},
    **{family: (f"{family}.*", FLOOR, *CONTROLS) for family in ("idle", "work")},
    # The three questions of `make run`: what exits, wake-ups and idling cost.
    "quick": (
        *(f"exit.{event}" for event in QUICK_EXITS),
        *("floor.clock", "floor.syscall", "floor.get_mp_state", "floor.immediate_exit", FLOOR),
        *(f"wake.irqfd@{policy}" for policy in QUICK_POLICIES),
        *(f"idle.tick250@{policy}" for policy in QUICK_POLICIES),
    ),
    # What MWAIT idling costs, against HLT and spinning: in the lab, with the extension.
    "mwait": tuple(f"idle.tick250@{policy}" for policy in MWAIT_POLICIES),
    # What should an idle vCPU do? Each policy: how late it wakes, what it burns, what it leaves.
    "rfc": (
        FLOOR,
        *CONTROLS,
        "wake.irqfd@*",
        "wake.eventfd@*",
        "idle.tick250@*",
        "idle.poisson@*",
        "work.batch@*",
        # yield() and a low priority act within one cgroup; the slice is the VMM's choice.
        *(f"work.batch_cgroups@mwait-{way}" for way in ("nop", "yield", "lowprio")),
        "work.batch_slice*@mwait-exit",
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
    "quick": "what exits, wake-ups and idling cost: the rows of make run",
    "mwait": "MWAIT idling against HLT and spinning, in the lab with --kvm all",
    "rfc": "every idle policy: wakeup latency, pCPU cost, work left for the VMM",
}
"""What a selection that is no family measures, in words."""
