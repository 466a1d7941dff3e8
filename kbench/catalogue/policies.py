# SPDX-License-Identifier: MIT
"""The policies: what happens when a guest idles. One row each.

A policy is the guest's idle instruction, KVM's setting and what the VMM does. Those that
need the extension (ext/kvm) name its mechanism; whether a KVM has it is probed.
"""

import re
from dataclasses import dataclass
from typing import Literal

from kbench.errors import KbenchError

Waits = Literal["enter", "block", "poll", "eventfd", "mp_state", "inject"]
"""What the VMM does when the guest's idling has left KVM_RUN and its work, if any, is done:

enter     it enters again, whatever KVM then does
block     it clears its request for the exit and enters, to block in KVM
poll      it waits in poll(2) of the vCPU's file descriptor
eventfd   it waits for an eventfd that KVM signals
mp_state  it watches mp_state in kvm_run while it works, then as "block"
inject    it has the interrupt controller: it waits for its eventfd and injects

"enter" and "block" do a slice of work at a time; the others go on, item by item, until an
event comes.
"""

Idles = Literal["halts", "polls", "blocks", "spins", "sleeps", "mixed"]
"""What KVM's own counters must show, or the run is void:

halts   each idle period is a HLT exit (halt_exits), and KVM did not poll
polls   the same, and KVM did poll (halt_poll_success_ns, halt_poll_fail_ns)
blocks  each idle period is a HLT exit to userspace, where the VMM waits
spins   no HLT exit: the vCPU's thread never leaves its pCPU by itself
sleeps  no HLT exit, but KVM blocks the thread all the same (emulated MWAIT)
mixed   either, by the length of the idle period
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One row. `guest` is the idle loop, guests/idle_GUEST.S.

    `native` are KVM_X86_DISABLE_EXITS_* instructions that run without an exit; `poll_ns`
    bounds KVM's halt polling, `spin_ns` the guest's own before it executes HLT. Without
    `irqchip` the VMM has the interrupt controller. `needs` is a mechanism of the extension
    (KVM_KBENCH_*), with `switched` one to switch on first, and `run` a byte of kvm_run with
    its value (KVM_RUN_KBENCH_*, KVM_KBENCH_*). `waits` is the VMM's part, where idling
    leaves KVM_RUN.
    """

    name: str
    title: str
    guest: Literal["hlt", "haltpoll", "mwait", "pause", "spin"]
    idles: Idles
    poll_ns: int = 0
    spin_ns: int = 0
    native: tuple[str, ...] = ()
    irqchip: bool = True
    needs: str = ""
    switched: bool = False
    run: tuple[str, str] | None = None
    waits: Waits = "enter"

    @property
    def busy(self) -> bool:
        """Whether the idle vCPU's thread stays runnable."""
        return self.idles == "spins"

    @property
    def in_userspace(self) -> bool:
        """Whether idling leaves KVM_RUN, so that the vCPU's thread can do other work."""
        return self.waits == "inject" or (self.run is not None and self.run[0] == EXITS)


EXITS, NATIVE, MWAIT_AS = (f"KVM_RUN_KBENCH_{byte}" for byte in ("EXITS", "NATIVE", "MWAIT"))
MWAIT = ("KVM_X86_DISABLE_EXITS_MWAIT",)
HLT = ("KVM_X86_DISABLE_EXITS_HLT",)

