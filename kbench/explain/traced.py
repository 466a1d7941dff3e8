# SPDX-License-Identifier: MIT
"""The events of a trace as trees of calls, held against what the benchmark recorded."""

from collections import Counter
from collections.abc import Sequence

from kbench._native.hdr import bucket_index
from kbench.explain.calls import Calls
from kbench.explain.events import Buckets, Event, StampedFigure, bounds, lowest, stages
from kbench.explain.listing import Listing
from kbench.explain.segments import Cutter
from kbench.explain.symbols import Function, Symbols
from kbench.explain.trace import Trace
from kbench.lab.protocol import Counts


class Traced:
    """A trace of `events`, which do not overlap and are in order, and of nothing else."""

    def __init__(self, trace: Trace, events: Sequence[Event], symbols: Symbols) -> None:
        self._order = trace.order
        self._cutter = Cutter(trace, symbols)
        self._places: dict[int, int] = {}
        place = 0
        for event in events:
            self._places[event.begin] = place
            place += event.length
        # Stages begin within the events that they are part of.
        self._events = events
        self._uncounted: dict[bytes, int] = {}

    def calls(self, event: Event) -> Calls:
        """The trees of calls of one event, or of a part of one."""
        start = self._place(event)
        return Calls(self._cutter.cut(start, start + event.length))

    def executed(self, event: Event) -> dict[Function, Counter[bytes]]:
        """By function, how often it executed each opcode in an event."""
        start = self._place(event)
        return self._cutter.opcodes(start, start + event.length)

    def listings(self, event: Event, name: str) -> list[Listing]:
        """What an event executed of the functions called `name`."""
        start = self._place(event)
        return self._cutter.listings(start, start + event.length, name)

    def count(self, event: Event) -> int:
        """The instructions of one event, or of a part of one, that are counted."""
        start = self._place(event)
        # Most events execute the very same instructions.
        executed = self._order[start : start + event.length].tobytes()
        if executed not in self._uncounted:
            self._uncounted[executed] = self.calls(event).uncounted
        return event.length - self._uncounted[executed]

    def mismatch(self, figure: StampedFigure, counts: Counts) -> str:
        """How the events of `figure` differ from what was recorded; empty where they do not."""
        found = [self.count(event) for event in figure.events]
        said = f"{len(found)} events of {min(found)} to {max(found)} instructions are traced"
        if figure.lead:
            rest, before = counts.total - sum(found), counts.stages[figure.lead]
            if bounds(before) == (rest, rest) and self._fits(found, before, counts):
                return ""
            return f"{said}, which with stage {figure.lead} are not those recorded"
        if Counter(map(bucket_index, found)) != Counter(dict(figure.buckets)):
            return f"{said}, which is not the recorded histogram"
        recorded = (counts.count, counts.minimum, counts.maximum, counts.total)
        if not figure.stage and recorded != (len(found), min(found), max(found), sum(found)):
            return f"{said}, {sum(found)} in all; {recorded} are recorded (number, ends, sum)"
        return ""

    @staticmethod
    def _fits(found: Sequence[int], before: Buckets, counts: Counts) -> bool:
        """Whether the extremes are those of events with a stage of `before` ahead of them."""
        low, high = lowest(before[0][0]), lowest(before[-1][0])
        return (
            min(found) + low <= counts.minimum <= min(found) + high
            and max(found) + low <= counts.maximum <= max(found) + high
        )

    def missing(
        self, figures: Sequence[StampedFigure], whole: Sequence[Event], counts: Counts
    ) -> str:
        """How `whole` and the stages outside it differ from all that was recorded; or empty."""
        rest = counts.total - sum(self.count(event) for event in whole)
        outside = [bounds(counts.stages[n]) for n in counts.stages if n not in stages(figures)]
        least, most = (sum(ends) for ends in zip((0, 0), *outside, strict=True))
        if stages(figures) and not least <= rest <= most:
            return f"the stages {', '.join(stages(figures))} leave {rest} instructions unexplained"
        return ""

    def _place(self, event: Event) -> int:
        if event.begin in self._places:
            return self._places[event.begin]
        around = next(e for e in self._events if e.begin <= event.begin and event.end <= e.end)
        return self._places[around.begin] + event.begin - around.begin
