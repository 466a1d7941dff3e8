# SPDX-License-Identifier: MIT
"""The sides in the lab, KVM variants or kernels: one run of each, compared exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from kbench.catalogue import select
from kbench.errors import KbenchError
from kbench.judge.compare import Comparison, Options, compare, identical
from kbench.kernels.debian import DEFAULT
from kbench.lab import labs
from kbench.lab.target import LabTarget
from kbench.record.writer import SuiteWriter
from kbench.session.ab.functions import named
from kbench.session.progress import progress_bar, say
from kbench.targets.options import RunOptions
from kbench.targets.target import RunOutcome


@dataclass(frozen=True)
class LabSide:
    """What one side measures: `label` is what the verdict calls it, `kernel` as find() takes it."""

    label: str
    kernel: str = DEFAULT
    variant: str = labs.STOCK


def lab_side(text: str, tree: str, kernel: str = DEFAULT) -> LabSide:
    """The side that `text` names: a commit of `tree` (DIR[,BASE]), a kernel, or a KVM variant
    for `kernel`.
    """
    if tree:
        directory, comma, base = tree.partition(",")
        return LabSide(text, f"tree:{directory}@{text}{comma}{base}")
    return LabSide(text, kernel=text) if ":" in text else LabSide(text, kernel, text)


def in_the_lab(
    sides: tuple[LabSide, LabSide],
    selectors: Sequence[str],
    options: Options,
    writers: Sequence[SuiteWriter],
    *,
    explain: bool = True,
    place: labs.LabPlace[Any] = labs,
) -> Comparison:
    """Measure both sides and compare; equal kernels with equal modules are not run at all.

    Labs run in `place`. Kernels that differ are compared, as that is what was asked for, and a
    note says so. With `explain`, the functions of what is worse are named, in labs made here.
    """
    console = Console(stderr=True)
    rows = select(list(selectors) or ["exit"])
    pair = [place.prepare(side.kernel, side.variant, say) for side in sides]
    labels = sides[0].label, sides[1].label
    if pair[0].kvm[1] == pair[1].kvm[1] and pair[0].identity == pair[1].identity:
        return identical(*labels, "the kernel, its modules and the guest images are the same")
    kernels = [lab.identity["kernel"] for lab in pair]
    notes = []
    if kernels[0] != kernels[1]:
        notes.append(f"the sides run different kernels: {kernels[0]} and {kernels[1]}")
        options = replace(options, across_kernels=True)
    outcomes = []
    for side, writer in zip(sides, writers, strict=True):
        say(f"measuring {side.label}")
        with progress_bar(console) as show:
            outcome = LabTarget(side.kernel, side.variant, report=say, place=place).measure(
                rows, RunOptions(), writer, progress=show
            )
        if outcome.failed:
            raise KbenchError(f"{side.label}: {'; '.join(outcome.failed.values())}")
        if not len(writer):
            reasons = "; ".join(outcome.skips())
            raise KbenchError(f"{side.label}: nothing could be measured: {reasons}")
        outcomes.append(outcome)
    notes += skips(labels, outcomes)
    base, head = (writer.suite() for writer in writers)
    found = compare(base, head, options)
    if explain:
        found = named(found, lambda: pair if place is labs else _prepared(sides))
    return replace(found, base=labels[0], head=labels[1], notes=(*notes, *found.notes))


def _prepared(sides: Sequence[LabSide]) -> list[labs.Lab]:
    return [labs.prepare(side.kernel, side.variant, say) for side in sides]


def skips(labels: tuple[str, str], outcomes: Sequence[RunOutcome]) -> list[str]:
    """A line for each reason to skip; of a side where the other could measure the benchmark."""
    base, head = (outcome.skipped for outcome in outcomes)
    both = {name: why for name, why in base.items() if head.get(name) == why}
    lines = RunOutcome(both).skips()
    for label, skipped in zip(labels, (base, head), strict=True):
        alone = {name: why for name, why in skipped.items() if name not in both}
        lines += [f"{label}: {line}" for line in RunOutcome(alone).skips()]
    return lines
