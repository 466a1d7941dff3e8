# SPDX-License-Identifier: MIT
"""A tree of calls on a terminal: total, self, calls, and the functions indented."""

from collections.abc import Iterator, Sequence

from kbench.explain.symbols import KERNEL
from kbench.explain.tree import CALL, TAIL, Node

COLUMNS = ("total", "self", "calls")
WIDTHS = (9, 8, 6)
MARKS = {CALL: "", TAIL: "> "}
LEGEND = "> was jumped to (a tail call); the kernel's own functions have no [module]"


def lines(
    roots: Sequence[Node], width: int, least: int = 0, depth: int | None = None
) -> Iterator[str]:
    """The trees, and what they add up to.

    Calls of fewer than `least` instructions are one line together, so that every level adds
    up; below `depth` nothing is shown. No line is longer than `width`.
    """
    yield _line(COLUMNS, "function", width)
    for root in roots:
        yield from _below(root, 0, width, least, depth)
    yield _line((sum(root.total for root in roots), "", ""), "in all", width)


def _below(node: Node, level: int, width: int, least: int, depth: int | None) -> Iterator[str]:
    indent = " " * level
    yield _line((node.total, node.own, node.calls), indent + name(node), width)
    if depth is not None and level >= depth:
        return
    small = [child for child in node.children if child.total < least]
    # A single one takes the line that tells of it.
    small = small if len(small) > 1 else []
    for child in node.children:
        if child not in small:
            yield from _below(child, level + 1, width, least, depth)
    if small:
        number = sum(child.calls for child in small)
        total = sum(child.total for child in small)
        yield _line((total, "", number), f"{indent} (smaller calls)", width)


def name(node: Node) -> str:
    """The function of a node, its module, and how it was entered."""
    how = MARKS.get(node.how, f"{node.how}: ")
    module = node.function.module
    if module in ("", KERNEL):
        return f"{how}{node.function.name}"
    if node.function.name == f"[{module}]":
        return node.function.name
    return f"{how}{node.function.name} [{module}]"


def _line(cells: Sequence[int | str], text: str, width: int) -> str:
    shown = (f"{cell:,}" if isinstance(cell, int) else cell for cell in cells)
    columns = "".join(f"{cell:>{room}}" for cell, room in zip(shown, WIDTHS, strict=True))
    line = f"{columns} {text}"
    return line if len(line) <= width else f"{line[: width - 3]}..."
