# SPDX-License-Identifier: MIT
"""What became of exits from one kernel to the next: counts of stock KVM in the lab.

A difference is named only where every run of one kernel lies beyond every run of the other. The
kernels are Debian's: their configurations and compilers differ as well as their sources.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from kbench.answers.compared import range_of
from kbench.answers.level import apart, comparable, listed
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import COUNT, EACH, LATENCY, Quantity
from kbench.answers.rfc.lab import STOCK, LabKernel, labs
from kbench.explain.symbols import Function
from kbench.judge.functions import between, kept
from kbench.present.functions import listed as functions_listed
from kbench.suite.suite import Suite

RESOLUTION = 1e-3
"""A percentile is the upper edge of a histogram's bucket, an explained event is exact."""

Sentence = Callable[[Sequence[LabKernel]], str]


def counted(name: str, what: str, quantity: Quantity = COUNT) -> Sentence:
    """`what` takes so many instructions on each kernel, with the step from one to the next."""

    def say(found: Sequence[LabKernel]) -> str:
        rows = _rows(found, name)
        parts = []
        for number, (lab, row) in enumerate(zip(found, rows, strict=True)):
            step = f" ({_step(rows[number - 1], row, quantity)})" if number else ""
            unit = "" if number else " instructions"
            parts.append(f"{range_of(row, quantity)}{unit} on {lab.release}{step}")
        return f"{what} takes {listed(parts)}."

    return say


def functions(name: str, what: str) -> Sentence:
    """The functions that the difference of each step is made of; they add up to it."""

    def say(found: Sequence[LabKernel]) -> str:
        parts = []
        rows = _rows(found, name)
        for (before, base), (after, head) in pairwise(zip(found, rows, strict=True)):
            exact = base.benchmark.exact and head.benchmark.exact
            if not (exact or apart(base, head, LATENCY)):
                raise Unsupported(
                    f"nothing tells {name} on {before.release} and on {after.release} apart"
                )
            one, other = _functions(base), _functions(head)
            changed = between(name, one, other)
            ends = f"{sum(one.values()):,} to {sum(other.values()):,}"
            names = functions_listed(changed.changes) or "no function differs"
            parts.append(
                f"{changed.delta:+,} from {before.release} to {after.release} ({ends}): {names}"
            )
        return f"{what}, {'; '.join(parts)}."

    return say


def tally(family: str, what: str, quantity: Quantity = COUNT) -> Sentence:
    """How many benchmarks of a family take more, fewer and as many instructions as before."""

    def say(found: Sequence[LabKernel]) -> str:
        first, *_, last = several(found)
        pairs = [
            (first(row.benchmark.name, STOCK), row)
            for row in last.matching(f"{family}.*", STOCK)
            if first.has(row.benchmark.name, STOCK)
        ]
        for pair in pairs:
            comparable(pair, but="kernel")
        steps = [step for pair in pairs for step in _differences(*pair, quantity, len(pairs))]
        if not steps:
            raise Unsupported(f"no benchmark of {family} was measured on both kernels")
        more, fewer = (sum(sign * step > 0 for step in steps) for sign in (1, -1))
        level = len(steps) - more - fewer
        return (
            f"Of {len(steps)} {what}, {more} take more instructions on {last.release} than on "
            f"{first.release} and {fewer} fewer{f'; {level} are not told apart' if level else ''}."
        )

    return say


def several(found: Sequence[LabKernel]) -> Sequence[LabKernel]:
    """`found`. Raises Unsupported unless there are two kernels."""
    if len(found) < 2:
        raise Unsupported("fewer than two kernels were measured")
    return found


def _rows(found: Sequence[LabKernel], name: str) -> list[Measured]:
    """The benchmark on each kernel. Raises Unsupported where they differ in more than that."""
    rows = [lab(name, STOCK) for lab in several(found)]
    comparable(rows, but="kernel")
    return rows


def _functions(row: Measured) -> dict[Function, int]:
    """Those of the event that was explained. Raises Unsupported where it is no typical one."""
    held = kept(row.benchmark)
    if not held:
        raise Unsupported(f"{row.benchmark.name} was measured without --explain")
    low, high = LATENCY.range(row)
    if not low * (1 - RESOLUTION) <= sum(held.values()) <= high:
        raise Unsupported(f"the event of {row.benchmark.name} that was explained is no typical one")
    return held


def _differences(before: Measured, after: Measured, quantity: Quantity, pairs: int) -> list[float]:
    """The difference, 0 where nothing tells it; none where one of them has no such figure."""
    try:
        return [_difference(before, after, quantity, pairs) or 0.0]
    except Unsupported:
        return []


def _step(before: Measured, after: Measured, quantity: Quantity) -> str:
    difference = _difference(before, after, quantity)
    return "nothing tells the two apart" if difference is None else f"{difference:+,.0f}"


def _difference(
    before: Measured, after: Measured, quantity: Quantity, pairs: int = 1
) -> float | None:
    """Of the typical figures; None where the runs of both do not lie apart, of `pairs` so asked."""
    if not apart(before, after, quantity, pairs):
        return None
    return float(quantity.typical(after)) - float(quantity.typical(before))


WAKE = (
    "The wake-up of a halted vCPU by an irqfd write, from its planned time to its acknowledgement "
    "in userspace, the waker's way to sleep included (median of a window),"
)
SENTENCES: dict[str, Sentence] = {
    "kernels-exit": counted("exit.pio_out", "A port write that exits to userspace"),
    "kernels-exit-by": functions("exit.pio_out", "For the port write"),
    "kernels-hlt": counted("exit.hlt", "A HLT that exits to userspace"),
    "kernels-hlt-by": functions("exit.hlt", "For the HLT"),
    "kernels-exits": tally("exit", "exits to userspace, each of one count"),
    "kernels-inkernel": counted("inkernel.cpuid", "A CPUID that KVM answers", EACH),
    "kernels-inkernels": tally("inkernel", "subjects that KVM handles in the kernel", EACH),
    "kernels-floor": counted("floor.immediate_exit", "A KVM_RUN that does not enter the guest"),
    "kernels-floor-by": functions(
        "floor.immediate_exit", "For a KVM_RUN that does not enter the guest"
    ),
    "kernels-wake": counted("wake.irqfd@hlt", WAKE, LATENCY),
    "kernels-wake-by": functions("wake.irqfd@hlt", "For a typical wake-up by an irqfd write"),
}


def answer(name: str, suites: Iterable[Suite]) -> str:
    """The sentence `name` of these suites, or the reason why they do not support it.

    Raises KeyError for a sentence that does not exist.
    """
    try:
        return SENTENCES[name](labs(suites))
    except Unsupported as reason:
        return f"Not answered ({name}): {reason}."
