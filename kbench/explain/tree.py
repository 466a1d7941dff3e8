# SPDX-License-Identifier: MIT
"""A tree of calls with the instructions of each, and the same folded: each callee once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kbench.explain.symbols import Function

# How a call came about.
CALL, TAIL, SYSCALL, INTERRUPT, GUEST, THREAD = (
    "call", "tail call", "system call", "interrupt", "guest", "thread",
)  # fmt: skip


@dataclass(eq=False)
class Node:
    """Calls of a function from one place in the tree.

    own: its instructions without those of what it called. repeats: those of them that are
    turns of REP. children: what it called, in order.
    """

    function: Function
    how: str = CALL
    own: int = 0
    calls: int = 1
    repeats: int = 0
    children: list["Node"] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Its instructions with those of what it called."""
        return self.own + sum(child.total for child in self.children)


def folded(nodes: Iterable[Node]) -> list[Node]:
    """The nodes with one node for each function that is called in one way, the same below."""
    groups: dict[tuple[Function, str], list[Node]] = {}
    for node in nodes:
        groups.setdefault((node.function, node.how), []).append(node)
    return [
        Node(
            function,
            how,
            sum(node.own for node in group),
            sum(node.calls for node in group),
            sum(node.repeats for node in group),
            folded(child for node in group for child in node.children),
        )
        for (function, how), group in groups.items()
    ]


def walk(node: Node, path: tuple[Node, ...] = ()) -> Iterator[tuple[Node, ...]]:
    """The path to every node from `node` on, itself first, callers before callees."""
    path = (*path, node)
    yield path
    for child in node.children:
        yield from walk(child, path)


def by_function(*roots: Node) -> Counter[Function]:
    """The instructions of each function itself."""
    found: Counter[Function] = Counter()
    for root in roots:
        for path in walk(root):
            found[path[-1].function] += path[-1].own
    return +found
