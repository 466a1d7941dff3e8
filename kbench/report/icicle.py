# SPDX-License-Identifier: MIT
"""A tree of calls as an icicle: a box is as wide as its instructions, callees below callers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbench.explain.difference import stem
from kbench.explain.symbols import Function
from kbench.explain.tree import Node
from kbench.present.calltree import name
from kbench.report.theme import series_role

WIDTH, ROW, CHARACTER = 1200, 18, 6.2
NARROWEST = 0.4  # a narrower box cannot be seen; its caller's shows its instructions
SAME = "same"


@dataclass(frozen=True)
class Box:
    """A rectangle of the icicle: place, colour by role, its text, and what it says in full."""

    x: float
    y: int
    width: float
    role: str
    text: str
    tip: str


@dataclass(frozen=True)
class Icicle:
    """An icicle: its boxes, and its height."""

    title: str
    boxes: tuple[Box, ...]
    height: int


def icicle(
    title: str, roots: Sequence[Node], whole: int, roles: Mapping[Function, str] | None = None
) -> Icicle:
    """The boxes of `roots`, where `whole` instructions are as wide as the picture.

    roles: colours by stem(function); by module where there are none.
    """
    modules = roles_of(roots)

    def role(node: Node) -> str:
        if roles is None:
            return modules[node.function.module]
        return roles.get(stem(node.function), SAME)

    def boxes(nodes: Sequence[Node], start: float, level: int) -> Iterator[Box]:
        for node in nodes:
            width = node.total * WIDTH / max(whole, 1)
            if width >= NARROWEST:
                tip = f"{name(node)}: {node.total:,} with callees, {node.own:,} itself"
                tip += f", {node.calls:,} calls" if node.calls > 1 else ""
                room = int((width - 4) / CHARACTER)
                shown = name(node)[:room] if room > 2 else ""
                yield Box(start, level * ROW, width, role(node), shown, tip)
                yield from boxes(node.children, start, level + 1)
            start += width

    found = tuple(boxes(roots, 0.0, 0))
    return Icicle(title, found, max((box.y for box in found), default=0) + ROW)


def roles_of(roots: Sequence[Node]) -> dict[str, str]:
    """A colour for each module, in the order of their appearance."""
    found: dict[str, str] = {}

    def visit(nodes: Sequence[Node]) -> None:
        for node in nodes:
            found.setdefault(node.function.module, series_role(len(found)))
            visit(node.children)

    visit(roots)
    return found
