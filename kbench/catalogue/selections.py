# SPDX-License-Identifier: MIT
"""Named selections: several globs under one word for `kbench run` and `kbench list`."""

from kbench.catalogue.wake import IDLE_US

FLOOR = "floor.thread_wake"  # what waking any thread costs: the floor of every wake-up
CONTROLS = ("floor.pcpu", "floor.waker")  # what a pCPU is busy with that has no vCPU

QUICK_EXITS = (
    *("pio_out", "pio_in", "mmio_write", "mmio_read"),
    *("hlt", "msr_read", "msr_write", "debug_step"),
)
QUICK_POLICIES = ("hlt", "hlt-poll-200us", "guest-haltpoll", "spin")
LENGTH_POLICIES = ("hlt", "hlt-poll-200us", "guest-haltpoll", "spin")
STORES, LOOKS = ("store", "store_beside"), ("kick", "flag", "ask")
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
    # How late an idle vCPU wakes, by how long it has idled.
    "idle_length": (
        *(f"wake.irqfd_{us}us@{policy}" for policy in LENGTH_POLICIES for us in IDLE_US),
        FLOOR,
    ),
    # What waiting for a write to a page costs: the store that ends the wait, and one to another
    # line of the page, by how many vCPUs monitor lines of it.
    "monitor": (
        *(f"wake.{store}@mwait-monitor{vcpus}" for store in STORES for vcpus in ("", "/2", "/8")),
        *(f"wake.{store}_2m@mwait-monitor" for store in STORES),
        *(f"wake.store_beside@mwait-nop{vcpus}" for vcpus in ("", "/2", "/8")),
        "wake.store_vcpu@*",
        FLOOR,
    ),
    # Looking for an idle vCPU, of four: which signals are saved, what it costs.
    "busy": (
        *(f"hunt.{method}_{busy}busy@hlt/4" for method in LOOKS for busy in (1, 2, 3)),
        FLOOR,
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
        "hunt.ask@hlt",
        "hunt.eventfd@hlt-exit-poll",
        # The thread's own questions: what an exit costs, whether polling mp_state is sound,
        # how soon VTL1 runs.
        "exit.*_user",
        "mpstate.right@*",
        "vtl.enter_idle@*",
        "vtl.call@exit",
        "vtl.return@kick",
        # Waiting for a write to a page is only as good as the write.
        "wake.store@mwait-monitor",
        "wake.store_beside@*",
    ),
}

TITLES = {
    "quick": "what exits, wake-ups and idling cost: the rows of make run",
    "idle_length": "wakeup latency by the length of the idle period",
    "monitor": "waiting for a write to a page: 1, 2, 8 vCPUs, other lines, 2-MiB pages",
    "busy": "hunts for an idle vCPU while 1, 2 or 3 of 4 are busy",
    "mwait": "MWAIT idling against HLT and spinning, in the lab with --kvm all",
    "rfc": "every idle policy: wakeup latency, pCPU cost, work left for the VMM",
}
"""What a selection that is no family measures, in words."""
