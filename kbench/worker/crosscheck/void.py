# SPDX-License-Identifier: MIT
"""Why a run must not be judged: its clocks disagree, or KVM counted something else.

A void run is kept and marked. Each function returns a reason, or "" when it has none.
"""

import os

from kbench.catalogue import Batch, RoundTrip
from kbench.catalogue.policies import Policy
from kbench.kvm.backend import detect
from kbench.worker.crosscheck.counters import TICK
from kbench.worker.crosscheck.delta import Delta

STEAL_BOUND = 0.10  # of the run's time; /proc/stat counts it in ticks of 10 ms
MIN_STEAL_TICKS = 2
TSC_BOUND = 1e-3  # TSC against CLOCK_MONOTONIC_RAW, for runs of TSC_MIN_NS and more
TSC_MIN_NS = 10_000_000
# The CPU clock and schedstat are one sum, but schedstat lags by up to a tick a reading
# for a thread that is running (kernel/sched/cputime.c): two of them at 100 Hz.
CPU_CLOCK_SLACK_NS = 20_000_000
CPU_CLOCK_BOUND = 0.02
# KVM exits that the loop did not make: host interrupts, signals, first-touch faults. At
# 1,000 ticks a second and 7 us a round trip that is 0.7 %.
EXTRA_EXITS = 0.02
MIN_EXTRA_EXITS = 64
# Round trips without a KVM exit: vcpu_run() may find the reason to return before it enters
# (an interrupt window that is open already).
MISSING_EXITS = 0.01
MIN_MISSING_EXITS = 2
# HLT exits that KVM must have counted for each wake-up: an event may arrive before the
# guest has halted again after the last one.
MIN_HALTS_PER_WAKE = 0.5
RATE_BOUND = 0.02  # of the events a second that a pattern plans
# kvm_vcpu_halt() does not poll beside a runnable task, and the polling limit grows only after a
# halt that was shorter than its maximum, the wake-up of the thread included.
UNPOLLED = "another task was runnable, or no halt took less than the limit, its wake-up included"
# KVM's counter of one exit reason, where the backend counts it (0 means it does not).
REASON_COUNTERS = {
    "KVM_EXIT_MMIO": "mmio_exits",
    "KVM_EXIT_HLT": "halt_exits",
    "KVM_EXIT_IRQ_WINDOW_OPEN": "irq_window_exits",
}


def disturbed(delta: Delta, tsc_khz: int) -> str:
    """What disturbed any measurement: clocks that disagree, a migration, steal."""
    wall, ticks = delta.wall / 1e9, delta.tsc / (tsc_khz * 1e3)
    if delta.wall > TSC_MIN_NS and abs(ticks / wall - 1) > TSC_BOUND:
        return f"the TSC counted {ticks:.6f} s, CLOCK_MONOTONIC_RAW {wall:.6f} s"
    cpu = sum(delta.cpu)
    if abs(delta.sched - cpu) > CPU_CLOCK_SLACK_NS + CPU_CLOCK_BOUND * delta.sched:
        return f"CPU clocks say {cpu} ns, schedstat {delta.sched} ns"
    if delta.moved and len(os.sched_getaffinity(0)) == 1:
        return f"the pinned thread moved from CPU {delta.start.pcpu} to CPU {delta.end.pcpu}"
    if delta.steal > max(STEAL_BOUND * wall, MIN_STEAL_TICKS * TICK):
        return f"{delta.steal:.2f} s of {wall:.2f} s were stolen by the hypervisor"
    return ""


def miscounted(delta: Delta, benchmark: RoundTrip | Batch, count: int) -> str:
    """How KVM's count of exits contradicts `count` round trips of `benchmark`."""
    if not delta.end.kvm:
        return ""
    match benchmark:
        case Batch():
            # The batch's subjects, and the two exits to userspace. What else in a batch
            # exits (EOI, an interrupt window, HLT) depends on the CPU.
            subjects = benchmark.exits_each * benchmark.size * (detect() != "pvm")
            expected, most = count * (2 + subjects), float("inf")
        case RoundTrip(loop="kvm_run" | "halt"):
            expected, most = count, count + max(EXTRA_EXITS * count, MIN_EXTRA_EXITS)
        case _:
            return ""
    least = expected - max(MISSING_EXITS * expected, MIN_MISSING_EXITS)
    for name in ("exits", REASON_COUNTERS.get(benchmark.expect, "")):
        seen = delta.kvm(name)
        if seen and not least <= seen <= most:
            return f"the loop counted {expected} exits, KVM's {name} {seen}"
    return ""


def off_rate(events: float, seconds: float, planned: float) -> str:
    """How `events` in so many seconds contradict the events a second that were `planned`.

    A share of time that has other than event time in it is no share of event time. 0: no plan.
    """
    seen = events / seconds if seconds else 0.0
    if planned and abs(seen / planned - 1) > RATE_BOUND:
        return f"{seen:,.1f} events a second, its pattern plans {planned:,.1f}"
    return ""


def not_applied(delta: Delta, policy: Policy) -> str:
    """Why this KVM does not implement `policy` at all."""
    halts = delta.end.kvm.get("halt_exits", 0)
    if halts and policy.idles in ("spins", "sleeps"):
        return f"{policy.name}: KVM still takes HLT exits (halt_exits {halts})"
    return ""


def contradicted(delta: Delta, policy: Policy, woken: int, *, polls: bool) -> str:
    """How KVM's counters contradict `policy`, under which `woken` idle periods ended.

    `polls`: a policy that polls must have polled in this window.
    """
    if not delta.end.kvm:
        return ""
    if reason := not_applied(delta, policy):
        return reason
    halts = delta.kvm("halt_exits")
    match policy.idles:
        case "halts" | "polls" | "blocks" if halts < MIN_HALTS_PER_WAKE * woken:
            return f"KVM counted {halts} HLT exits for {woken} wake-ups under {policy.name}"
        case "halts" if delta.polled:
            return f"KVM polled for {delta.polled} ns under {policy.name}, which does not poll"
        case "polls" if polls and woken and not delta.polled:
            return f"KVM did not poll under {policy.name}: {UNPOLLED}"
    return ""
