# SPDX-License-Identifier: MIT
"""Two explained events side by side: what differs by function, and where in the calls."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kbench.explain.difference import (
    FunctionChange,
    MovedCode,
    PathChange,
    functions,
    moves,
    own,
    paths,
)
from kbench.explain.explanation import Explanation
from kbench.explain.symbols import KERNEL, Function
from kbench.judge.functions import FunctionChanges
from kbench.present.output import Makers
from kbench.present.table import Table, figures, words
from kbench.present.text import table_lines, wrapped

VERSION = 1
CALLERS = 3
"""The functions of a path that are named, the last of them where the change is."""


def makers(base: Explanation, head: Explanation, width: int) -> Makers:
    """The forms of a difference."""
    return {
        "table": lambda: text(base, head, width),
        "json": lambda: json.dumps(data(base, head), indent=1) + "\n",
    }


def stored_makers(found: Sequence[FunctionChanges], width: int) -> Makers:
    """The forms of what two suites have stored."""
    return {"table": lambda: stored(found, width)}


def text(base: Explanation, head: Explanation, width: int) -> str:
    """Both sides, the table by function, the table by call; each ends with the same sum."""
    lines = [
        *wrapped(f"base {side(base)}", width),
        *wrapped(f"head {side(head)}", width),
        "",
    ]
    if own(base) == own(head) and base.count == head.count:
        return "\n".join([*lines, f"{base.title}: no function differs"]) + "\n"
    for table in tables(base, head):
        lines += [*table_lines(table, width), ""]
    lines += [line for move in moved(base, head) for line in wrapped(move, width)]
    return "\n".join(lines).rstrip("\n") + "\n"


def tables(base: Explanation, head: Explanation) -> list[Table]:
    """The differences by function, and by place in the calls; each ends with the same sum."""
    delta = f"{head.count - base.count:+,}"
    changes = functions(own(base), own(head))
    return [
        function_table(changes, base.title, delta),
        Table(
            (*figures("change"), *words("where it begins", "")),
            (
                *((f"{p.delta:+,}", place(p), p.what) for p in paths(base.roots, head.roots)),
                (delta, "in all", ""),
            ),
            "by call",
        ),
    ]


def stored(found: Sequence[FunctionChanges], width: int) -> str:
    """The functions that two suites have stored and that differ, by benchmark."""
    lines = []
    for each in found:
        table = function_table(each.changes, each.benchmark, f"{each.delta:+,}")
        lines += [*table_lines(table, width), ""]
    return "\n".join(lines).rstrip("\n") + "\n" if lines else "no function differs\n"


def function_table(changes: Sequence[FunctionChange], title: str, delta: str) -> Table:
    """The functions that differ; the last row is their sum."""
    rows = tuple(
        (c.base, c.head, f"{c.delta:+,}", label(Function(c.function, c.module)), c.clones)
        for c in changes
    )
    return Table(
        (*figures("base", "head", "change"), *words("function", "compiled as")),
        (*rows, ("", "", delta, "in all", "")),
        f"{title}: {delta} instructions, by function",
    )


def side(explanation: Explanation) -> str:
    """What one side is."""
    e = explanation
    return f"{e.count:,} instructions (KVM {e.kvm}, Linux {e.kernel}, event {e.number})"


def label(function: Function) -> str:
    """A function, with its module if it is none of the kernel's own."""
    if function.module in ("", KERNEL) or function.name == f"[{function.module}]":
        return function.name
    return f"{function.name} [{function.module}]"


def place(change: PathChange) -> str:
    """The end of the path: the callers, then where the change is."""
    named = [label(function) for function in change.path[-CALLERS:]]
    dots = ["..."] if len(change.path) > CALLERS else []
    return " > ".join([*dots, *named])


def moved(base: Explanation, head: Explanation) -> Iterator[str]:
    """A sentence for each function whose code the other side has in another."""
    for move in moves(base, head):
        yield _moved(move)


def _moved(move: MovedCode) -> str:
    return (
        f"moved: {move.alike} instructions of {move.source} in base are like those that "
        f"{move.target} has more of in head"
    )


def data(base: Explanation, head: Explanation) -> Mapping[str, Any]:
    """The difference as JSON has it."""
    return {
        "version": VERSION,
        "benchmark": base.benchmark,
        "base": {"kvm": base.kvm, "kernel": base.kernel, "count": base.count},
        "head": {"kvm": head.kvm, "kernel": head.kernel, "count": head.count},
        "delta": head.count - base.count,
        "functions": [
            {
                "function": change.function,
                "module": change.module,
                "base": change.base,
                "head": change.head,
                "clones": change.clones,
            }
            for change in functions(own(base), own(head))
        ],
        "paths": [
            {
                "path": [label(function) for function in change.path],
                "what": change.what,
                "delta": change.delta,
            }
            for change in paths(base.roots, head.roots)
        ],
        "moves": [
            {"source": move.source, "target": move.target, "alike": move.alike}
            for move in moves(base, head)
        ],
    }
