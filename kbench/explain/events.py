# SPDX-License-Identifier: MIT
"""The events of a figure, found among the stamps of a run.

A figure is a number of clock readings apart from others, so that the two stamps of its events
are known by what they measure: as many pairs as the figure has events, each as long as one of
its histogram. Which code takes the stamps makes no difference.
"""

from bisect import bisect
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kbench._native.hdr import bucket_index
from kbench.explain.files import INJECTED
from kbench.explain.symbols import Symbols
from kbench.explain.trace import HALT, RDTSC, RDTSCP, Stamp
from kbench.lab.protocol import Counts

if TYPE_CHECKING:
    from kbench.explain.trace import Array

# What begins without being counted, at most: the exits of a batch are the most.
UNCOUNTED_SHARE, UNCOUNTED = 0.03, 64
GUEST = "[guest]"
Buckets = Sequence[tuple[int, int]]


@dataclass(frozen=True, order=True)
class Event:
    """What has a number after `begin` and up to `end`, the numbers of two stamps."""

    begin: int
    end: int

    @property
    def length(self) -> int:
        """Instructions that began, counted or not."""
        return self.end - self.begin


@dataclass(frozen=True)
class StampedFigure:
    """A figure of a benchmark: its stage ("" for its own), what was recorded, and its events.

    lead: the stage that comes before the first stamp of the benchmark's own figure. excess: how
    many instructions began beyond what was recorded.
    """

    stage: str
    buckets: Buckets
    events: tuple[Event, ...]
    excess: int
    lead: str = ""


def figures(stamps: Sequence[Stamp], counts: Counts, symbols: Symbols) -> Iterator[StampedFigure]:
    """Every way to see the benchmark's own figure, and those of its stages, in `stamps`.

    The likeliest comes first: the one with fewest instructions beyond what was recorded.
    """
    pairs = [tuple(events) for events in _pairs(_own(stamps, symbols))]
    yield from _ranked(_whole(pairs, counts))
    yield from _ranked(_after_lead(pairs, counts))
    for stage, buckets in counts.stages.items():
        yield from _ranked(_fitting(stage, pairs, buckets))


def _ranked(found: Iterable[StampedFigure]) -> list[StampedFigure]:
    return sorted(found, key=lambda figure: figure.excess)


def _fitting(
    stage: str, pairs: Iterable[tuple[Event, ...]], buckets: Buckets
) -> Iterator[StampedFigure]:
    """The figures whose events are as long as a histogram says."""
    number = sum(count for _, count in buckets)
    low, high = lowest(buckets[0][0]), lowest(buckets[-1][0])
    for events in pairs:
        # The same code may also stamp what is not recorded, between the events that are.
        alike = tuple(e for e in events if low <= e.length <= high + _uncounted(high))
        for last in dict.fromkeys((events[-number:], alike[-number:])):
            excess = _excess([event.length for event in last], buckets)
            if len(last) == number and excess is not None:
                yield StampedFigure(stage, buckets, last, excess)


def _whole(pairs: Iterable[tuple[Event, ...]], counts: Counts) -> Iterator[StampedFigure]:
    """The benchmark's own figure, whose sum is known exactly."""
    for figure in _fitting("", pairs, counts.buckets):
        if (excess := sum(event.length for event in figure.events) - counts.total) >= 0:
            yield replace(figure, excess=excess)


def _after_lead(pairs: Iterable[tuple[Event, ...]], counts: Counts) -> Iterator[StampedFigure]:
    """The benchmark's own figure without its first stage: a planned time is no stamp."""
    lead = next(iter(counts.stages), "")
    low, high = bounds(counts.stages.get(lead, ()))
    total = counts.total - low
    if not lead or low != high or sum(n for _, n in counts.stages[lead]) != counts.count:
        return
    for events in pairs:
        last = events[-counts.count :]
        excess = sum(event.length for event in last) - total
        if len(last) == counts.count and 0 <= excess <= _uncounted(total) * counts.count:
            yield StampedFigure("", counts.buckets, last, excess, lead)


