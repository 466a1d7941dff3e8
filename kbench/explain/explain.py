# SPDX-License-Identifier: MIT
"""Explaining an event of a benchmark: which functions its instructions were of, exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, product

from kbench.errors import KbenchError
from kbench.explain import events, places, plugin
from kbench.explain.errors import Unexplained
from kbench.explain.events import Event, StampedFigure
from kbench.explain.explanation import Explanation
from kbench.explain.files import LabFiles
from kbench.explain.lines import sourced
from kbench.explain.listing import disassembled
from kbench.explain.symbols import Symbols
from kbench.explain.threads import told_apart
from kbench.explain.trace import Execution, Trace, execute
from kbench.explain.traced import Traced
from kbench.explain.tree import folded
from kbench.kernels.cache import Progress
from kbench.lab.labs import Lab
from kbench.lab.protocol import Counts

# Runs that are to repeat the first one. About 1 in 300 does not: QEMU's main loop has moved the
# clock of a halted CPU too early (docs/lab.md, "What makes it exact").
TRIES = 3


@dataclass(frozen=True)
class EventChoice:
    """What of a benchmark: its own figure, or a stage's; event "min", "p50", "max" or a number.

    function: whose executed instructions are listed too.
    """

    stage: str = ""
    event: str = "p50"
    function: str = ""


class Explainer:
    """Explains benchmarks in one lab."""

    def __init__(self, lab: Lab, progress: Progress) -> None:
        self._lab = lab
        self._progress = progress
        self._plugin = plugin.built(progress)

    @cached_property
    def _symbols(self) -> Symbols:
        return Symbols(places.found(self._lab, self._progress), LabFiles(self._lab))

    def explain(self, benchmark: str, choice: EventChoice) -> Explanation:
        """Explain an event.

        Raises Unexplained when no two stamps make the figure, or what was traced does not add
        up to what was recorded; KbenchError for an event that is none; LabError as a
        measurement does.
        """
        first = execute(self._lab, self._plugin, benchmark)
        symbols = self._symbols
        counts, stamps = first.counts, events.stamps(first.stamps, symbols)
        found = list(events.figures(stamps, counts, symbols))
        reasons = []
        for figures in chains(found, choice.stage):
            whole = joined(figures)
            if halts := events.halts(stamps, whole):
                reasons.append(f"time passes without instructions in the {halts} halts between")
                continue
            traced = Traced(self._trace(benchmark, first, whole), whole, symbols)
            wrong = [traced.mismatch(figure, counts) for figure in figures]
            wrong.append("" if choice.stage else traced.missing(figures, whole, counts))
            if not any(wrong):
                found_one = self._explanation(benchmark, figures, traced, choice)
                return self._listed(found_one, joined(figures), traced, symbols, choice)
            reasons += filter(None, wrong)
        raise Unexplained(why_not(benchmark, choice.stage, counts, found, reasons))

    def _listed(
        self,
        found: Explanation,
        whole: Sequence[Event],
        traced: Traced,
        symbols: Symbols,
        choice: EventChoice,
    ) -> Explanation:
        """`found` with the listings that are asked for."""
        if not choice.function:
            return found

        def name(address: int) -> str:
            function, offset = symbols.at(address)
            return f"{function.name}+{offset:#x}" if offset else function.name

        listings = traced.listings(whole[found.number - 1], choice.function)
        if not listings:
            raise KbenchError(f"{found.title} executes nothing of {choice.function}")
        kernel, files = self._lab.snapshot.kernel, LabFiles(self._lab)
        made = (sourced(disassembled(each, name), symbols, kernel, files) for each in listings)
        return replace(found, listings=tuple(made))

    def _trace(self, benchmark: str, first: Execution, whole: Sequence[Event]) -> Trace:
        """What `whole` executed, in a second run that is the first one again."""
        spans = [(event.begin + 1, event.end + 1) for event in whole]
        for _ in range(TRIES):
            second = execute(self._lab, self._plugin, benchmark, spans)
            if second.repeats(first, whole[-1].end) and second.trace:
                return second.trace
        what = "its stamps" if first.counts == second.counts else "its counts"
        raise Unexplained(f"{benchmark} cannot be explained: {what} differ from run to run")

    def _explanation(
        self, benchmark: str, figures: Sequence[StampedFigure], traced: Traced, choice: EventChoice
    ) -> Explanation:
        whole = joined(figures)
        counts = tuple(traced.count(event) for event in whole)
        number = chosen(counts, choice.event)
        calls = traced.calls(whole[number])
        roots = tuple(folded(told_apart(calls.roots)))
        total = sum(root.total for root in roots)
        if total != counts[number]:
            raise Unexplained(f"{benchmark}: the tree has {total} instructions of {counts[number]}")
        return Explanation(
            benchmark=benchmark,
            stages=events.stages(figures),
            lead=figures[0].lead,
            kvm=self._lab.kvm[0],
            kernel=self._lab.identity["kernel"],
            roots=roots,
            number=number + 1,
            counts=counts,
            uncounted=calls.uncounted,
            executed=traced.executed(whole[number]),
        )


def chains(found: Sequence[StampedFigure], stage: str) -> Iterator[tuple[StampedFigure, ...]]:
    """The ways to see the figure: by its own stamps, or else through its last stages.

    The first stage of a wake-up begins at the planned time, which is no stamp.
    """
    yield from ((figure,) for figure in found if figure.stage == stage)
    stages = list(dict.fromkeys(events.stages(found)))
    for first in range(0 if stage else len(stages)):
        ways = [[figure for figure in found if figure.stage == name] for name in stages[first:]]
        for figures in product(*ways):
            if all(follows(one, other) for one, other in pairwise(figures)):
                yield figures


def follows(one: StampedFigure, other: StampedFigure) -> bool:
    """Whether each event of `other` begins where that of `one` ends."""
    return [event.end for event in one.events] == [event.begin for event in other.events]


def joined(figures: Sequence[StampedFigure]) -> tuple[Event, ...]:
    """The events from the first of `figures` to the last."""
    ends = zip(figures[0].events, figures[-1].events, strict=True)
    return tuple(Event(one.begin, other.end) for one, other in ends)


def chosen(counts: Sequence[int], event: str) -> int:
    """The index of the event; of equal ones the last. Raises KbenchError where there is none."""
    ranked = sorted(counts)
    wanted = {"min": ranked[0], "p50": ranked[(len(ranked) - 1) // 2], "max": ranked[-1]}
    if event in wanted:
        return max(n for n, count in enumerate(counts) if count == wanted[event])
    if event.isdecimal() and 1 <= int(event) <= len(counts):
        return int(event) - 1
    raise KbenchError(f"no event {event!r}: it is min, p50, max or 1 to {len(counts)}")


def why_not(
    benchmark: str,
    stage: str,
    counts: Counts,
    found: Sequence[StampedFigure],
    reasons: Sequence[str],
) -> str:
    """Why an event cannot be explained."""
    what = f"{benchmark}, stage {stage}," if stage else benchmark
    if stage and stage not in counts.stages:
        return f"{benchmark} has no stage {stage}: {', '.join(counts.stages) or 'it has none'}"
    lines = list(dict.fromkeys(reasons)) or ["no two readings of the clock make its figure"]
    stages = dict.fromkeys(events.stages(found))
    hint = f" (--stage {', '.join(stages)})" if stages and not stage else ""
    return f"{what} cannot be explained: {'; '.join(lines)}{hint}"
