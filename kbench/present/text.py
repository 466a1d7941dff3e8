# SPDX-License-Identifier: MIT
"""Aligned columns and wrapped paragraphs, for a terminal, a pipe, a log and a mail.

Nothing is cut: columns that a table can do without go first, then words wrap at spaces, then
the first cell of a row gets a line of its own. A word is broken where it is longer than a line.
"""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from kbench.present.table import GAP, Column, Table, longest_word, narrowest

STACKED = 4
"""The indent of a row's other cells where its first one has a line of its own."""


def table_lines(table: Table, width: int, *, rule: bool = False) -> list[str]:
    """The lines of `table`: its title, the columns, with `rule` a line below them, rows, notes."""
    lines = wrapped(table.title, width) if table.title else []
    lines += grid_lines(table, width, rule=rule)
    for note in table.notes:
        lines += wrapped(note, width)
    return lines


def grid_lines(table: Table, width: int, *, rule: bool = False) -> list[str]:
    """The lines of the columns and rows alone."""
    table = table.fitted(width)
    if not table.columns:
        return []
    titles = tuple(column.title for column in table.columns)
    rows = [titles, *table.texts()]
    widths = _widths(table.columns, rows, width)
    if _length(widths) > width and len(widths) > 1:
        lines = [line for row in rows for line in _stacked(row, table.columns, rows, width)]
        head = 2
    else:
        lines = [line for row in rows for line in _line(row, widths, table.columns)]
        head = len(_line(titles, widths, table.columns))
    ruled = ["-" * max(map(len, lines))] if rule else []
    return [*map(_inert, lines[:head]), *ruled, *map(_inert, lines[head:])]


def wrapped(text: str, width: int, bullet: str = "") -> list[str]:
    """`text` as lines of at most `width` columns, the first after `bullet`."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_on_hyphens=False,
    ) or [""]


def ascii_only(text: str) -> str:
    """`text` with every character that ASCII lacks shown as one that it has."""
    plain = text.translate({0x2192: "->", 0xB1: "+-", 0xB5: "u", 0x2026: "...", 0x2013: "-"})
    return plain.encode("ascii", "replace").decode()


def _widths(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int, *, first: bool = True
) -> list[int]:
    """The width of each column; the widest words are narrowed until a line fits, if they can.

    They keep NARROWEST columns first, and their longest word where that does not do. Where
    they hold the `first` cells of rows, the words of the first column are never broken.
    """
    cells = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in cells]
    for needed in (narrowest, longest_word):
        least = []
        for index, (column, kind) in enumerate(zip(cells, columns, strict=True)):
            whole = needed(column)
            broken = whole if first and not index else min(whole, width // 2)
            least.append(broken if kind.words else widths[index])
        while _length(widths) > width:
            free = [index for index, wide in enumerate(widths) if wide > least[index]]
            if not free:
                break
            widths[max(free, key=lambda index: widths[index])] -= 1
    return widths


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _line(row: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> list[str]:
    """One row, of several lines where words wrap."""
    parts = [
        wrapped(cell, wide) if column.words else [cell]
        for cell, wide, column in zip(row, widths, columns, strict=True)
    ]
    return [
        (" " * GAP)
        .join(
            cell.ljust(wide) if column.words else cell.rjust(wide)
            for cell, wide, column in zip(cells, widths, columns, strict=True)
        )
        .rstrip()
        for cells in zip_longest(*parts, fillvalue="")
    ]


def _stacked(
    row: Sequence[str], columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int
) -> Iterator[str]:
    """One row with its first cell on a line of its own."""
    rest = [cells[1:] for cells in rows]
    widths = _widths(columns[1:], rest, width - STACKED, first=False)
    yield from wrapped(row[0], width)
    indent = " " * STACKED
    for line in _line(row[1:], widths, columns[1:]):
        yield from [indent + line] if len(line) <= width - STACKED else wrapped(line, width, indent)


def _inert(line: str) -> str:
    """A line that GitHub Actions would take for a workflow command, quoted."""
    return f"'{line}" if line.lstrip().startswith("::") else line
