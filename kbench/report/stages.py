# SPDX-License-Identifier: MIT
"""The stages of a wake path: a histogram each, `kbench_hdr_STAGE` in a run's metadata."""

from dataclasses import dataclass
from typing import Any

from kbench.errors import KbenchError
from kbench.record.histogram import decode
from kbench.report.distribution import Distribution, distribution
from kbench.report.model import Entry

PREFIX = "kbench_hdr_"
# In the order of the path; stages that are not listed follow by name.
TITLES = {
    "late": "planned time to the waker's write",
    "guest": "write to the guest's handler",
    "ack": "handler to the acknowledgement in userspace",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a benchmark, all good runs together."""

    name: str
    distribution: Distribution


def stages(entry: Entry) -> list[Stage]:
    """The stages of `entry` in the order in which its runs name them; [] where it has none.

    Raises KbenchError for a histogram that cannot be read.
    """
    keys = {key for run in entry.benchmark.good for key in run.metadata if key.startswith(PREFIX)}
    order = list(TITLES)
    names = sorted(
        (key.removeprefix(PREFIX) for key in keys),
        key=lambda name: (order.index(name) if name in TITLES else len(order), name),
    )
    found = []
    for name in names:
        total = _total(entry, name)
        if total.get_total_count():
            found.append(Stage(TITLES.get(name, name), distribution(total, entry.place.unit)))
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
