# SPDX-License-Identifier: MIT
"""Two events side by side: the difference by function, and where in the calls it begins.

Both add up to the difference of the counts. A function is the same on both sides when its
name and module are; what the compiler made of it (`.constprop.0`, `.isra.0`, `.part.0`) may differ.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kbench.explain.explanation import Explanation
from kbench.explain.symbols import Function
from kbench.explain.tree import Node, by_function, folded

# gcc's clones of a function.
CLONE = re.compile(r"(\.(constprop|isra|part|cold|lto_priv)(\.\d+)?)+$")
ITSELF, ONLY_BASE, ONLY_HEAD = "itself", "no longer called", "called only here"


@dataclass(frozen=True)
class FunctionChange:
    """A function whose own instructions differ: how many on each side.

    clones: its names where the two sides call it otherwise.
    """

    function: str
    module: str
    base: int
    head: int
    clones: str = ""

    @property
    def delta(self) -> int:
        return self.head - self.base


@dataclass(frozen=True)
class PathChange:
    """Where the calls differ: at the end of `path`, callers first.

    what: ITSELF where both sides call it and its own instructions differ, else which side does.
    """

    path: tuple[Function, ...]
    what: str
    delta: int


@dataclass(frozen=True)
class MovedCode:
    """Code of one function that the other side has in another: as many instructions alike."""

    source: str
    target: str
    alike: int


def functions(
    base: Mapping[Function, int], head: Mapping[Function, int]
) -> tuple[FunctionChange, ...]:
    """The functions whose own instructions differ, the largest difference first."""
    sides = [_merged(side) for side in (base, head)]
    found = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        (one, before), (other, after) = (side.get(key, (0, "")) for side in sides)
        if one != other:
            clones = f"{before} -> {after}" if before != after and one and other else ""
            found.append(FunctionChange(key.name, key.module, one, other, clones))
    return tuple(sorted(found, key=lambda each: (-abs(each.delta), each.function)))


def paths(base: Sequence[Node], head: Sequence[Node]) -> tuple[PathChange, ...]:
    """Where the trees differ, in the order of the calls; deltas add up to that of the totals."""
    return tuple(_paths(base, head, ()))


def moves(base: Explanation, head: Explanation) -> tuple[MovedCode, ...]:
    """Functions that one side alone has, whose instructions another has more of there.

    Instructions are alike when their opcodes are: registers and addresses may differ.
    """
    found = []
    for gone, there in ((base, head), (head, base)):
        vanished = gone.executed.keys() - there.executed.keys()
        for function in sorted(vanished):
            code = gone.executed[function]
            best, alike = max(
                (
                    (other, ((there.executed[other] - gone.executed[other]) & code).total())
                    for other in sorted(there.executed.keys() & gone.executed.keys())
                ),
                key=lambda pair: pair[1],
                default=(function, 0),
            )
            if alike * 4 >= code.total() * 3:
                ends = (function.name, best.name)
                found.append(MovedCode(*(ends if gone is base else ends[::-1]), alike))
    return tuple(found)


def own(explanation: Explanation) -> Counter[Function]:
    """The instructions of each function itself."""
    return by_function(*explanation.roots)


def stem(function: Function) -> Function:
    """The function without what a compiler appended to its name."""
    return Function(CLONE.sub("", function.name), function.module)


def _merged(side: Mapping[Function, int]) -> dict[Function, tuple[int, str]]:
    """By stem: the instructions, and the names that were merged."""
    found: dict[Function, tuple[int, str]] = {}
    for function, number in side.items():
        total, names = found.get(stem(function), (0, ""))
        found[stem(function)] = total + number, f"{names}, {function.name}".removeprefix(", ")
    return found


def _paths(
    base: Sequence[Node], head: Sequence[Node], above: tuple[Function, ...]
) -> Iterator[PathChange]:
    one, other = _by_stem(base), _by_stem(head)
    for function in dict.fromkeys([*one, *other]):
        path = (*above, function)
        before, after = one.get(function), other.get(function)
        if before is None or after is None:
            total = (after.total if after else 0) - (before.total if before else 0)
            if total:
                yield PathChange(path, ONLY_HEAD if after else ONLY_BASE, total)
            continue
        if before.own != after.own:
            yield PathChange(path, ITSELF, after.own - before.own)
        yield from _paths(before.children, after.children, path)


def _by_stem(nodes: Sequence[Node]) -> dict[Function, Node]:
    """The nodes, one for each stem: a call and a tail call of one function are alike here."""
    groups: dict[Function, list[Node]] = {}
    for node in nodes:
        groups.setdefault(stem(node.function), []).append(node)
    found = {}
    for function, group in groups.items():
        children = folded(child for node in group for child in node.children)
        own = sum(node.own for node in group)
        found[function] = Node(function, group[0].how, own, children=children)
    return found
