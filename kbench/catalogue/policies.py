# SPDX-License-Identifier: MIT
"""The policies: what happens when a guest idles. One row each.

A policy is the guest's idle instruction, KVM's setting and what the VMM does. Those that
need the extension (ext/kvm) name its mechanism; whether a KVM has it is probed.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

from kbench.errors import KbenchError

Guest = Literal["hlt", "haltpoll", "mwait", "pause", "spin"]
Waits = Literal["enter", "block", "poll", "eventfd", "mp_state", "inject"]
"""What the VMM does after an idle exit, once no work is queued:

enter     re-enters, whatever KVM then does
block     clears its request for the exit and re-enters, to block in KVM
poll      waits in poll(2) of the vCPU's file descriptor
eventfd   waits for an eventfd that KVM signals
mp_state  as "block"; while it works, it watches mp_state in kvm_run
inject    waits for its eventfd and injects the interrupt: no in-kernel irqchip

"enter" and "block" re-enter after each slice of work; the others work until an event comes.
"""

Idles = Literal["halts", "polls", "blocks", "spins", "sleeps", "mixed"]
"""What KVM's own counters must show, or the run is void:

halts   each idle period is a HLT exit (halt_exits), and KVM did not poll
polls   the same, and KVM did poll (halt_poll_success_ns, halt_poll_fail_ns)
blocks  each idle period is a HLT exit to userspace, where the VMM waits
spins   no HLT exit: the vCPU thread stays runnable
sleeps  no HLT exit, but KVM blocks the thread (emulated MWAIT)
mixed   either, by the length of the idle period
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One row. `guest` is the idle loop, guests/idle_GUEST.S.

    `native` are the exits to disable (KVM_X86_DISABLE_EXITS_*). `poll_ns` bounds KVM's halt
    polling, `spin_ns` the guest's polling before it executes HLT. Without `irqchip` the VMM
    emulates the interrupt controller. `needs` is a mechanism of the extension (KVM_KBENCH_*),
    and `run` a byte of kvm_run and its value (KVM_RUN_KBENCH_*, KVM_KBENCH_*).
    `waits` is what the VMM does after an idle exit.
    """

    name: str
    title: str
    guest: Guest
    idles: Idles
    poll_ns: int = 0
    spin_ns: int = 0
    native: tuple[str, ...] = ()
    irqchip: bool = True
    needs: str = ""
    run: tuple[str, str] | None = None
    waits: Waits = "enter"

    @property
    def busy(self) -> bool:
        """Whether the thread of the idle vCPU stays runnable."""
        return self.idles == "spins"

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """What it takes of the extension: `needs`, and the one that reads its byte of kvm_run."""
        exits = self.run is not None and self.run[0] == EXITS and self.needs != RFC
        beside = [USERSPACE_EXITS] if exits else []
        return tuple(dict.fromkeys([self.needs, *beside])) if self.needs else ()

    @property
    def switched(self) -> tuple[str, ...]:
        """Those of its mechanisms that must be enabled: the RFC as posted has no switch."""
        return tuple(name for name in self.mechanisms if name != RFC)

    @property
    def sliced(self) -> bool:
        """Whether the vCPU thread works in slices: it cannot see that the guest has an event."""
        return self.in_userspace and self.waits in ("enter", "block")

    @property
    def in_userspace(self) -> bool:
        """Whether idling exits to userspace, so that the vCPU thread can do other work."""
        return self.waits == "inject" or (self.run is not None and self.run[0] == EXITS)


# The RFC has no switch.
USERSPACE_EXITS, RFC = "KVM_KBENCH_USERSPACE_EXITS", "KVM_KBENCH_RFC_V1"
EXITS, NATIVE, MWAIT_AS = (f"KVM_RUN_KBENCH_{byte}" for byte in ("EXITS", "NATIVE", "MWAIT"))
MAX_US = 1_000_000
# The mechanism of the extension (KVM_KBENCH_*) that a wait or a kind of MWAIT takes.
WAIT_NEEDS: dict[Waits, str] = {
    "enter": "USERSPACE_EXITS",
    "block": "USERSPACE_EXITS",
    "poll": "VCPU_POLL",
    "eventfd": "VCPU_EVENTFD",
    "mp_state": "RUN_MP_STATE",
}
MWAIT_NEEDS = {
    "AS_YIELD": "MWAIT_YIELD",
    "AS_RESCHED": "MWAIT_YIELD",
    "AS_TIMEOUT": "MWAIT_YIELD",
    "AS_STEP": "MWAIT_STEP",
    "AS_MONITOR": "MWAIT_MONITOR",
    "LOWPRIO_BIT": "MWAIT_LOWPRIO",
}


def _poll(name: str, us: int) -> Policy:
    title = f"HLT, KVM polls up to {us} us before it blocks"
    return Policy(name=name, title=title, guest="hlt", idles="polls", poll_ns=us * 1000)


def _guest_poll(name: str, us: int) -> Policy:
    title = f"the guest polls {us} us, then HLT blocks in KVM"
    return Policy(name=name, title=title, guest="haltpoll", idles="mixed", spin_ns=us * 1000)


def _spin(name: str, guest: Guest, title: str, *native: str) -> Policy:
    """The vCPU thread stays runnable; the exits `native` are disabled."""
    disabled = tuple(f"KVM_X86_DISABLE_EXITS_{instruction}" for instruction in native)
    return Policy(name=name, title=title, guest=guest, idles="spins", native=disabled)


def _extended(row: Policy, mechanism: str, byte: str, value: str) -> Policy:
    """`row` with a mechanism of the extension, and a byte of kvm_run set to `value`."""
    return replace(
        row,
        needs=f"KVM_KBENCH_{mechanism}",
        run=(byte, f"KVM_KBENCH_{value}"),
    )


def _hlt_exit(name: str, title: str, waits: Waits) -> Policy:
    row = Policy(name=name, title=title, guest="hlt", idles="halts", waits=waits)
    return _extended(row, WAIT_NEEDS[waits], EXITS, "EXIT_HLT")


def _mwait_exit(name: str, title: str) -> Policy:
    return _extended(_spin(name, "mwait", title), "USERSPACE_EXITS", EXITS, "EXIT_MWAIT")


def _pause_exit(name: str, title: str) -> Policy:
    # Stock KVM intercepts no PAUSE, or only what the pause filter counts.
    return _extended(_spin(name, "pause", title), "ENTRY_INTERCEPTS", EXITS, "EXIT_PAUSE")


def _rfc(row: Policy) -> Policy:
    """`row` under the RFC as posted, in its own modules (--kvm rfc-v1)."""
    return replace(row, needs=RFC)


def _mwait(name: str, title: str, value: str) -> Policy:
    """KVM handles MWAIT as `value` says, and the vCPU thread stays runnable."""
    return _extended(_spin(name, "mwait", title), MWAIT_NEEDS[value], MWAIT_AS, f"MWAIT_{value}")


def _mwait_sleep(name: str, title: str, value: str) -> Policy:
    return replace(_mwait(name, title, value), idles="sleeps")


def _native(name: str, guest: Guest, title: str, value: str) -> Policy:
    """A byte of kvm_run chooses what is not intercepted."""
    return _extended(_spin(name, guest, title), "ENTRY_INTERCEPTS", NATIVE, f"NATIVE_{value}")


HLT_USER = Policy(
    name="hlt-user",
    title="HLT exits to userspace (no in-kernel irqchip); the VMM sleeps until the next interrupt",
    guest="hlt",
    idles="blocks",
    irqchip=False,
    waits="inject",
)
HLT_EXIT_MP_STATE = (
    "HLT exits; the VMM works until kvm_run.mp_state leaves HALTED, "
    "then re-enters and blocks in KVM"
)
HLT_EXIT_RFC = "HLT exits; the VMM does a slice of work, re-enters and blocks in KVM"
MWAIT_EXIT_RFC = "MWAIT exits; the VMM does a slice of work and re-enters"

POLICIES = (
    # Stock KVM.
    Policy(name="hlt", title="HLT blocks in KVM, no polling", guest="hlt", idles="halts"),
    _poll("hlt-poll-50us", 50),
    _poll("hlt-poll-200us", 200),
    _spin("hlt-passthrough", "hlt", "HLT without an exit: the pCPU halts in the guest", "HLT"),
    HLT_USER,
    _guest_poll("guest-haltpoll", 200),
    _spin("mwait-nop", "mwait", "MWAIT is a NOP (stock KVM): the guest spins through exits"),
    _spin("mwait-passthrough", "mwait", "MWAIT without an exit: the pCPU waits", "MWAIT"),
    _spin("pause", "pause", "PAUSE loop; pause-loop exiting where the CPU has it"),
    _spin("spin", "spin", "the guest spins without PAUSE"),
    # The extension (ext/kvm): what the RFC proposes, and ways to wait after the exit.
    _hlt_exit("hlt-exit", "HLT exits while the VMM has work, else it blocks in KVM", "block"),
    _hlt_exit("hlt-exit-poll", "HLT exits; the VMM waits in poll(2) of the vCPU", "poll"),
    _hlt_exit("hlt-exit-eventfd", "HLT exits; the VMM waits for the vCPU's eventfd", "eventfd"),
    _hlt_exit("hlt-exit-mp-state", HLT_EXIT_MP_STATE, "mp_state"),
    _mwait_exit("mwait-exit", "MWAIT exits; the VMM re-enters"),
    _pause_exit("pause-exit", "PAUSE exits; the VMM re-enters"),
    # What KVM does with an MWAIT that stays in the kernel.
    _mwait("mwait-yield", "MWAIT is a yield()", "AS_YIELD"),
    _mwait("mwait-resched", "MWAIT is a cond_resched()", "AS_RESCHED"),
    _mwait_sleep("mwait-sleep", "MWAIT sleeps until an event, 64 us at most", "AS_TIMEOUT"),
    # Intercepts chosen by a byte of kvm_run.
    _native("hlt-native", "hlt", "HLT without an exit, set through kvm_run", "HLT"),
    _native("mwait-native", "mwait", "MWAIT without an exit, set through kvm_run", "MWAIT"),
    # Other ways to handle MWAIT.
    _mwait("mwait-step", "MWAIT executed by the CPU, single-stepped", "AS_STEP"),
    _mwait("mwait-lowprio", "lowest priority in MWAIT, 64 us at most", "LOWPRIO_BIT"),
    _mwait_sleep("mwait-monitor", "MWAIT sleeps until a write to the monitored page", "AS_MONITOR"),
    # The RFC as posted.
    _rfc(_hlt_exit("hlt-exit-rfc", HLT_EXIT_RFC, "enter")),
    _rfc(_mwait_exit("mwait-exit-rfc", MWAIT_EXIT_RFC)),
)

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
        if not 1 <= us <= MAX_US:
            raise KbenchError(f"policy {name}: its time must be 1 to {MAX_US} us, not {us}")
        return TIMED[timed[1]](name, us)
    valid = ", ".join([*rows, *(f"{stem}-Nus" for stem in TIMED)])
    raise KbenchError(f"no policy {name!r}: it is one of {valid}")
