# SPDX-License-Identifier: MIT
"""An explained event: what is handed to whoever shows it, compares it or stores it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from kbench.explain.listing import Listing
from kbench.explain.symbols import Function
from kbench.explain.tree import Node


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One event of a benchmark's first window.

    roots: its tree of calls, folded, one below each thread where several ran; their totals make
    `count`. number: which of the `counts` (instructions of each event) it is, from 1. stages:
    those that the event goes through, where no two stamps make the whole figure. lead: the
    stage that is recorded before the first stamp, and in no tree. uncounted: instructions that
    began and were not completed, which are in no tree either. executed: by function, how often
    it executed each opcode. listings: the instructions of the functions that were asked for.
    """

    benchmark: str
    stages: tuple[str, ...]
    kvm: str
    kernel: str
    roots: tuple[Node, ...]
    number: int
    counts: tuple[int, ...]
    uncounted: int
    lead: str = ""
    executed: Mapping[Function, Counter[bytes]] = field(default_factory=dict, repr=False)
    listings: tuple[Listing, ...] = ()

    @property
    def count(self) -> int:
        """The event's instructions."""
        return self.counts[self.number - 1]

    @property
    def title(self) -> str:
        """The benchmark, and the stages if it is not all of it."""
        if self.stages:
            return f"{self.benchmark}, {' and '.join(self.stages)}"
        return f"{self.benchmark} after {self.lead}" if self.lead else self.benchmark
