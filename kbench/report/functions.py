# SPDX-License-Identifier: MIT
"""Which functions a benchmark's instructions are of, where `kbench run --explain` stored them."""

from collections.abc import Iterator, Mapping

from kbench.explain.symbols import Function
from kbench.judge.functions import kept
from kbench.present.difference import label
from kbench.present.table import Table, figures, words
from kbench.report.content import Section
from kbench.report.model import Entry, Model

SHOWN = 20
"""Functions that a table names, the largest; what is left is one row, so that it adds up."""
TEXT = (
    "Which functions the instructions of each benchmark's p50 event are of, as kbench run "
    "--explain stored them. kbench explain BENCHMARK shows the calls."
)


def section(model: Model) -> Section | None:
    """A table for each benchmark that has its functions, suites beside each other; None where
    none has.
    """
    tables = tuple(_tables(model))
    if not tables:
        return None
    return Section(
        anchor="functions", title="By function", text=(TEXT,), tables=tables, folded=True
    )


def _tables(model: Model) -> Iterator[Table]:
    several = len({entry.source.index for entry in model.entries}) > 1
    order = list(dict.fromkeys(entry.name for entry in model.entries))
    for entry in sorted(model.entries, key=lambda entry: order.index(entry.name)):
        if found := kept(entry.benchmark):
            yield _table(entry, found, f", {entry.source.label}" if several else "")


def _table(entry: Entry, found: Mapping[Function, int], suite: str) -> Table:
    total = sum(found.values())
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    rows = [(own, label(function)) for function, own in ranked[:SHOWN]]
    if rest := ranked[SHOWN:]:
        rows.append((sum(own for _, own in rest), f"{len(rest)} others"))
    rows.append((total, "in all"))
    return Table(
        columns=(*words("function"), *figures("instructions", "share")),
        rows=tuple((name, own, f"{own / total:.1%}") for own, name in rows),
        title=f"{entry.name}{suite}, {entry.place.title}: {total:,} instructions",
        reference=True,
        subject=entry.name,
    )
