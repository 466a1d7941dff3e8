# SPDX-License-Identifier: MIT
"""Base against head: what kbench.judge says of the suites of a report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kbench.errors import KbenchError
from kbench.judge.compare import Comparison, compare
from kbench.judge.options import options
from kbench.judge.verdict import Verdict
from kbench.present.changes import footnotes, table
from kbench.present.table import Table
from kbench.report.content import Section
from kbench.report.model import Model, Place, SuiteFile


@dataclass(frozen=True, slots=True)
class Pair:
    """Two suites; `comparison` is None where `refusal` says why they cannot be compared."""

    base: SuiteFile
    head: SuiteFile
    comparison: Comparison | None
    refusal: str = ""


def pairs(model: Model) -> list[Pair]:
    """Each suite against the first one that has a benchmark of it, measured at the same place.

    Suites from different places are never compared, so they make no pair.
    """
    found = []
    for number, head in enumerate(model.sources):
        names = _measured(model, head)
        bases = (base for base in model.sources[:number] if _measured(model, base) & names)
        base = next(bases, None)
        if base is not None:
            found.append(_pair(base, head))
    return found


def _measured(model: Model, source: SuiteFile) -> set[tuple[Place, str]]:
    return {(entry.place, entry.name) for entry in model.entries if entry.source is source}


def _pair(base: SuiteFile, head: SuiteFile) -> Pair:
    try:
        return Pair(base, head, compare(base.suite, head.suite, options()))
    except KbenchError as error:
        return Pair(base, head, None, str(error))


def sections(found: Sequence[Pair]) -> list[Section]:
    """One section for each pair: differences, forest plot, table, footnotes."""
    from kbench.report.charts import forest

    made = []
    for number, pair in enumerate(found, 1):
        title = f"Changes from {pair.base.label} to {pair.head.label}"
        anchor = f"changes-{number}"
        if pair.comparison is None:
            text = f"Not compared: {pair.refusal}"
            made.append(Section(anchor=anchor, title=title, text=(text,)))
            continue
        drawn = forest.picture(pair.comparison, number, title)
        made.append(
            Section(
                anchor=anchor,
                title=title,
                text=(counted(pair.comparison),),
                pictures=(drawn,) if drawn else (),
                tables=tuple(_tables(pair.comparison)),
                notes=tuple(footnotes(pair.comparison)),
            )
        )
    return made


def _tables(comparison: Comparison) -> Iterator[Table]:
    """What changed or may have changed, then what is the same."""
    for title, same in (("Changed, or cannot tell", False), ("The same", True)):
        chosen = [c for c in comparison.changes if (c.verdict in (Verdict.SAME, None)) == same]
        if chosen:
            yield table(chosen, title, reference=same)


def counted(comparison: Comparison) -> str:
    """`2 worse, 40 same, 3 cannot tell`, over benchmarks and metrics."""
    verdicts = [change.verdict for change in comparison.changes if change.verdict]
    parts = [f"{verdicts.count(word)} {word}" for word in Verdict if word in verdicts]
    return ", ".join(parts) or "nothing judged"
