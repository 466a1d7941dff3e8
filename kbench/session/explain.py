# SPDX-License-Identifier: MIT
"""What `kbench explain` does: the lab of each side made ready, and an event of it explained."""

from kbench import programs
from kbench.catalogue import find
from kbench.explain.explain import EventChoice, Explainer, Explanation
from kbench.lab import labs
from kbench.session.progress import say


def explain(benchmark: str, kernel: str, kvm: str, choice: EventChoice) -> Explanation:
    """Explain an event of `benchmark` on a kernel and a variant of KVM.

    Raises KbenchError for a benchmark that there is not, and as Explainer.explain() does.
    """
    row = find(benchmark)
    programs.require("lab", "explain")
    lab = labs.prepare(kernel, kvm, say)
    return Explainer(lab, say).explain(row.name, choice)
