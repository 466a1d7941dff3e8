# SPDX-License-Identifier: MIT
"""A report as plain text of 72 columns, in ASCII: to paste into a mail to the kernel's lists."""

from kbench.present.text import ascii_only, table_lines, wrapped
from kbench.report.content import Content, Section

WIDTH = 72
REFERENCE = ("conditions", "glossary")
"""Sections for looking things up."""


def to_text(content: Content) -> str:
    """The report without its pictures and without what is for reference."""
    lines = [*wrapped(content.title, WIDTH), "", *wrapped(content.headline, WIDTH)]
    for section in content.sections:
        if section.anchor in REFERENCE or not (section.text or section.tables or section.notes):
            continue
        lines += ["", section.title, "-" * min(len(section.title), WIDTH), *_body(section)]
    return ascii_only("\n".join(lines)) + "\n"


def _body(section: Section) -> list[str]:
    lines: list[str] = []
    for text in section.text:
        lines += ["", *wrapped(text, WIDTH)]
    for table in (row for row in section.tables if not row.reference):
        lines += ["", *table_lines(table, WIDTH, rule=True)]
    if section.notes:
        lines.append("")
        for note in section.notes:
            lines += wrapped(note, WIDTH, "* ")
    return lines[1:] if lines and not lines[0] else lines
