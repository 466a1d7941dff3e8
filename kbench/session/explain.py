# SPDX-License-Identifier: MIT
"""What `kbench explain` does: labs made ready, and an event of a benchmark in them explained."""

from collections.abc import Sequence
from pathlib import Path

from kbench import programs
from kbench.catalogue import find
from kbench.errors import KbenchError
from kbench.explain import plugin
from kbench.explain.difference import own
from kbench.explain.explain import EventChoice, Explainer
from kbench.explain.explanation import Explanation
from kbench.judge.compare import compare
from kbench.judge.functions import FunctionChanges, between, kept
from kbench.judge.options import options
from kbench.kernels.cache import silent
from kbench.lab import labs
from kbench.record.recording import Metadata
from kbench.session.ab.lab import LabSide
from kbench.session.progress import say
from kbench.suite.functions import KEY, pack
from kbench.suite.load import load


def explain(benchmark: str, side: LabSide, choice: EventChoice) -> Explanation:
    """Explain an event of `benchmark` on a kernel and a variant of KVM.

    Raises KbenchError for a word that is not one benchmark, and as Explainer.explain() does.
    """
    row = find(benchmark)
    labs.require_known(side.kernel, side.variant)
    programs.require("lab", "explain")
    plugin.built(say)  # what keeps it from compiling is told before a kernel is fetched
    lab = labs.prepare(side.kernel, side.variant, say)
    return Explainer(lab, say).explain(row.name, choice)


def other_side(side: LabSide, text: str) -> LabSide:
    """The side that `--against` names: another kernel, which has a colon, or a variant of KVM."""
    if ":" in text:
        return LabSide(text, kernel=text, variant=side.variant)
    return LabSide(text, kernel=side.kernel, variant=text)


def stored(lab: labs.Lab, benchmark: str) -> Metadata:
    """The functions of a benchmark's p50 event, for its run; {} where it cannot be explained.

    What has been measured is kept without them, and the reason is said.
    """
    try:
        found = Explainer(lab, silent).explain(benchmark, EventChoice())
    except KbenchError as error:
        say(f"{benchmark} is stored without functions: {str(error).splitlines()[0]}")
        return {}
    return {KEY: pack({(f.name, f.module): number for f, number in own(found).items()})}


def suites(words: Sequence[str]) -> bool:
    """Whether the words name two suites, and no benchmark.

    Raises KbenchError for a suite alone, and for any other number of words than one benchmark.
    """
    found = [word.endswith(".json") for word in words]
    if found not in ([False], [True, True]):
        raise KbenchError("explain takes one benchmark, or two suites")
    return all(found)


def stored_differences(base: str, head: str, *, force: bool) -> tuple[FunctionChanges, ...]:
    """What two suites have stored of the benchmarks that both hold, where it differs.

    Raises KbenchError where they cannot be compared, unless `force`, or have no functions in
    common.
    """
    one, other = load(Path(base)), load(Path(head))
    compare(one, other, options((), None, force))
    sides = [
        (row.name, kept(row), kept(other.benchmarks[row.name]))
        for row in one
        if row.name in other.benchmarks
    ]
    both = [(name, before, after) for name, before, after in sides if before and after]
    if not both:
        raise KbenchError(
            f"{base} and {head} store no functions of the same benchmark: "
            "kbench run --target lab --explain does"
        )
    found = (between(name, before, after) for name, before, after in both)
    return tuple(each for each in found if each.changes)
