# SPDX-License-Identifier: MIT
"""The kernel's own counts of a run, to hold the loop's against.

A run whose counts disagree, whose thread moved although it was pinned, that lost too
much time to steal, or whose clock drifted is kept but void: nobody judges it.
"""

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from kbench._native import floors
from kbench.catalogue import Benchmark
from kbench.kvm import IoctlError, Vcpu
from kbench.kvm.backend import detect
from kbench.kvm.stats import Stats

# KVM exits that the loop did not make: host interrupts, signals, first-touch faults. At
# 1,000 ticks a second and 7 us a round trip that is 0.7 %.
EXTRA_EXITS = 0.02
EXTRA_EXITS_AT_LEAST = 64
# Round trips without a KVM exit: vcpu_run() may find the reason to return before it enters
# (an interrupt window that is open already).
MISSING_EXITS = 0.01
MISSING_EXITS_AT_LEAST = 2
STEAL_BOUND = 0.10  # of the run's time; /proc/stat counts it in ticks of 10 ms
STEAL_TICKS_AT_LEAST = 2
CLOCK_BOUND = 1e-3  # TSC against CLOCK_MONOTONIC_RAW, for runs of 10 ms and more

# KVM's witness of one exit reason, where the backend counts it (0 means it does not).
WITNESSES = {
    "KVM_EXIT_MMIO": "mmio_exits",
    "KVM_EXIT_HLT": "halt_exits",
    "KVM_EXIT_IRQ_WINDOW_OPEN": "irq_window_exits",
}
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """The kernel's counters at one instant."""

    kvm: dict[str, int]
    cpu: int
    steal: tuple[int, ...]  # ticks, by CPU
    switches: tuple[int, int]  # voluntary, involuntary
    cpu_time: float
    raw: float  # CLOCK_MONOTONIC_RAW, seconds
    tsc: int


class Witness:
    """What the kernel counts for one vCPU and the thread that runs it."""

    def __init__(self, vcpu: Vcpu, tsc_khz: int) -> None:
        self._tsc_khz = tsc_khz
        try:
            self._stats: Stats | None = vcpu.get_stats_fd()
        except IoctlError:
            self._stats = None  # before Linux 5.14; counters() then has no kvm_ entry
        self.reset()

    def close(self) -> None:
        if self._stats:
            self._stats.close()

    def reset(self) -> None:
        self._start = self._sample()

    def _sample(self) -> Sample:
        usage = resource.getrusage(resource.RUSAGE_THREAD)
        return Sample(
            kvm=self._stats.scalars() if self._stats else {},
            cpu=floors.current_cpu(),
            steal=steal_ticks(),
            switches=(usage.ru_nvcsw, usage.ru_nivcsw),
            cpu_time=usage.ru_utime + usage.ru_stime,
            raw=time.clock_gettime(time.CLOCK_MONOTONIC_RAW),
            tsc=floors.tsc(),
        )

    def stop(self) -> "Evidence":
        """What was counted since the last reset()."""
        return Evidence(self._start, self._sample(), self._tsc_khz)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two samples, before and after a run, and what their difference says."""

    start: Sample
    end: Sample
    tsc_khz: int

    @property
    def wall(self) -> float:
        return self.end.raw - self.start.raw

    @property
    def moved(self) -> bool:
        return self.start.cpu != self.end.cpu

    @property
    def steal(self) -> float:
        """Seconds stolen from the CPU of this thread; from all CPUs where it moved."""
        both = zip(self.start.steal, self.end.steal, strict=False)  # a CPU may go offline
        ticks = [after - before for before, after in both]
        if not self.moved and self.end.cpu < len(ticks):
            ticks = [ticks[self.end.cpu]]
        return sum(ticks) * TICK

    def kvm(self, name: str) -> int:
        return self.end.kvm.get(name, 0) - self.start.kvm.get(name, 0)

    def counters(self) -> dict[str, int | float]:
        """By name: CPU seconds, switches, steal, and every KVM stat that moved (`kvm_*`)."""
        counts: dict[str, int | float] = {
            "wall_s": round(self.wall, 9),
            "cpu_s": round(self.end.cpu_time - self.start.cpu_time, 6),
            "steal_s": round(self.steal, 3),
            "nvcsw": self.end.switches[0] - self.start.switches[0],
            "nivcsw": self.end.switches[1] - self.start.switches[1],
        }
        moved = {name: self.kvm(name) for name in self.end.kvm if self.kvm(name)}
        return counts | {f"kvm_{name}": count for name, count in sorted(moved.items())}

    def void(self, benchmark: Benchmark, count: int) -> str:
        """Why a run of `count` round trips must not be judged; "" when it may."""
        ticks = (self.end.tsc - self.start.tsc) / (self.tsc_khz * 1e3)
        if self.wall > 0.01 and abs(ticks / self.wall - 1) > CLOCK_BOUND:
            return f"the TSC counted {ticks:.6f} s, CLOCK_MONOTONIC_RAW {self.wall:.6f} s"
        if self.moved and len(os.sched_getaffinity(0)) == 1:
            return f"the pinned thread moved from CPU {self.start.cpu} to CPU {self.end.cpu}"
        if self.steal > max(STEAL_BOUND * self.wall, STEAL_TICKS_AT_LEAST * TICK):
            return f"{self.steal:.2f} s of {self.wall:.2f} s were stolen by the hypervisor"
        return self._miscount(benchmark, count)

    def _miscount(self, benchmark: Benchmark, count: int) -> str:
        if benchmark.loop not in ("kvm_run", "halt", "batch") or not self.end.kvm:
            return ""
        expected, most = count, float("inf")
        if benchmark.loop != "batch":
            most = count + max(EXTRA_EXITS * count, EXTRA_EXITS_AT_LEAST)
        else:
            # The batch's subjects, and the two exits to userspace. What else a batch
            # makes exit (EOI, an interrupt window, HLT) depends on the CPU.
            expected = count * (2 + benchmark.exits * benchmark.batch * (detect() != "pvm"))
        least = expected - max(MISSING_EXITS * expected, MISSING_EXITS_AT_LEAST)
        for name in ("exits", WITNESSES.get(benchmark.expect, "")):
            seen = self.kvm(name)
            if seen and not least <= seen <= most:
                return f"the loop counted {expected} exits, KVM's {name} {seen}"
        return ""


def steal_ticks() -> tuple[int, ...]:
    """Ticks stolen from each CPU (field 8 of /proc/stat, proc_stat(5))."""
    lines = Path("/proc/stat").read_text().splitlines()
    return tuple(
        int(line.split()[8]) for line in lines if line.startswith("cpu") and line[3].isdigit()
    )
