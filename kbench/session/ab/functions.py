# SPDX-License-Identifier: MIT
"""Naming the functions of what is worse: both sides explained side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from kbench import programs
from kbench.errors import KbenchError
from kbench.explain.difference import own
from kbench.explain.explain import EventChoice, Explainer
from kbench.judge.compare import Comparison
from kbench.judge.functions import FunctionChanges, between
from kbench.judge.verdict import Verdict
from kbench.lab.labs import Lab
from kbench.session.progress import say

# Explaining takes some four times as long as measuring: of many that are worse, the worst.
MOST = 5


def named(comparison: Comparison, prepared: Callable[[], Sequence[Lab]]) -> Comparison:
    """The comparison with the functions of the benchmarks that are worse, at most MOST of them.

    They are explained in the labs of both sides that `prepared` makes where it is needed.
    """
    worse = [change for change in comparison.changes if change.verdict is Verdict.WORSE]
    ranked = sorted(worse, key=lambda change: -abs(change.mid))
    names = list(dict.fromkeys(change.benchmark for change in ranked))[:MOST]
    return replace(comparison, functions=explained(names, prepared())) if names else comparison


def explained(names: Sequence[str], labs: Sequence[Lab]) -> tuple[FunctionChanges, ...]:
    """The functions that each benchmark of `names` differs in, on the second lab against the first.

    What cannot be explained has its reason there instead.
    """
    try:
        programs.require("explain")
        explainers = [Explainer(lab, say) for lab in labs]
    except KbenchError as error:
        reason = str(error)
        return tuple(_without(name, reason) for name in names)
    with ThreadPoolExecutor(len(explainers)) as pool:
        return tuple(_changes(name, explainers, pool) for name in names)


def _changes(
    name: str, explainers: Sequence[Explainer], pool: ThreadPoolExecutor
) -> FunctionChanges:
    try:
        sides = list(pool.map(lambda each: own(each.explain(name, EventChoice())), explainers))
    except KbenchError as error:
        return _without(name, str(error))
    return between(name, *sides)


def _without(name: str, reason: str) -> FunctionChanges:
    return FunctionChanges(name, 0, reason=reason.splitlines()[0])