POLICIES = (
    Policy(name="hlt", title="HLT blocks in KVM, no polling", guest="hlt", idles="halts"),
    Policy(
        name="hlt-poll-50us",
        title="HLT, KVM polls up to 50 us before it blocks",
        guest="hlt",
        idles="polls",
        poll_ns=50_000,
    ),
    Policy(
        name="hlt-poll-200us",
        title="HLT, KVM polls up to 200 us before it blocks",
        guest="hlt",
        idles="polls",
        poll_ns=200_000,
    ),
    Policy(
        name="hlt-passthrough",
        title="HLT without an exit: the pCPU halts in the guest",
        guest="hlt",
        idles="spins",
        native=HLT,
    ),
    Policy(
        name="hlt-user",
        title="HLT exits to the VMM, which has the interrupt controller and blocks",
        guest="hlt",
        idles="blocks",
        irqchip=False,
        waits="inject",
    ),
    Policy(
        name="guest-haltpoll",
        title="the guest spins 200 us, then HLT blocks in KVM",
        guest="haltpoll",
        idles="mixed",
        spin_ns=200_000,
    ),
    Policy(
        name="mwait-nop",
        title="MWAIT is a NOP (stock KVM): the guest spins through exits",
        guest="mwait",
        idles="spins",
    ),
    Policy(
        name="mwait-passthrough",
        title="MWAIT without an exit: the pCPU waits in the guest",
        guest="mwait",
        idles="spins",
        native=MWAIT,
    ),
    Policy(
        name="pause",
        title="PAUSE loop, and KVM's PLE where the CPU has it",
        guest="pause",
        idles="spins",
    ),
    Policy(name="spin", title="the guest spins without PAUSE", guest="spin", idles="spins"),
    # From here on, the extension (ext/kvm). M1: what the RFC proposes.
    Policy(
        name="hlt-exit",
        title="HLT exits to the VMM while it has work, else it blocks in KVM",
        guest="hlt",
        idles="halts",
        needs="KVM_KBENCH_USERSPACE_EXITS",
        run=(EXITS, "KVM_KBENCH_EXIT_HLT"),
        waits="block",
    ),
    Policy(
        name="hlt-exit-poll",
        title="HLT exits to the VMM, which waits in poll(2) of the vCPU",
        guest="hlt",
        idles="halts",
        needs="KVM_KBENCH_VCPU_POLL",
        switched=True,
        run=(EXITS, "KVM_KBENCH_EXIT_HLT"),
        waits="poll",
    ),
    Policy(
        name="hlt-exit-eventfd",
        title="HLT exits to the VMM, which waits for an eventfd of the vCPU's events",
        guest="hlt",
        idles="halts",
        needs="KVM_KBENCH_VCPU_EVENTFD",
        switched=True,
        run=(EXITS, "KVM_KBENCH_EXIT_HLT"),
        waits="eventfd",
    ),
    Policy(
        name="hlt-exit-mp-state",
        title="HLT exits to the VMM, which works while kvm_run says halted, then blocks in KVM",
        guest="hlt",
        idles="halts",
        needs="KVM_KBENCH_RUN_MP_STATE",
        switched=True,
        run=(EXITS, "KVM_KBENCH_EXIT_HLT"),
        waits="mp_state",
    ),
    Policy(
        name="mwait-exit",
        title="MWAIT exits to the VMM, which enters again",
        guest="mwait",
        idles="spins",
        needs="KVM_KBENCH_USERSPACE_EXITS",
        run=(EXITS, "KVM_KBENCH_EXIT_MWAIT"),
    ),
    # M3 beside M1: by itself KVM intercepts no PAUSE, or what the pause filter counts.
    Policy(
        name="pause-exit",
        title="PAUSE exits to the VMM, which enters again",
        guest="pause",
        idles="spins",
        needs="KVM_KBENCH_ENTRY_INTERCEPTS",
        switched=True,
        run=(EXITS, "KVM_KBENCH_EXIT_PAUSE"),
    ),
    # M2: what KVM does with an MWAIT that stays in the kernel.
    Policy(
        name="mwait-yield",
        title="MWAIT is a yield()",
        guest="mwait",
        idles="spins",
        needs="KVM_KBENCH_MWAIT_YIELD",
        run=(MWAIT_AS, "KVM_KBENCH_MWAIT_AS_YIELD"),
    ),
    Policy(
        name="mwait-resched",
        title="MWAIT is a cond_resched()",
        guest="mwait",
        idles="spins",
        needs="KVM_KBENCH_MWAIT_YIELD",
        run=(MWAIT_AS, "KVM_KBENCH_MWAIT_AS_RESCHED"),
    ),
    Policy(
        name="mwait-sleep",
        title="MWAIT sleeps until an event, 64 us at most",
        guest="mwait",
        idles="sleeps",
        needs="KVM_KBENCH_MWAIT_YIELD",
        run=(MWAIT_AS, "KVM_KBENCH_MWAIT_AS_TIMEOUT"),
    ),
    # M3: the choice of intercepts as a byte of kvm_run.
    Policy(
        name="hlt-native",
        title="HLT without an exit, by kvm_run",
        guest="hlt",
        idles="spins",
        needs="KVM_KBENCH_ENTRY_INTERCEPTS",
        switched=True,
        run=(NATIVE, "KVM_KBENCH_NATIVE_HLT"),
    ),
    Policy(
        name="mwait-native",
        title="MWAIT without an exit, by kvm_run",
        guest="mwait",
        idles="spins",
        needs="KVM_KBENCH_ENTRY_INTERCEPTS",
        switched=True,
        run=(NATIVE, "KVM_KBENCH_NATIVE_MWAIT"),
    ),
    # M5, M6, M7: other things to do with MWAIT.
    Policy(
        name="mwait-step",
        title="MWAIT executed by the CPU, single-stepped",
        guest="mwait",
        idles="spins",
        needs="KVM_KBENCH_MWAIT_STEP",
        switched=True,
        run=(MWAIT_AS, "KVM_KBENCH_MWAIT_AS_STEP"),
    ),
    Policy(
        name="mwait-lowprio",
        title="lowest priority while on MWAIT, 64 us at most",
        guest="mwait",
        idles="spins",
        needs="KVM_KBENCH_MWAIT_LOWPRIO",
        switched=True,
        run=(MWAIT_AS, "KVM_KBENCH_MWAIT_LOWPRIO_BIT"),
    ),
    Policy(
        name="mwait-monitor",
        title="MWAIT sleeps until the monitored page is written",
        guest="mwait",
        idles="sleeps",
        needs="KVM_KBENCH_MWAIT_MONITOR",
        switched=True,
        run=(MWAIT_AS, "KVM_KBENCH_MWAIT_AS_MONITOR"),
    ),
    # The RFC as posted, in modules of its own (--kvm rfc-v1).
    Policy(
        name="hlt-exit-rfc",
        title="HLT exits to the VMM, which does a slice of work and enters to block in KVM",
        guest="hlt",
        idles="halts",
        needs="KVM_KBENCH_RFC_V1",
        run=(EXITS, "KVM_KBENCH_EXIT_HLT"),
    ),
    Policy(
        name="mwait-exit-rfc",
        title="MWAIT exits to the VMM, which does a slice of work and enters again",
        guest="mwait",
        idles="spins",
        needs="KVM_KBENCH_RFC_V1",
        run=(EXITS, "KVM_KBENCH_EXIT_MWAIT"),
    ),
)

