# SPDX-License-Identifier: MIT
"""What the measurements of idle guests share: histograms, sums of counters, warnings."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable
from math import ceil

from kbench._native.hdr import Histogram
from kbench.catalogue import IdleWindow
from kbench.catalogue.policies import Policy
from kbench.errors import Unavailable
from kbench.kvm.backend import cpu_model
from kbench.record.recording import Recording
from kbench.worker import threads
from kbench.worker.crosscheck import void
from kbench.worker.crosscheck.void import UNPOLLED
from kbench.worker.errors import NO_EVENT, GuestError
from kbench.worker.idle.window import Leaving, Window

LOOP_NS = 10_000_000  # of a window, in the families whose value is a share of time
WARMUP_EVENTS = 8  # before anything is measured
MAX_WARMUPS = 3
HANDLING_STEP_NS = 10_000
# How late a timer may wake the waker: it sleeps until that long before an event, then spins.
# On the pCPU of a vCPU that time is the guest's, so there it is short.
MARGIN_NS, SHARED_MARGIN_NS = 60_000, 10_000
CROWDED_VCPUS = "more vCPUs than pCPUs: they share what the waker leaves"
NEVER_POLLED = f"KVM did not poll in some windows: {UNPOLLED}"
POLLS_ALONE = (
    "the waker shares the vCPU's pCPU, and KVM polls only while no other task is runnable there: "
    "halt polling takes two pCPUs"
)
CROWDED = 0.1
CROWDED_OUT = (
    "vCPU threads waited for their pCPU more than a tenth of the time: other tasks ran there"
)
OUT_OF_ORDER = (
    "stamps are out of order, one by {:,} ticks: kbench doctor checks the clocks they come from"
)
TCG_NATIVE_MWAIT = "with one pCPU, QEMU's TCG executes a guest's MWAIT as HLT"


class WindowedMeasurement(ABC):
    """A kbench.record.measurement.Measurement of windows; counters are sums over them."""

    alone = True  # no helper thread of the benchmark competes with the vCPUs
    events_per_loop = 0.0  # what a unit of run() plans; 0 where nothing plans it

    def __init__(
        self, benchmark: IdleWindow, policy: Policy | None, image_sha256: str, tsc_khz: int
    ) -> None:
        self.benchmark, self.policy = benchmark, policy
        self.where = threads.places(benchmark.vcpus)
        self.image_sha256 = image_sha256
        self.histogram = Histogram(tsc_khz)
        self.stages: dict[str, Histogram] = {}
        self.seed_index = 0  # windows so far: each has other random times
        self.handling = 0  # ns that handling an event took in the last window, rounded up
        self.margin = MARGIN_NS if self.where.own_pcpu else SHARED_MARGIN_NS
        self.crowded = benchmark.vcpus > 1 and not self.where.own_pcpu
        self.reset()

    @abstractmethod
    def run(self, loops: int) -> float:
        """Measure `loops` more units, which each family defines; their sum in ns."""

    def reset(self) -> None:
        """Forget what was recorded."""
        self.histogram.reset()
        for stage in self.stages.values():
            stage.reset()
        self.counters: dict[str, int | float] = {}
        self._void = self.broken = ""
        self._warnings: dict[str, None] = {}
        self.polled = False  # KVM's halt polling, at least once

    def warm_up(self, loops: int) -> None:
        """Play a window and forget it: the first one is cold.

        Raises Unavailable where this KVM cannot run the guest, or does something else than
        the policy says. Where the guest handles no event, as on a busy machine, the next
        windows are each four times as long.
        """
        for attempt in range(MAX_WARMUPS):
            try:
                self.run(loops * 4**attempt)
            except GuestError as error:
                raise Unavailable(str(error)) from None
            if self.broken:
                raise Unavailable(self.broken)
            if self.histogram.count:
                self.reset()
                return
        raise Unavailable(f"{NO_EVENT} in {MAX_WARMUPS} windows")

    def count(
        self, window: Window, *, due: int, handled: int, woken: int, polls: bool = True
    ) -> None:
        """Add a window's counters: of `due` events the guest handled `handled` in time.

        KVM's counters must show the `woken` idle periods that ended and, with `polls`, the
        halt polling of a policy that polls.
        """
        delta = window.delta
        counts = delta.counters()
        counts |= {"events_due": due, "events_handled": handled}
        counts["userspace_idle_exits"] = delta.tally("idle_exits")
        counts["guest_rounds"] = delta.tally("rounds")
        for name, value in counts.items():
            self.add(name, value)
        self._void = self._void or void.disturbed(delta, self.histogram.tsc_khz)
        self.polled = self.polled or delta.polled > 0
        if self.policy:
            self._void = self._void or void.contradicted(delta, self.policy, woken, polls=polls)
            self.broken = void.not_applied(delta, self.policy)
            # It may have left before the window, and blocked in KVM_RUN ever since.
            if self.policy.in_userspace and not delta.end.tallies["idle_exits"]:
                self.broken = f"{self.policy.name}: the guest idles without leaving KVM_RUN"
            if (
                delta.waited > CROWDED * delta.wall * len(delta.cpu)
                and self.alone
                and not self.crowded
            ):
                self.warn(CROWDED_OUT)
            if self.policy.idles == "polls" and woken and not delta.polled:
                self.warn(NEVER_POLLED)
        for note in sorted(window.notes):
            self.warn(note)

    def add(self, name: str, value: int | float) -> None:
        """Add to a counter."""
        self.counters[name] = self.counters.get(name, 0) + value

    def warn(self, text: str) -> None:
        """Add a sentence that is shown with the run's figures."""
        self._warnings[text] = None

    def record(self, late: Iterable[int]) -> None:
        """Put these durations (TSC ticks) into the main histogram."""
        self.histogram.record_ticks(self._durations(late))

    def stage(self, name: str, ticks: Iterable[int]) -> None:
        """Put these durations (TSC ticks) into the histogram of the stage `name`."""
        if name not in self.stages:
            self.stages[name] = Histogram(self.histogram.tsc_khz)
        self.stages[name].record_ticks(self._durations(ticks))

    def left(
        self,
        events: Iterable[tuple[int, int, int]],
        fired: "array[int]",
        raised: "array[int]",
        leaving: Leaving,
        then: str,
    ) -> None:
        """The stages of a path on which the waker has to leave the pCPU to whoever answers.

        `events` are (number, number of its answer, stamp at which the stage `then` ends):
        `raise` is the waker's system call, `leave` its way to sleep, and `then` the rest.
        """
        for event, answer, end in events:
            gone = leaving.at(event, answer, raised[event], end)
            self.stage("raise", [raised[event] - fired[event]])
            self.stage("leave", [gone - raised[event]])
            self.stage(then, [end - gone])

    def _durations(self, ticks: Iterable[int]) -> "array[int]":
        """These differences of stamps. One below 0 voids the run and becomes 0."""
        found = list(ticks)
        if (least := min(found, default=0)) < 0:
            self._void = self._void or OUT_OF_ORDER.format(-least)
            found = [max(0, each) for each in found]
        return array("Q", found)

    def took(self, nanoseconds: float, events: int) -> float:
        """Note what these events of a window took together, and return it.

        It is rounded up coarsely: the plan of the next window must not follow every instruction.
        """
        if events:
            self.handling = HANDLING_STEP_NS * ceil(nanoseconds / events / HANDLING_STEP_NS)
        return nanoseconds

    def value(self) -> float | None:
        """The value of the benchmark in ns; None for the mean of its events."""
        return None

    def contradiction(self) -> str:
        """Why what was counted is not what the benchmark names, or ""."""
        return ""

    def figures(self) -> dict[str, float]:
        """Figures of the whole run, in ns (in the lab: instructions)."""
        return {}

    def marks(self) -> dict[str, str]:
        """What a reader has to know before two runs are compared."""
        return {"waker_pcpu": "shared" if self.where.shares_waker else "own"}

    def derived(self) -> dict[str, int | float]:
        """Counters that are ratios of others."""
        wall = self.counters.get("wall_s") or 1
        exits = self.counters.get("kvm_exits", 0)
        due = self.counters.get("events_due") or 1
        return {
            "vcpus": self.benchmark.vcpus,
            "exits_per_s": round(exits / wall, 3),
            "progress": round(self.counters.get("events_handled", 0) / due, 6),
        }

    def recording(self) -> Recording:
        """Everything since the last reset()."""
        native = self.policy.native if self.policy else ()
        if "KVM_X86_DISABLE_EXITS_MWAIT" in native and "QEMU TCG" in cpu_model():
            self.warn(TCG_NATIVE_MWAIT)
        if self.crowded:
            self.warn(CROWDED_VCPUS)
        if self.policy and self.policy.poll_ns and not self.where.own_pcpu:
            self.warn(POLLS_ALONE)
        return Recording(
            buckets=self.histogram.buckets,
            count=self.histogram.count,
            minimum=self.histogram.minimum,
            maximum=self.histogram.maximum,
            total=self.histogram.total,
            counters=self.counters | self.derived(),
            warnings=tuple(self._warnings),
            void=self._void or ("" if self.histogram.count else NO_EVENT) or self.contradiction(),
            figures=self.figures(),
            marks=self.marks(),
            stages={name: each.buckets for name, each in self.stages.items() if each.count},
            value=self.value(),
        )
