# SPDX-License-Identifier: MIT
"""A report as plain text of 72 columns, in ASCII: to paste into a mail to the kernel's lists."""

import textwrap
from collections.abc import Sequence

from kbench.report.content import Content, Section, Table

WIDTH = 72
_GAP = "  "


def to_text(content: Content) -> str:
    """The report without its pictures and without what is folded."""
    lines = [*wrapped(content.title), "", *wrapped(content.headline)]
    for section in content.sections:
        if section.folded or not (section.text or section.tables or section.notes):
            continue
        lines += ["", section.title, "-" * min(len(section.title), WIDTH), *_body(section)]
    return ascii_only("\n".join(lines)) + "\n"


def _body(section: Section) -> list[str]:
    lines: list[str] = []
    for text in section.text:
        lines += ["", *wrapped(text)]
    for table in (row for row in section.tables if not row.reference):
        lines += ["", *table_lines(table)]
    if section.notes:
        lines.append("")
        for note in section.notes:
            lines += wrapped(note, "* ")
    return lines[1:] if lines and not lines[0] else lines


def wrapped(text: str, bullet: str = "") -> list[str]:
    """`text` as lines of at most 72 columns, the first after `bullet`."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_on_hyphens=False,
    ) or [""]


def table_lines(table: Table) -> list[str]:
    """Aligned columns; optional ones go first when the line is too long, then words are cut."""
    title = wrapped(table.title) if table.title else []
    for name in table.optional:
        if _length(_widths(table)) <= WIDTH:
            break
        table = table.without(name)
    widths = _widths(table)
    while _length(widths) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    lines = [_line(row, widths, table.left) for row in (table.columns, *table.rows)]
    return [*title, lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _widths(table: Table) -> list[int]:
    return [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    cells = []
    for index, (text, width) in enumerate(zip(row, widths, strict=True)):
        text = text if len(text) <= width else text[: width - 1] + "~"
        cells.append(text.ljust(width) if index < left else text.rjust(width))
    return _GAP.join(cells).rstrip()


def ascii_only(text: str) -> str:
    """`text` with every character that ASCII lacks shown as one that it has."""
    plain = text.translate({0x2192: "->", 0xB1: "+-", 0xB5: "u", 0x2026: "...", 0x2013: "-"})
    return plain.encode("ascii", "replace").decode()
