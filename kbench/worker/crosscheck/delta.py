# SPDX-License-Identifier: MIT
"""What a window took, and whether KVM's own counters fit the policy."""

from dataclasses import dataclass

from kbench.catalogue.policies import Policy
from kbench.record import energy
from kbench.worker.crosscheck.counters import Account
from kbench.worker.crosscheck.witness import STEAL_BOUND, STEAL_TICKS_AT_LEAST, TICK

# The CPU clock and schedstat are one sum, but schedstat lags by up to a tick a reading
# for a thread that is running (kernel/sched/cputime.c): two of them at 100 Hz.
CLOCK_SLACK_NS = 20_000_000
CLOCK_BOUND = 0.02
# HLT exits that KVM must have counted at least for each wake-up: an event may come when
# the guest has not yet halted again after another.
HALTS_LEAST = 0.5
# kvm_vcpu_halt(): no polling beside a runnable task, and the limit grows by a halt that took less
# than its maximum, the wake-up of the thread included.
UNPOLLED = "another task was runnable, or no halt took less than the limit, its wake-up included"


@dataclass(frozen=True, slots=True)
class Spent:
    """The difference of two Accounts: one window."""

    start: Account
    end: Account

    @property
    def wall(self) -> int:
        return self.end.wall - self.start.wall

    @property
    def cpu(self) -> list[int]:
        """ns of CPU time of each vCPU's thread."""
        return _less(self.end.cpu, self.start.cpu)

    @property
    def beside(self) -> list[int]:
        """The same of each thread beside them."""
        return _less(self.end.beside, self.start.beside)

    @property
    def work(self) -> int:
        """Items of the VMM's work that were done."""
        return self.end.work - self.start.work

    @property
    def waited(self) -> int:
        """ns in which the vCPUs' threads were runnable but did not run, all together."""
        return self.end.waited - self.start.waited

    @property
    def steal(self) -> float:
        """Seconds stolen from the CPU that lost most."""
        pairs = zip(self.start.steal, self.end.steal, strict=False)
        return max((after - before for before, after in pairs), default=0) * TICK

    @property
    def polled(self) -> int:
        """ns of KVM's halt polling, in vain or not."""
        return self.kvm("halt_poll_success_ns") + self.kvm("halt_poll_fail_ns")

    def kvm(self, name: str) -> int:
        return self.end.kvm.get(name, 0) - self.start.kvm.get(name, 0)

    def counters(self) -> dict[str, int | float]:
        """Sums over the vCPU threads; seconds unless the name says otherwise."""
        counts: dict[str, int | float] = {
            "wall_s": self.wall / 1e9,
            "cpu_s": sum(self.cpu) / 1e9,
            "waited_s": self.waited / 1e9,
            "steal_s": self.steal,
            "nvcsw": self.end.switches[0] - self.start.switches[0],
            "nivcsw": self.end.switches[1] - self.start.switches[1],
        }
        if self.end.energy:
            counts["energy_j"] = energy.joules(self.start.energy, self.end.energy)
        moved = {
            f"kvm_{name}": self.kvm(name) for name in sorted(self.end.kvm) if self.kvm(name) > 0
        }
        return counts | moved

    def void(self, policy: Policy | None, woken: int, polls: bool) -> str:
        """Why a window must not be judged; "" when it may.

        `woken` idle periods have ended with an event; `polls`: a policy that polls must
        have done so.
        """
        sched = self.end.sched - self.start.sched
        if abs(sched - sum(self.cpu)) > CLOCK_SLACK_NS + CLOCK_BOUND * sched:
            return f"CPU clocks say {sum(self.cpu)} ns, schedstat {sched} ns"
        if self.steal > max(STEAL_BOUND * self.wall / 1e9, STEAL_TICKS_AT_LEAST * TICK):
            return f"{self.steal:.2f} s of {self.wall / 1e9:.2f} s were stolen by the hypervisor"
        if policy is None or not self.end.kvm:
            return ""
        return self.broken(policy) or self._otherwise(policy, woken, polls)

    def broken(self, policy: Policy) -> str:
        """Why this KVM does not do what `policy` says at all; "" when it does."""
        halts = self.end.kvm.get("halt_exits", 0)
        if halts and policy.idles in ("spins", "sleeps"):
            return f"{policy.name}: KVM still takes HLT exits (halt_exits {halts})"
        return ""

    def _otherwise(self, policy: Policy, woken: int, polls: bool) -> str:
        """What KVM's own counters say against `policy`."""
        halts = self.kvm("halt_exits")
        match policy.idles:
            case "halts" | "polls" | "blocks" if halts < HALTS_LEAST * woken:
                return f"KVM counted {halts} HLT exits for {woken} wake-ups under {policy.name}"
            case "halts" if self.polled:
                return f"KVM polled for {self.polled} ns under {policy.name}, which does not poll"
            case "polls" if polls and woken and not self.polled:
                return f"KVM did not poll under {policy.name}: {UNPOLLED}"
        return ""


def _less(after: tuple[int, ...], before: tuple[int, ...]) -> list[int]:
    return [late - early for late, early in zip(after, before, strict=True)]
