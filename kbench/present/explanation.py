# SPDX-License-Identifier: MIT
"""An explained event in its forms; docs/explain.md describes the JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kbench.explain.explanation import Explanation
from kbench.explain.tree import Node, by_function
from kbench.present import calltree, stacks
from kbench.present.output import Makers
from kbench.present.text import wrapped

VERSION = 1
SHARE = 100
"""Calls of less than one part in so many are shown together, unless asked for."""


def makers(
    explanation: Explanation, width: int, least: int | None = None, depth: int | None = None
) -> Makers:
    """The forms of an explanation; `least` and `depth` are for the tree on a terminal."""
    return {
        "table": lambda: text(explanation, width, least, depth),
        "json": lambda: json.dumps(data(explanation), indent=1) + "\n",
        "folded": lambda: stacks.folded(explanation),
        "speedscope": lambda: stacks.speedscope(explanation),
    }


def text(e: Explanation, width: int, least: int | None, depth: int | None) -> str:
    """Title, tree and notes; no line is longer than `width`."""
    shown = e.count // SHARE if least is None else least
    found = [*wrapped(title(e), width), ""]
    found += [*calltree.lines(e.roots, width, shown, depth), ""]
    for note in (*notes(e), calltree.LEGEND):
        found += wrapped(note, width)
    return "\n".join(found) + "\n"


def title(e: Explanation) -> str:
    """What was explained, and how many instructions it has."""
    return f"{e.title}: {e.count:,} instructions (KVM {e.kvm}, Linux {e.kernel})"


def notes(e: Explanation) -> Iterator[str]:
    """Which event it is of how many, and what is in no tree."""
    low, high = min(e.counts), max(e.counts)
    if low == high:
        yield f"all {len(e.counts)} events of the window have this count"
    else:
        yield f"event {e.number} of {len(e.counts)}, which have {low:,} to {high:,} instructions"
    if e.uncounted:
        yield (
            f"{e.uncounted} more began and were not completed (intercepted in the guest, or "
            "a page fault): they are not counted"
        )
    if repeats := sum(_repeats(root) for root in e.roots):
        yield f"{repeats} of them are turns of REP instructions"


def _repeats(node: Node) -> int:
    return node.repeats + sum(map(_repeats, node.children))


def data(e: Explanation) -> Mapping[str, Any]:
    """The explanation as JSON has it."""
    return {
        "version": VERSION,
        "benchmark": e.benchmark,
        "stages": e.stages,
        "lead": e.lead,
        "kvm": e.kvm,
        "kernel": e.kernel,
        "count": e.count,
        "event": e.number,
        "events": e.counts,
        "uncounted": e.uncounted,
        "tree": _nodes(e.roots),
        "functions": [
            {"function": function.name, "module": function.module, "self": own}
            for function, own in by_function(*e.roots).most_common()
        ],
    }


def _nodes(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    return [
        {
            "function": node.function.name,
            "module": node.function.module,
            "how": node.how,
            "calls": node.calls,
            "self": node.own,
            "total": node.total,
            "rep": node.repeats,
            "children": _nodes(node.children),
        }
        for node in nodes
    ]
