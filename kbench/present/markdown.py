# SPDX-License-Identifier: MIT
"""Tables as GitHub-flavoured Markdown: for a repository and for a pull-request comment."""

import re
from collections.abc import Sequence

from kbench.present.table import Column, Table

# Names and warnings come from files: nothing in them may act as markup or mention anyone.
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~@&-])")


def table_lines(table: Table) -> list[str]:
    """The lines of a table, its title above it and its notes as a list below."""
    table = table.filled()
    title = [escape(table.title), ""] if table.title else []
    notes = ["", *(f"- {escape(note)}" for note in table.notes)] if table.notes else []
    rows = [[escape(cell) for cell in row] for row in table.texts()]
    return [*title, *grid_lines(table.columns, rows), *notes]


def grid_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of the columns and of rows whose cells are Markdown already."""
    rules = "|".join("---" if column.words else "--:" for column in columns)
    titles = " | ".join(escape(column.title) for column in columns)
    return [f"| {titles} |", f"|{rules}|", *(f"| {' | '.join(row)} |" for row in rows)]


def escape(text: str) -> str:
    """`text` so that Markdown shows it as it is."""
    return _MARKUP.sub(r"\\\1", text).replace("\\@", "@\u200b").replace("\\&", "&amp;")
