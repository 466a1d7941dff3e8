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


def page(sides: Sequence[Events]) -> str:
    """The page of several sides, the first of which the others are held against."""
    lines = [FOREWORD.format(disclaimer=NOT_TIMES).rstrip(), ""]
    lines += [f"- **{part}**: {what}" for part, what in PARTS.items()]
    for events in sides:
        lines += ["", f"## {name(events)}", "", *table_lines(shares(events))]
    for events in sides[1:]:
        lines += ["", f"## {name(sides[0])} to {name(events)}", ""]
        lines += [*table_lines(changes(sides[0], events))]
    return "\n".join(lines) + "\n"


def name(events: Events) -> str:
    """The kernel and the KVM of a side."""
    first = next(iter(events.values()))
    return f"Linux {first.kernel}, KVM {first.kvm}"


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
    rows = []
    for benchmark, event in head.items():
        before = base[benchmark]
        found = functions(own(before), own(event))
        delta = event.count - before.count
        rows.append((benchmark, f"{delta:+,}", listed(found) or "none"))
    return Table((*words("exit"), *figures("change"), *words("by function")), tuple(rows))
