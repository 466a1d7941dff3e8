# SPDX-License-Identifier: MIT
"""The answers as text: for each suite where it was measured, its tables and its sentences."""

from collections.abc import Iterator, Sequence

from kbench.answers.measured import Unsupported
from kbench.answers.sentences import QUESTIONS
from kbench.answers.tables import tables
from kbench.present.markdown import escape
from kbench.present.markdown import table_lines as markdown_table
from kbench.present.text import table_lines, wrapped
from kbench.suite.suite import Suite
from kbench.suite.summary import summarize
from kbench.units import LAB_NOTE


def to_text(suites: Sequence[Suite], width: int) -> str:
    """Lines of at most `width` columns."""
    lines: list[str] = []
    for suite in suites:
        lines += wrapped(_where(suite), width)
        for table in tables(suite):
            lines += ["", *table_lines(table, width)]
        lines.append("")
        for question, answer in _answers(suite):
            lines += wrapped(f"{question}: {answer}", width)
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def to_markdown(suites: Sequence[Suite]) -> str:
    """The same for a page or a summary of CI."""
    lines: list[str] = []
    for suite in suites:
        lines += [f"**{escape(_where(suite))}**", ""]
        lines += [f"- {question}: {escape(answer)}" for question, answer in _answers(suite)]
        for table in tables(suite):
            lines += ["", *markdown_table(table)]
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _answers(suite: Suite) -> Iterator[tuple[str, str]]:
    """What the suite was measured for: its sentence, or the reason why there is none."""
    families = {benchmark.name.partition(".")[0] for benchmark in suite}
    for question, (family, sentence) in QUESTIONS.items():
        if family not in families:
            continue
        try:
            yield question, sentence(suite)
        except Unsupported as reason:
            yield question, f"not answered: {reason}."


def _where(suite: Suite) -> str:
    summary = summarize(next((each for each in suite if each.good), next(iter(suite))))
    note = f" {LAB_NOTE}" if summary.target == "lab" else ""
    return f"{summary.target}, backend {summary.backend}: {summary.where}.{note}"
