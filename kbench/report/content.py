# SPDX-License-Identifier: MIT
"""What a report consists of, free of any output format.

All texts are plain: renderers escape them. Names, titles, labels and warnings come out
of suites and are untrusted.
"""

from dataclasses import dataclass, field
from typing import Any

from kbench.present.table import Table

COLUMNS = 3
"""Panels beside each other in a file; in a page its width says how many."""


@dataclass(frozen=True, init=False, slots=True)
class View:
    """One drawing of a picture, shown when all its `options` are chosen.

    `panels` are its altair charts: beside each other where a page is wide enough.
    """

    options: tuple[str, ...]
    panels: tuple[Any, ...] = field(repr=False)

    def __init__(self, options: tuple[str, ...], *panels: Any) -> None:
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "panels", panels)

    @property
    def chart(self) -> Any:
        """All panels as one chart, for a file."""
        if len(self.panels) == 1:
            return self.panels[0]
        import altair

        return altair.concat(*self.panels, columns=COLUMNS, spacing=24)


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a picture's legend: its text and the role of its colour in the theme."""

    label: str
    role: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart in one or more views.

    `name` is safe as part of a file name. `choices` are the groups of options, by title,
    that select a view ("scale": log, linear); the first option of each is the default.
    """

    name: str
    title: str
    caption: str
    views: tuple[View, ...]
    legend: tuple[Key, ...] = ()
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def still(self) -> dict[str, View]:
        """The views by what is left of their options where no scale can be chosen."""
        groups = list(self.choices)
        found: dict[str, View] = {}
        for view in self.views:
            chosen = dict(zip(groups, view.options, strict=True))
            chosen.pop("scale", None)
            found.setdefault("-".join(chosen.values()), view)
        return found


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with text, pictures and tables; `folded` is for reference, not for reading."""

    anchor: str
    title: str
    text: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """A whole report: the answer in at most three sentences, then the sections in reading order."""

    title: str
    headline: str
    sections: tuple[Section, ...]
