# SPDX-License-Identifier: MIT
"""What the families `idle` and `work` share: windows of a pattern, and what they cost.

A figure per event or per idle round has both its parts from the same window, and says in the
run's metadata where its events come from and whose CPU time it is.
"""

from collections.abc import Mapping

from kbench.catalogue import IdleWindow
from kbench.catalogue.patterns import Pattern, pattern
from kbench.catalogue.policies import Policy
from kbench.errors import Unavailable
from kbench.worker import threads
from kbench.worker.crosscheck import pcpu, void
from kbench.worker.crosscheck.void import UNPOLLED
from kbench.worker.idle.windowed import LOOP_NS, POLLS_ALONE, WindowedMeasurement
from kbench.worker.vm.idle_vm import IdleVm

WAKER_IS_THE_EXIT = (
    "the waker shares the vCPU's pCPU: its own preemption takes a vCPU that spins out of the guest"
)


class AccountedMeasurement(WindowedMeasurement):
    """Windows in which a pattern of events wakes the first vCPU.

    `account` names the threads whose CPU time is `cpu_s`; `starves` says that a guest may be
    kept from events of the rate that its pattern plans.
    """

    account = "vcpu"
    starves = False

    def __init__(self, benchmark: IdleWindow, vm: IdleVm) -> None:
        super().__init__(benchmark, vm.policy, vm.image_sha256, vm.tsc_khz)
        self.pattern = pattern(benchmark.pattern)
        self.source = source(self.pattern, vm.policy)
        self.events_per_loop = self.pattern.per_second * LOOP_NS / 1e9

    def contradiction(self) -> str:
        """Why this is no run of the pattern."""
        seen = self.counters.get("events_due" if self.starves else "events_handled", 0)
        return void.off_rate(seen, self.counters.get("wall_s", 0), self.pattern.per_second)

    def figures(self) -> dict[str, float]:
        """What an idle round and an event cost, in ns."""
        counters = self.counters
        cpu, events = counters.get("cpu_s", 0) * 1e9, counters.get("events_handled", 0)
        found = {}
        if rounds := counters.get("guest_rounds", 0):
            found["cpu_per_round"] = cpu / rounds
        if events:
            found["cpu_per_event"] = cpu / events
        return found | busy_figures(counters)

    def derived(self) -> dict[str, int | float]:
        counters = self.counters
        wall = counters.get("wall_s") or 1
        found = {"events_per_s": round(counters.get("events_handled", 0) / wall, 3)}
        if rounds := counters.get("guest_rounds", 0):
            found["exits_per_round"] = round(counters.get("kvm_exits", 0) / rounds, 3)
        return super().derived() | found | busy(counters)

    def marks(self) -> dict[str, str]:
        policy = self.policy
        assert policy is not None  # both families have one
        found = {
            "event_source": self.source,
            "cpu_account": self.account,
            "pcpu_account": pcpu.source(),
        }
        # Beside other runnable threads a wake-up says how long the vCPU waits for its turn.
        exits = self.where.shares_waker and self.source.startswith("waker")
        if exits and self.alone and policy.busy:
            found["no_latency"] = WAKER_IS_THE_EXIT
        if policy.poll_ns and not self.polled:
            found["unpolled"] = f"KVM did not poll: {UNPOLLED}"
        return super().marks() | found


def busy(counters: Mapping[str, int | float]) -> dict[str, int | float]:
    """The fraction of the time in which the pCPU was not idle; {} where nothing says it."""
    if "pcpu_idle_s" not in counters:
        return {}
    return {"pcpu_busy": round(max(0.0, 1 - counters["pcpu_idle_s"] / counters["wall_s"]), 6)}


def busy_figures(counters: Mapping[str, int | float]) -> dict[str, float]:
    """How long the pCPU was not idle for each event, in ns; {} where nothing says it."""
    if "pcpu_idle_s" not in counters or not counters["events_handled"]:
        return {}
    seconds = max(0.0, counters["wall_s"] - counters["pcpu_idle_s"])
    return {"pcpu_per_event": seconds * 1e9 / counters["events_handled"]}


def source(events: Pattern, policy: Policy) -> str:
    """Where the events of a pattern come from under a policy."""
    if events.kind == "pingpong":
        return "guest-ipi"
    if events.timer:
        return "lapic-timer" if policy.irqchip else "vmm-timer"
    return "waker-irqfd" if policy.irqchip else "waker-eventfd"


def require_pcpus(policy: Policy, vcpus: int) -> None:
    """Raises Unavailable where what `policy` does cannot happen beside the waker."""
    if policy.poll_ns and threads.places(vcpus).shares_waker:
        raise Unavailable(f"{policy.name}: {POLLS_ALONE}")
