# SPDX-License-Identifier: MIT
"""The stages of an event's path: a histogram each, `kbench_hdr_STAGE` in a run's metadata."""

from dataclasses import dataclass
from typing import Any

from kbench.catalogue.families import paths
from kbench.catalogue.families import stages as declared
from kbench.errors import KbenchError
from kbench.report.distribution import Distribution, distribution
from kbench.report.model import Entry
from kbench.suite.histogram import decode
from kbench.suite.stages import PREFIX, in_order

PATHS = dict(paths())
"""The families whose events have stages, and what path these make."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a benchmark, all good runs together; `title` names its two ends."""

    name: str
    title: str
    distribution: Distribution

    @property
    def label(self) -> str:
        return f"{self.name}: {self.title}" if self.title != self.name else self.name


def stages(entry: Entry) -> list[Stage]:
    """The stages of `entry` in the order of its path; [] where it has none.

    Raises KbenchError when a histogram cannot be read.
    """
    keys = {key for run in entry.benchmark.good for key in run.metadata if key.startswith(PREFIX)}
    names = in_order(entry.name, (key.removeprefix(PREFIX) for key in keys))
    titles = declared(entry.family)
    found = []
    for name in names:
        total = _total(entry, name)
        if total.get_total_count():
            found.append(Stage(name, titles.get(name, name), distribution(total, entry.place.unit)))
    return found


def _total(entry: Entry, name: str) -> Any:
    """The histograms of one stage of all good runs added up."""
    total = None
    for run in entry.benchmark.good:
        text = run.get(PREFIX + name)
        if text is None:
            continue
        try:
            part = decode(str(text))
        except KbenchError as error:
            where = f"{entry.source.label}: {entry.name}: {PREFIX}{name}"
            raise KbenchError(f"{where}: {error}") from None
        if total is None:
            total = part
        else:
            total.add(part)
    return total
