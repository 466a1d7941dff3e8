# SPDX-License-Identifier: MIT
"""A report as plain text of 72 columns, in ASCII: to paste into a mail to the kernel's lists."""

import textwrap
from collections.abc import Sequence

from kbench.report.content import Content, Section, Table

WIDTH = 72
_GAP = 2


def to_text(content: Content) -> str:
    """The report without its pictures and without what is folded."""
    lines = [*_wrapped(content.title), "", *_wrapped(content.headline)]
    for section in content.sections:
        if section.folded or not (section.text or section.tables or section.notes):
            continue
        lines += ["", section.title, "-" * min(len(section.title), WIDTH), *_body(section)]
    return ascii_only("\n".join(lines)) + "\n"


def _body(section: Section) -> list[str]:
    lines: list[str] = []
    for text in section.text:
        lines += ["", *_wrapped(text)]
    for table in (row for row in section.tables if not row.reference):
        lines += ["", *_table(table)]
    if section.notes:
        lines.append("")
        for note in section.notes:
            lines += _wrapped(note, "* ")
    return lines[1:] if lines and not lines[0] else lines


def _wrapped(text: str, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet)
    ) or [""]


def _table(table: Table) -> list[str]:
    """Aligned columns; optional ones go first when the line is too long, then words are cut."""
    keep = list(range(len(table.columns)))
    rows = [table.columns, *table.rows]
    for name in table.optional:
        if _width(rows, keep) <= WIDTH:
            break
        keep = [index for index in keep if table.columns[index] != name]
    widths = _widths(rows, keep)
    excess = sum(widths) + _GAP * (len(widths) - 1) - WIDTH
    while excess > 0:
        widest = widths.index(max(widths))
        widths[widest] -= 1
        excess -= 1
    lines = [_line(row, keep, widths, table.left) for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return [*(_wrapped(table.title) if table.title else []), *lines]


def _widths(rows: Sequence[Sequence[str]], keep: Sequence[int]) -> list[int]:
    return [max(len(row[index]) for row in rows) for index in keep]


def _width(rows: Sequence[Sequence[str]], keep: Sequence[int]) -> int:
    widths = _widths(rows, keep)
    return sum(widths) + _GAP * (len(widths) - 1)


def _line(row: Sequence[str], keep: Sequence[int], widths: Sequence[int], left: int) -> str:
    cells = []
    for index, width in zip(keep, widths, strict=True):
        text = row[index] if len(row[index]) <= width else row[index][: max(width - 1, 0)] + "~"
        cells.append(text.ljust(width) if index < left else text.rjust(width))
    return (" " * _GAP).join(cells).rstrip()


def ascii_only(text: str) -> str:
    """`text` with every character that ASCII lacks shown as one that it has."""
    plain = text.translate({0x2192: "->", 0xB1: "+-", 0xB5: "u", 0x2026: "...", 0x2013: "-"})
    return plain.encode("ascii", "replace").decode()
