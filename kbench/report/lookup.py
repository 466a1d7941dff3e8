# SPDX-License-Identifier: MIT
"""Figures by name, for the texts of `kbench report --template`: those of kbench.answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kbench.answers import quantity
from kbench.answers.compared import range_of
from kbench.answers.level import on_plan
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import Quantity
from kbench.answers.rfc.hunts import hits
from kbench.report.lengths import states_entered
from kbench.report.model import Model
from kbench.suite import titles
from kbench.units import Figure, in_instructions


@dataclass(frozen=True)
class Row:
    """One benchmark of one suite; a figure that it does not support is None.

    `suite` is the report's label of the suite. In the lab figures are instructions of an event,
    an idle round or an item of work, on a host seconds.
    """

    measured: Measured
    suite: str

    @property
    def name(self) -> str:
        return self.measured.benchmark.name

    @property
    def policy(self) -> str:
        return self.measured.policy

    @property
    def title(self) -> str:
        """What is measured; of the lab its times are instructions."""
        words = titles.title(self.measured.benchmark)
        return in_instructions(words) if self.measured.lab else words

    @property
    def meaning(self) -> str:
        """What its policy does: the part of the title that follows the event."""
        return self.title.partition("; ")[2]

    @property
    def min(self) -> Figure | None:
        return self._of(quantity.MIN)

    @property
    def p50(self) -> Figure | None:
        return self._checked(lambda row: row.p50)

    @property
    def p99(self) -> Figure | None:
        return self._checked(lambda row: row.percentile(99.0))

    @property
    def spread(self) -> str:
        """The lowest and the highest p50 of a single run: "303 to 3,459"; "" where they agree."""
        return self._range(quantity.LATENCY)

    @property
    def each(self) -> Figure | None:
        """Family inkernel: what one of a batch adds."""
        return self._of(quantity.EACH)

    @property
    def event(self) -> Figure | None:
        """CPU time of the vCPU's thread for each event; None where it never blocks."""

        def event(row: Measured) -> Figure | None:
            on_plan(row)
            return quantity.EVENT.typical(row) if row.blocks else None

        return self._checked(event)

    @property
    def share(self) -> Figure | None:
        """CPU time of the vCPU's thread, as a share of its pCPU; for a host."""
        return self._checked(lambda row: row.share)

    @property
    def busy(self) -> bool:
        """Whether the vCPU's thread never blocks."""
        try:
            on_plan(self.measured)
            return not self.measured.blocks
        except Unsupported:
            return False

    @property
    def exits(self) -> str:
        return self._decimal(quantity.EXITS)

    @property
    def switches(self) -> str:
        return self._decimal(quantity.SWITCHES)

    @property
    def round(self) -> Figure | None:
        """CPU time of the vCPU's thread for each round of the guest's idle loop."""
        return self._of(quantity.ROUND)

    @property
    def item(self) -> Figure | None:
        """From one item of the VMM's work to the next."""
        return self._of(quantity.ITEM)

    @property
    def items(self) -> str:
        """The same, the range of single runs."""
        return self._range(quantity.ITEM)

    @property
    def states(self) -> str:
        """The idle states that the vCPU's pCPU entered for each event."""
        return states_entered(self.measured.benchmark)

    @property
    def competitor(self) -> Figure | None:
        """The share of the pCPU that a competing task got."""
        return self._of(quantity.COMPETITOR)

    @property
    def found(self) -> str:
        """Family hunt: "43 of 50", the hunts that saw an idle vCPU; "" where none looks for one."""
        try:
            return hits(self.measured)
        except Unsupported:
            return ""

    def _checked(self, figure: Callable[[Measured], Figure | None]) -> Figure | None:
        try:
            return figure(self.measured)
        except Unsupported:
            return None

    def _of(self, what: Quantity) -> Figure | None:
        return self._checked(what.typical)

    def _decimal(self, what: Quantity) -> str:
        figure = self._of(what)
        return "" if figure is None else f"{float(figure):,.1f}"

    def _range(self, what: Quantity) -> str:
        try:
            text = range_of(self.measured, what)
        except Unsupported:
            return ""
        return text if " to " in text else ""


@dataclass(frozen=True)
class Rows:
    """The benchmarks of one suite; empty for a suite that the report does not have."""

    label: str
    rows: Mapping[str, Row]

    def __call__(self, name: str) -> Row | None:
        """The benchmark called `name`, or None where it was not measured."""
        return self.rows.get(name)

    def matching(self, glob: str) -> list[Row]:
        """The benchmarks that `glob` matches, in the order of the suite."""
        return [row for name, row in self.rows.items() if fnmatchcase(name, glob)]


def rows(model: Model, label: str) -> Rows:
    """The benchmarks of the suite that the report calls `label`."""
    found = [entry for entry in model.entries if entry.source.label == label]
    return Rows(label, {entry.name: Row(Measured(entry.benchmark), label) for entry in found})
