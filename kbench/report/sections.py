# SPDX-License-Identifier: MIT
"""A report's content in reading order: the answer, what supports it, and folded references."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from altair.utils.schemapi import debug_mode

from kbench.present import outliers
from kbench.present.table import Table
from kbench.report import changes, functions, lengths, measured, tables
from kbench.report.charts import exits, history, length, percentiles, runs, stages, tradeoff, work
from kbench.report.content import Content, Picture, Section
from kbench.report.headline import headline, is_verdict, leading_place, policies
from kbench.report.model import Model, Place
from kbench.units import LAB_NOTE

Pictures = Callable[[Model, Place], Sequence[Picture]]
Tables = Callable[[Model, Place], Sequence[Table]]


def content(model: Model) -> Content:
    """The whole report. Raises KbenchError for a histogram that cannot be read."""
    # Charts are declared in this package and tested by drawing them: altair would validate
    # each part of each, rows of data included, against its JSON schema for seconds.
    with debug_mode(False):
        return _content(model)


LENGTH = "Wake-ups by the length of the idle period"
SAID_IN = {"tradeoff": ("idle",), "work": ("work",), "exits": ("exit", "inkernel", "floor")}
"""The families whose warnings stand in a section; those of others stand with the percentiles."""


def _content(model: Model) -> Content:
    found = changes.pairs(model)
    answer, *elsewhere = _tradeoff(model)
    judged = changes.sections(found)
    first = [*judged, answer] if is_verdict(model, found) else [answer, *judged]
    made = [
        *first,
        _section(model, "work", "What is left for the VMM", work.pictures, tables.work),
        *elsewhere,
        _outliers(model),
        _folded(_section(model, "idle-length", LENGTH, length.pictures, lengths.tables)),
        _by_kernel(model),
        _section(model, "exits", "Round trips", exits.pictures, tables.batches),
        _history(model),
        _folded(_section(model, "stages", "Stages", stages.pictures, tables.paths)),
        _folded(
            _section(model, "percentiles", "Percentiles", percentiles.pictures, tables.figures)
        ),
        functions.section(model),
        _folded(_section(model, "runs", "Single runs", runs.pictures)),
        *measured.sections(model),
        tables.glossary(),
    ]
    sections = list(_with_notes(model, [section for section in made if section is not None]))
    if any(place.lab for place in model.places):
        others = (note for note in sections[0].notes if note != LAB_NOTE)
        sections[0] = replace(sections[0], notes=(LAB_NOTE, *others))
    names = ", ".join(source.label for source in model.sources)
    return Content(f"kbench report: {names}", headline(model, found), tuple(sections))


def _with_notes(model: Model, sections: Sequence[Section]) -> Iterator[Section]:
    """Each family's warnings in one section, where they change the reading."""
    there = {section.anchor for section in sections}
    said = {anchor: names for anchor, names in SAID_IN.items() if anchor in there}
    taken = {name for names in said.values() for name in names}
    families = {family for place in model.places for family in model.families(place)}
    said["percentiles"] = tuple(sorted(families - taken))
    for section in sections:
        notes = measured.notes(model, said.get(section.anchor, ()))
        yield replace(section, notes=(*section.notes, *notes))


def _section(
    model: Model, anchor: str, title: str, draw: Pictures, tabulate: Tables | None = None
) -> Section | None:
    """Pictures and tables of all places; None where there is nothing to show."""
    drawn = [picture for place in model.places for picture in draw(model, place)]
    pictures = tuple(_unique(drawn))
    rows = tuple(table for place in model.places for table in (tabulate or _none)(model, place))
    if not pictures and not rows:
        return None
    return Section(anchor=anchor, title=title, pictures=pictures, tables=rows)


def _tradeoff(model: Model) -> list[Section | None]:
    """The answer: one picture and one table; then those of other places, folded."""
    title = "What should an idle vCPU do?"
    leading = leading_place(model)
    whole = _section(model, "tradeoff", title, tradeoff.pictures, tables.tradeoff)
    if whole is None or leading is None:
        return [None]
    own = [picture for picture in whole.pictures if picture.name == f"tradeoff-{leading.slug}"][:1]
    shown = tables.tradeoff(model, leading, newest=True)[:1]
    others = [picture for picture in whole.pictures if picture not in own]
    rest = [table for table in whole.tables if table not in shown]
    answer = replace(whole, pictures=tuple(own), tables=tuple(shown))
    if not others and not rest:
        return [answer]
    return [
        answer,
        Section(
            anchor="tradeoff-others",
            title="Idle policies under other patterns, and elsewhere",
            text=tuple(policies(model)),
            pictures=tuple(others),
            tables=tuple(rest),
            folded=True,
        ),
    ]


def _folded(section: Section | None) -> Section | None:
    return section and replace(section, folded=True)


def _by_kernel(model: Model) -> Section | None:
    drawn = tuple(exits.by_kernel(model))
    return Section(anchor="kernels", title="Kernels", pictures=drawn) if drawn else None


def _outliers(model: Model) -> Section | None:
    several = len(model.sources) > 1
    found = tuple(
        replace(table, title=": ".join(filter(None, (source.label, table.title))))
        if several
        else table
        for source in model.sources
        for table in outliers.tables([e.summary for e in model.entries if e.source is source])
    )
    title = "Round trips beyond --stop-above"
    return Section(anchor="outliers", title=title, tables=found) if found else None


def _history(model: Model) -> Section | None:
    drawn = tuple(history.pictures(model.histories))
    text = (history.summary(model.histories),)
    if not any(len(series.points) > 1 for series in model.histories):
        return None
    return Section(anchor="history", title="History", text=text, pictures=drawn)


def _unique(pictures: Sequence[Picture]) -> Iterator[Picture]:
    """The pictures under names of their own: two machines may have one backend."""
    seen: dict[str, int] = {}
    for picture in pictures:
        number = seen[picture.name] = seen.get(picture.name, 0) + 1
        yield picture if number == 1 else replace(picture, name=f"{picture.name}-{number}")


def _none(model: Model, place: Place) -> Sequence[Table]:
    return ()
