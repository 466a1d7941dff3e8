# SPDX-License-Identifier: MIT
"""What `kbench anatomy` does: the same exits explained on several labs."""

from collections.abc import Sequence
from dataclasses import dataclass

from kbench import programs
from kbench.catalogue import find, select
from kbench.explain.explain import EventChoice, Explainer
from kbench.explain.explanation import Explanation
from kbench.lab import labs
from kbench.session.ab.lab import LabSide
from kbench.session.progress import say

# The first rows of family exit are those that any KVM and any mode of the CPU has.
EXITS = 10
# What a variant adds is the same on most exits: where it is held against another one, these do.
COMPARED = ("exit.pio_out", "exit.mmio_read", "exit.hlt", "exit.irq_window")


@dataclass(frozen=True)
class Dissection:
    """The events of a kernel and a variant of KVM, by benchmark."""

    side: LabSide
    explanations: dict[str, Explanation]


def dissect(
    kernels: Sequence[str], variants: Sequence[str], names: Sequence[str]
) -> list[Dissection]:
    """The benchmarks `names` on each kernel with each variant of KVM.

    Without names it is ten exits with the first variant, and COMPARED with the others. Raises
    KbenchError where one of them cannot be explained.
    """
    given = [find(name).name for name in names]
    ten = [row.name for row in select(["exit"])[:EXITS]]
    programs.require("lab", "explain")
    found = []
    for kernel in kernels:
        for number, variant in enumerate(variants):
            rows = given or (COMPARED if number else ten)
            say(f"explaining {len(rows)} benchmarks (KVM {variant}, kernel {kernel})")
            explainer = Explainer(labs.prepare(kernel, variant, say), say)
            explained = {row: explainer.explain(row, EventChoice()) for row in rows}
            found.append(Dissection(LabSide(kernel, kernel, variant), explained))
    return found
