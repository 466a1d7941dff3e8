# SPDX-License-Identifier: MIT
"""What exits are made of, as a page of Markdown: parts, then what differs between the sides."""

from collections.abc import Iterator, Mapping, Sequence

from kbench.explain.anatomy import PARTS, parts
from kbench.explain.difference import functions, own
from kbench.explain.explanation import Explanation
from kbench.present.functions import listed
from kbench.present.markdown import table_lines
from kbench.present.table import Table, figures, words
from kbench.units import NOT_TIMES

Events = Mapping[str, Explanation]
FOREWORD = """\
# What an exit is made of

Made by `kbench anatomy`: every instruction of a round trip from userspace to the guest and back,
in the lab, by function ([how](explain.md)). Each is in one part, so that a row adds up to the
exact count. Figures are instructions of an emulated machine with AMD's SVM.
{disclaimer}

Each exit is the p50 event of its benchmark. A part has what the functions it is named after do, and
all that they call, but for what is a part of its own:

"""

# The extension's functions have it in their names (ext/kvm/src).
OWN = "kvm_kbench_"
EXTENSION = "What the compiler inlined into KVM's own functions is not among them."


def page(sides: Sequence[Events]) -> str:
    """The page: the parts on each kernel, from kernel to kernel, and what variants of KVM add.

    The first side of a kernel is the one that its others, and other kernels', are held against.
    """
    kernels: dict[str, list[Events]] = {}
    for events in sides:
        kernels.setdefault(_any(events).kernel, []).append(events)
    first, *others = [group[0] for group in kernels.values()]
    lines = [FOREWORD.format(disclaimer=NOT_TIMES).rstrip(), ""]
    lines += [f"- **{part}**: {what}" for part, what in PARTS.items()]
    for events in (first, *others):
        lines += ["", f"## {name(events)}", "", *table_lines(shares(events))]
    for events in others:
        lines += ["", f"## {name(first)} to {name(events)}", ""]
        lines += [*table_lines(changes(first, events))]
    for base, *variants in kernels.values():
        if variants:
            lines += ["", f"## What variants of KVM add to {name(base)}", ""]
            lines += [*table_lines(additions(base, variants))]
    for events in sides:
        if (table := extension(events)).rows:
            lines += ["", f"## The extension's own functions: {name(events)}", "", EXTENSION, ""]
            lines += table_lines(table)
    return "\n".join(lines) + "\n"


def name(events: Events) -> str:
    """The kernel and the KVM of a side."""
    return f"Linux {_any(events).kernel}, KVM {_any(events).kvm}"


def _any(events: Events) -> Explanation:
    return next(iter(events.values()))


def shares(events: Events) -> Table:
    """A row for each exit: its count, and the instructions of each part."""
    rows = tuple(tuple(_row(benchmark, event)) for benchmark, event in events.items())
    return Table((*words("exit"), *figures("in all", *PARTS)), rows)


def _row(benchmark: str, event: Explanation) -> Iterator[str | int]:
    found = parts(event)
    yield benchmark
    yield event.count
    yield from (found[part] for part in PARTS)


def changes(base: Events, head: Events) -> Table:
    """A row for each exit: how many instructions more, and the functions that they are of."""
    rows = ((benchmark, *_change(base[benchmark], event)) for benchmark, event in head.items())
    return Table((*words("exit"), *figures("change"), *words("by function")), tuple(rows))


def additions(base: Events, variants: Sequence[Events]) -> Table:
    """A row for each variant and what it changes, with the exits that it changes so."""
    rows = []
    for events in variants:
        alike: dict[tuple[str, str], list[str]] = {}
        for benchmark, event in events.items():
            alike.setdefault(_change(base[benchmark], event), []).append(benchmark)
        rows += [(_any(events).kvm, *change, ", ".join(names)) for change, names in alike.items()]
    columns = (*words("KVM"), *figures("change"), *words("by function", "exits"))
    return Table(columns, tuple(rows))


def extension(events: Events) -> Table:
    """A row for each exit that executes functions of the extension: how much of it they are."""
    rows = []
    for benchmark, event in events.items():
        found = [(f.name, n) for f, n in own(event).most_common() if OWN in f.name]
        if found:
            texts = (f"{function} {number:,}" for function, number in found)
            rows.append((benchmark, event.count, sum(n for _, n in found), ", ".join(texts)))
    columns = (*words("exit"), *figures("in all", "the extension"), *words("by function"))
    return Table(columns, tuple(rows))


def _change(base: Explanation, head: Explanation) -> tuple[str, str]:
    found = functions(own(base), own(head))
    return f"{head.count - base.count:+,}", listed(found) or "none"
