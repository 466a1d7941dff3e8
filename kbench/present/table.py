# SPDX-License-Identifier: MIT
"""A table as data, before any form: typed columns, cells, footnotes, and what may be left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kbench.units import Figure

Cell = str | int | Figure | None
"""A Figure prints itself with its unit, an int with separators; None is a missing figure."""

GAP = 2
NARROWEST = 24
"""The columns that words keep at least, as far as they need them."""


@dataclass(frozen=True, slots=True)
class Column:
    """`words` stand to the left and may wrap at spaces; figures stand to the right and never do."""

    title: str
    words: bool = False


def words(*titles: str) -> tuple[Column, ...]:
    """Columns of words."""
    return tuple(Column(title, words=True) for title in titles)


def figures(*titles: str) -> tuple[Column, ...]:
    """Columns of figures."""
    return tuple(Column(title) for title in titles)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, a title above and notes below.

    `optional` are titles of columns that a narrow form leaves out, the first of them first. A
    `reference` is for looking things up: folded in a page, left out of a mail. `subject` is the
    benchmark that all of it is of: a page links what names that to the table.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    reference: bool = False
    subject: str = ""

    def without(self, *titles: str) -> "Table":
        """The table without these columns."""
        return self._only(
            [index for index, column in enumerate(self.columns) if column.title not in titles]
        )

    def filled(self) -> "Table":
        """The table without columns that are empty in every row; one without rows has none."""
        cells = enumerate(zip(*self.texts(), strict=True))
        return self._only([index for index, column in cells if set(column) - {"", "-"}])

    def fitted(self, width: int) -> "Table":
        """filled(), then without optional columns until what cannot wrap fits `width`."""
        table = self.filled()
        for title in self.optional:
            if table.least <= width:
                break
            table = table.without(title)
        return table

    @property
    def least(self) -> int:
        """The columns that lines take at least, where words are wrapped."""
        cells = zip([column.title for column in self.columns], *self.texts(), strict=True)
        widths = [
            narrowest(found) if column.words else max(map(len, found))
            for column, found in zip(self.columns, cells, strict=True)
        ]
        return sum(widths) + GAP * (len(widths) - 1)

    def texts(self) -> Iterator[tuple[str, ...]]:
        """The rows as people read them."""
        return (tuple(map(text, row)) for row in self.rows)

    def _only(self, keep: Sequence[int]) -> "Table":
        return replace(
            self,
            columns=tuple(self.columns[index] for index in keep),
            rows=tuple(tuple(row[index] for index in keep) for row in self.rows),
        )


def text(cell: Cell) -> str:
    """A cell as people read it; a figure that is not there is a dash."""
    match cell:
        case None:
            return "-"
        case Figure() | str():
            return str(cell)
    return f"{cell:,}"


def narrowest(cells: Sequence[str]) -> int:
    """The columns that words need: those of the longest one, NARROWEST, or of the longest cell."""
    return max(longest_word(cells), min(NARROWEST, max(map(len, cells))))


def longest_word(cells: Sequence[str]) -> int:
    """The length of the longest word in any of `cells`."""
    return max((len(word) for cell in cells for word in cell.split()), default=0)
