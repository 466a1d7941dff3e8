# SPDX-License-Identifier: MIT
"""What a target is: somewhere benchmarks can be measured."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kbench.catalogue import Benchmark
from kbench.record.writer import SuiteWriter


@dataclass(slots=True)
class Outcome:
    """What became of a session, by benchmark and with the reason; the runs are in the suite."""

    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step of a session. `p50` is in `unit` (pyperf's), None for a calibration."""

    benchmark: str
    done: int
    total: int
    unit: str
    p50: float | None


class Target(Protocol):
    """`unit` is the pyperf unit of its figures: "second", or "integer" for instructions.
    `pcpus` is how many a measurement may use.
    """

    name: str
    unit: str

    @property
    def pcpus(self) -> int: ...

    def obstacles(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        """By benchmark name, why it cannot run here; "" where it can."""

    def measure(
        self,
        benchmarks: Sequence[Benchmark],
        args: argparse.Namespace,
        writer: SuiteWriter,
        *,
        limit: float,
        progress: Callable[[Step], None],
    ) -> Outcome:
        """Measure `args.processes` runs of each benchmark and add them to `writer`.

        `args` are pyperf's parsed options, `limit` bounds each KVM_RUN (seconds). What this
        target lacks is skipped, what fails is left out of further rounds; both are in
        the Outcome. KeyboardInterrupt ends the session between runs.
        """
