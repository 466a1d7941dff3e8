# SPDX-License-Identifier: MIT
"""A report as GitHub-flavoured Markdown: for a repository and for a pull request."""

from collections.abc import Mapping

from kbench.present.markdown import escape, table_lines
from kbench.report.content import Content, Picture, Section


def to_markdown(content: Content, pictures: Mapping[str, list[str]] | None = None) -> str:
    """The report; `pictures` are the files of each picture by name, relative to the page."""
    lines = [f"# {escape(content.title)}", "", f"**{escape(content.headline)}**"]
    for section in content.sections:
        lines += ["", *_section(section, pictures or {})]
    return "\n".join(lines) + "\n"


def _section(section: Section, pictures: Mapping[str, list[str]]) -> list[str]:
    lines = [] if section.folded else [f"## {escape(section.title)}", ""]
    blocks = [[escape(text)] for text in section.text]
    blocks += [
        _picture(row, pictures[row.name]) for row in section.pictures if row.name in pictures
    ]
    blocks += [table_lines(table) for table in section.tables]
    if section.notes:
        blocks.append([f"- {escape(note)}" for note in section.notes])
    if not blocks:
        return []
    body = [line for block in blocks for line in (*block, "")][:-1]
    if not section.folded:
        return lines + body
    title = escape(section.title)
    return ["<details>", f"<summary>{title}</summary>", "", *body, "", "</details>"]


def _picture(picture: Picture, files: list[str]) -> list[str]:
    lines = [f"**{escape(picture.title)}**  ", escape(picture.caption), ""]
    return lines + [f"![{escape(picture.title)}](<{file}>)" for file in files]
