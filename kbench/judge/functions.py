# SPDX-License-Identifier: MIT
"""Which functions a moved count of the lab is made of, where runs have stored theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kbench.explain.difference import FunctionChange, functions
from kbench.explain.symbols import Function
from kbench.judge.verdict import Change, Verdict
from kbench.suite.functions import KEY, unpack
from kbench.suite.suite import Benchmark


@dataclass(frozen=True, slots=True)
class FunctionChanges:
    """The functions that a benchmark's typical event differs in, base against head.

    `delta` is the difference of the two events, which those of `changes` add up to. `reason`
    says why there are none.
    """

    benchmark: str
    delta: int
    changes: tuple[FunctionChange, ...] = ()
    reason: str = ""


def stored(
    pairs: Iterable[tuple[Benchmark, Benchmark]], changes: Iterable[Change]
) -> tuple[FunctionChanges, ...]:
    """The functions of each benchmark that is worse or better and has them on both sides.

    Raises KbenchError where what is stored is damaged.
    """
    moved = {row.benchmark for row in changes if row.verdict in (Verdict.WORSE, Verdict.BETTER)}
    found = []
    for base, head in pairs:
        if base.name in moved:
            sides = kept(base), kept(head)
            if all(sides):
                found.append(between(base.name, *sides))
    return tuple(found)


def between(
    benchmark: str, base: Mapping[Function, int], head: Mapping[Function, int]
) -> FunctionChanges:
    """The functions that two events of a benchmark differ in."""
    delta = sum(head.values()) - sum(base.values())
    return FunctionChanges(benchmark, delta, functions(base, head))


def kept(benchmark: Benchmark) -> dict[Function, int]:
    """The functions that a run of the benchmark has stored; {} where none has."""
    for run in benchmark.good:
        if text := run.get(KEY):
            return {Function(*key): own for key, own in unpack(str(text)).items()}
    return {}
