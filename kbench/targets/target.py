# SPDX-License-Identifier: MIT
"""The protocol of a target: where benchmarks are measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kbench.catalogue import Benchmark
from kbench.record.writer import SuiteWriter
from kbench.targets.options import RunOptions


@dataclass(slots=True)
class RunOutcome:
    """Which benchmarks a session skipped and which failed, with reasons; runs are in the suite.

    `stopped` is the benchmark with a round trip beyond RunOptions.stop_above, which ended it.
    """

    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""

    def state(self, benchmark: str) -> str:
        """ "skipped", "failed" or ""."""
        if benchmark in self.skipped:
            return "skipped"
        return "failed" if benchmark in self.failed else ""

    def skips(self) -> list[str]:
        """A line for each reason to skip, with the benchmarks that it holds for."""
        return [
            f"skipped {', '.join(name for name, why in self.skipped.items() if why == reason)}: "
            f"{reason}"
            for reason in dict.fromkeys(self.skipped.values())
        ]


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step of a session of `total`, and the seconds that the rest will take.

    `p50` is in `unit` (pyperf's); None for a calibration, and where `state` is not "".
    `where` is the machine of a fleet that did it.
    """

    benchmark: str
    done: int
    total: int
    unit: str
    p50: float | None
    state: str = ""
    left: float | None = None
    where: str = ""


class Target(Protocol):
    """`unit` is the pyperf unit of its figures, "second" or "integer" (instructions);
    `pcpus` is how many pCPUs a measurement may use.
    """

    name: str
    unit: str

    @property
    def pcpus(self) -> int: ...

    def obstacles(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        """By benchmark name, the reason why it cannot run here; "" if it can."""

    def measure(
        self,
        benchmarks: Sequence[Benchmark],
        options: RunOptions,
        writer: SuiteWriter,
        *,
        progress: Callable[[Step], None],
    ) -> RunOutcome:
        """Measure `options.processes` runs of each benchmark and add them to `writer`.

        The RunOutcome holds what this target lacks, which is skipped, and what failed, which is
        left out of further rounds. KeyboardInterrupt ends the session between runs.
        """
