# SPDX-License-Identifier: MIT
"""The sides in the lab: one run of each KVM variant, compared exactly."""

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from kbench.catalogue import select
from kbench.errors import KbenchError
from kbench.judge.compare import Comparison, Options, compare, identical
from kbench.kernels.debian import DEFAULT
from kbench.lab import labs
from kbench.lab.target import LabTarget
from kbench.record.writer import SuiteWriter
from kbench.session.progress import progress_bar, say
from kbench.targets.options import RunOptions


def in_the_lab(
    variants: tuple[str, str],
    selectors: Sequence[str],
    options: Options,
    writers: Sequence[SuiteWriter],
) -> Comparison:
    """Measure `variants` of the KVM modules and compare; equal modules are not run at all."""
    console = Console(stderr=True)
    rows = select(list(selectors) or ["exit"])
    pair = [labs.prepare(DEFAULT, variant, say) for variant in variants]
    if pair[0].kvm[1] == pair[1].kvm[1] and pair[0].identity == pair[1].identity:
        return identical(*variants, "modules, guest images and the lab machine are the same")
    notes = []
    for variant, writer in zip(variants, writers, strict=True):
        with progress_bar(console) as show:
            outcome = LabTarget(variant=variant, report=say).measure(
                rows, RunOptions(), writer, progress=show
            )
        if outcome.failed:
            raise KbenchError(f"{variant}: {'; '.join(outcome.failed.values())}")
        notes += [f"skipped {name} ({variant}): {why}" for name, why in outcome.skipped.items()]
        if not len(writer):
            raise KbenchError(f"{variant}: nothing could be measured: {'; '.join(notes)}")
    base, head = (writer.suite() for writer in writers)
    found = compare(base, head, options)
    return replace(found, base=variants[0], head=variants[1], notes=(*notes, *found.notes))
