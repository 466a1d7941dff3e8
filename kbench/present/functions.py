# SPDX-License-Identifier: MIT
"""Changed functions as a line of text: `exit.hlt +3: kvm_emulate_halt_noskip +3`."""

from collections.abc import Iterable, Iterator, Sequence

from kbench.explain.difference import FunctionChange
from kbench.judge.functions import FunctionChanges

SHOWN = 6
"""Functions that a line names; what is left is one sum, so that the line adds up."""


def lines(found: Iterable[FunctionChanges]) -> Iterator[str]:
    """A line for each benchmark."""
    for each in found:
        yield f"{each.benchmark} {text(each)}"


def text(found: FunctionChanges) -> str:
    """The difference, and the functions that it is made of; or why they are not known."""
    if found.reason:
        return f"by function: {found.reason}"
    return f"{found.delta:+,}: {listed(found.changes) or 'no function differs'}"


def listed(changes: Sequence[FunctionChange]) -> str:
    """`kvm_vcpu_ioctl +1, svm_vcpu_run -2 and 3 more +4`."""
    parts = [f"{change.function} {change.delta:+,}" for change in changes[:SHOWN]]
    rest = changes[SHOWN:]
    more = f" and {len(rest)} more {sum(change.delta for change in rest):+,}" if rest else ""
    return ", ".join(parts) + more
