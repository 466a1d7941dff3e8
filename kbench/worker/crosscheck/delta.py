# SPDX-License-Identifier: MIT
"""What a run or a window took: the difference of two readings of the counters."""

from dataclasses import dataclass

from kbench.record import energy
from kbench.worker.crosscheck.counters import TICK, Counters


@dataclass(frozen=True, slots=True)
class Delta:
    """The difference between two Counters; times in ns."""

    start: Counters
    end: Counters

    @property
    def wall(self) -> int:
        return self.end.wall - self.start.wall

    @property
    def tsc(self) -> int:
        """Ticks of the host's TSC."""
        return self.end.tsc - self.start.tsc

    @property
    def cpu(self) -> list[int]:
        """CPU time of each vCPU thread, by its CPU clock."""
        return _less(self.end.cpu, self.start.cpu)

    @property
    def helpers(self) -> list[int]:
        """CPU time of each helper thread."""
        return _less(self.end.helpers, self.start.helpers)

    def tally(self, name: str) -> int:
        """The difference of one of the counts that this process keeps itself."""
        return self.end.tallies.get(name, 0) - self.start.tallies.get(name, 0)

    @property
    def idle(self) -> int | None:
        """How long the first vCPU's pCPU was idle; None where nothing says it."""
        if self.start.idle is None or self.end.idle is None:
            return None
        return self.end.idle - self.start.idle

    @property
    def sched(self) -> int:
        """CPU time of all vCPU threads together, by schedstat."""
        return self.end.sched - self.start.sched

    @property
    def waited(self) -> int:
        """Time in which vCPU threads were runnable but did not run, all together."""
        return self.end.waited - self.start.waited

    @property
    def moved(self) -> bool:
        """Whether the measured thread, where it read its own counters, changed its pCPU."""
        return self.start.pcpu != self.end.pcpu

    @property
    def steal(self) -> float:
        """Stolen seconds: of the measured thread's pCPU, of all pCPUs where it moved.

        Where several threads were measured from outside, of the pCPU that lost most.
        """
        both = zip(self.start.steal, self.end.steal, strict=False)  # a CPU may go offline
        ticks = [after - before for before, after in both]
        if self.moved:
            return sum(ticks) * TICK
        if self.end.pcpu is not None:
            ticks = ticks[self.end.pcpu : self.end.pcpu + 1]
        return max(ticks, default=0) * TICK

    @property
    def polled(self) -> int:
        """KVM's halt polling, successful or not."""
        return self.kvm("halt_poll_success_ns") + self.kvm("halt_poll_fail_ns")

    def kvm(self, name: str) -> int:
        """The difference of one of KVM's counters."""
        return self.end.kvm.get(name, 0) - self.start.kvm.get(name, 0)

    def counters(self) -> dict[str, int | float]:
        """Sums over the vCPU threads; seconds unless the name says otherwise.

        `kvm_*` are KVM's counters that rose: a gauge that fell is no count.
        """
        counts: dict[str, int | float] = {
            "wall_s": self.wall / 1e9,
            "cpu_s": sum(self.cpu) / 1e9,
            "waited_s": self.waited / 1e9,
            "steal_s": self.steal,
            "nvcsw": self.end.switches[0] - self.start.switches[0],
            "nivcsw": self.end.switches[1] - self.start.switches[1],
        }
        if self.idle is not None:
            counts["pcpu_idle_s"] = self.idle / 1e9
        if self.end.energy:
            counts["energy_j"] = energy.joules(self.start.energy, self.end.energy)
        moved = {
            f"kvm_{name}": self.kvm(name) for name in sorted(self.end.kvm) if self.kvm(name) > 0
        }
        return counts | moved


def _less(after: tuple[int, ...], before: tuple[int, ...]) -> list[int]:
    return [late - early for late, early in zip(after, before, strict=True)]