def bounds(buckets: Buckets) -> tuple[int, int]:
    """The least and the largest sum that a histogram may be of; below 2048 they are one."""
    least = sum(lowest(bucket) * number for bucket, number in buckets)
    return least, sum((lowest(bucket + 1) - 1) * number for bucket, number in buckets)


def _uncounted(length: int) -> int:
    return int(length * UNCOUNTED_SHARE) + UNCOUNTED


def stages(figures: Sequence[StampedFigure]) -> tuple[str, ...]:
    """The stages among `figures`, in order."""
    return tuple(figure.stage for figure in figures if figure.stage)


def stamps(records: "Array", symbols: Symbols) -> list[Stamp]:
    """The halts, and the readings of the clock by kbench and its guests, of a run's stamps."""
    import numpy as np

    addresses, places = np.unique(records["address"], return_inverse=True)
    own = [symbols.path(address).startswith(INJECTED) for address in addresses.tolist()]
    wanted = (records["kind"] == HALT) | (records["nested"] != 0) | np.array(own, bool)[places]
    found = records[wanted & (records["kind"] <= HALT)].tolist()
    return [Stamp(number, at, kind, bool(nested)) for number, at, kind, nested in found]


def halts(stamps: Sequence[Stamp], events: Sequence[Event]) -> int:
    """Halts of the lab's CPU within events: there its clock goes on without instructions."""
    found = [stamp.number for stamp in stamps if stamp.kind == HALT and not stamp.nested]
    return sum(bisect(found, event.end) - bisect(found, event.begin) for event in events)


def _own(stamps: Sequence[Stamp], symbols: Symbols) -> list[tuple[Stamp, str]]:
    """The readings of the clock, with the functions that take them."""
    found = []
    for stamp in stamps:
        if stamp.kind in (RDTSC, RDTSCP):
            function, _ = symbols.at(stamp.address)
            name = GUEST if stamp.nested else f"{function.module}.{function.name}"
            found.append((stamp, name))
    return found


def _pairs(stamps: Sequence[tuple[Stamp, str]]) -> Iterator[list[Event]]:
    """For each two places that take stamps, all events from the one to the next of the other.

    A place is an address, or all addresses of a function that use one instruction: a loop
    that waits for its time may have two.
    """
    seen = set()
    for labels in (
        [stamp.address for stamp, _ in stamps],
        [(function, stamp.kind) for stamp, function in stamps],
    ):
        for events in _between([stamp for stamp, _ in stamps], labels):
            if tuple(events) not in seen:
                seen.add(tuple(events))
                yield events


def _between(stamps: Sequence[Stamp], labels: Sequence[Hashable]) -> Iterable[list[Event]]:
    """By two labels: from the last stamp of the one before each of the other.

    No figure begins and ends in a guest, or at one and the same instruction.
    """
    last: dict[Hashable, Stamp] = {}
    found: dict[tuple[Hashable, Hashable], list[Event]] = {}
    for stamp, label in zip(stamps, labels, strict=True):
        for other, before in last.items():
            if stamp.address == before.address or (stamp.nested and before.nested):
                continue
            events = found.setdefault((other, label), [])
            if not events or events[-1].begin != before.number:
                events.append(Event(before.number, stamp.number))
        last[label] = stamp
    return found.values()


def _excess(lengths: Sequence[int], buckets: Buckets) -> int | None:
    """How far `lengths` are beyond what was recorded in all; None where they do not fit."""
    recorded = [bucket for bucket, count in buckets for _ in range(count)]
    excess = 0
    for length, bucket in zip(sorted(lengths), recorded, strict=False):
        low = lowest(bucket)
        if not bucket <= bucket_index(length) or length > low + _uncounted(low):
            return None
        excess += length - low
    return excess


def lowest(bucket: int) -> int:
    """The least value of a bucket of kbench's histograms (3 digits: 2048 values, then halves)."""
    shift = max(0, (bucket >> 10) - 1)
    return (bucket - (shift << 10)) << shift
