# SPDX-License-Identifier: MIT
"""A report's content in reading order: the answer, where, warnings, pictures, tables."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from altair.utils.schemapi import debug_mode

from kbench.present.table import Table
from kbench.report import changes, measured, tables
from kbench.report.charts import exits, history, percentiles, runs, stages, tradeoff, work
from kbench.report.content import Content, Picture, Section
from kbench.report.headline import headline, policies
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


def _content(model: Model) -> Content:
    found = changes.pairs(model)
    where, *others = measured.sections(model)
    names = ", ".join(source.label for source in model.sources)
    lab = any(place.lab for place in model.places)
    made = [
        where,
        *(section for section in others if not section.folded),
        _tradeoff(model),
        _section(model, "work", "What is left for the VMM", work.pictures, tables.work),
        *changes.sections(found),
        _section(model, "stages", "Stages", stages.pictures, tables.paths),
        _section(model, "exits", "Round trips", exits.pictures, tables.batches),
        _section(model, "percentiles", "Percentiles", percentiles.pictures, tables.figures),
        _history(model),
        _section(model, "runs", "Single runs", runs.pictures),
        *(section for section in others if section.folded),
        tables.glossary(),
    ]
    sections = tuple(section for section in made if section is not None)
    if lab:
        sections = (_with_note(sections[0]), *sections[1:])
    return Content(f"kbench report: {names}", headline(model, found), sections)


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


def _tradeoff(model: Model) -> Section | None:
    title = "What should an idle vCPU do?"
    made = _section(model, "tradeoff", title, tradeoff.pictures, tables.tradeoff)
    return made and replace(made, text=tuple(policies(model)))


def _history(model: Model) -> Section | None:
    drawn = tuple(history.pictures(model.histories))
    return Section(anchor="history", title="History", pictures=drawn) if drawn else None


def _unique(pictures: Sequence[Picture]) -> Iterator[Picture]:
    """The pictures under names of their own: two machines may have one backend."""
    seen: dict[str, int] = {}
    for picture in pictures:
        number = seen[picture.name] = seen.get(picture.name, 0) + 1
        yield picture if number == 1 else replace(picture, name=f"{picture.name}-{number}")


def _none(model: Model, place: Place) -> Sequence[Table]:
    return ()


def _with_note(section: Section) -> Section:
    return replace(section, notes=(LAB_NOTE,))