MOST_US = 1_000_000


def _poll(name: str, us: int) -> Policy:
    title = f"HLT, KVM polls up to {us} us before it blocks"
    return Policy(name=name, title=title, guest="hlt", idles="polls", poll_ns=us * 1000)


def _guest_poll(name: str, us: int) -> Policy:
    title = f"the guest spins {us} us, then HLT blocks in KVM"
    return Policy(name=name, title=title, guest="haltpoll", idles="mixed", spin_ns=us * 1000)


# Policies with a time in their name: any other time makes another policy.
TIMED = {"hlt-poll": _poll, "guest-haltpoll": _guest_poll}


def policy(name: str) -> Policy:
    """The policy called `name`: a row, or hlt-poll-Nus, guest-haltpoll-Nus with a time.

    Raises KbenchError, with the valid names, for any other name, or a time out of range.
    """
    rows = {row.name: row for row in POLICIES}
    if name in rows:
        return rows[name]
    timed = re.fullmatch(r"([a-z-]+?)-(-?\d+)us", name)
    if timed and timed[1] in TIMED:
        us = int(timed[2])
        if not 1 <= us <= MOST_US:
            raise KbenchError(f"policy {name}: its time must be 1 to {MOST_US} us, not {us}")
        return TIMED[timed[1]](name, us)
    valid = ", ".join([*rows, *(f"{stem}-Nus" for stem in TIMED)])
    raise KbenchError(f"no policy {name!r}: it is one of {valid}")
