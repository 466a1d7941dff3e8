# SPDX-License-Identifier: MIT
"""A text of one's own, with its figures looked up in the suites: it cannot go stale.

The template is Jinja2; what it finds is in `_globals`. A name that does not exist is an
error; a benchmark or a suite that was not measured is None, so that a text can leave it out.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kbench.answers import kernels
from kbench.answers.rfc import questions
from kbench.answers.rfc.thread import QUOTES
from kbench.errors import KbenchError
from kbench.files import read_regular
from kbench.present import markdown
from kbench.present.markdown import escape
from kbench.present.table import Table, figures, words
from kbench.present.text import ascii_only, grid_lines, wrapped
from kbench.report import lookup
from kbench.report.measured import overview
from kbench.report.model import Model
from kbench.report.render.text import WIDTH
from kbench.units import NOT_TIMES

MOST = 16 << 20  # bytes of a template


class Link(str):
    """Markdown that is ready: a name that leads to the suite it was measured in."""


def _source(folder: Path, name: str) -> str:
    """The text of the template `name`, a file of `folder`; KbenchError where it is none."""
    try:
        return read_regular(folder / Path(name).name, MOST).decode()
    except UnicodeDecodeError:
        raise KbenchError(f"{name} is not UTF-8") from None


def from_template(template: Path, form: str, model: Model, output: Path | None) -> str:
    """The text of `template` as `form` ("md" or "txt"); links in it are relative to `output`.

    Raises KbenchError for a template that cannot be read or rendered.
    """
    from jinja2 import FunctionLoader, StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FunctionLoader(lambda name: _source(template.parent, name)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrap"] = _wrap
    start = output.parent if output else Path()
    try:
        made = environment.get_template(template.name).render(_globals(form, model, start))
    except (KbenchError, TemplateError, ArithmeticError, TypeError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{template}:{line}" if line else f"{template}"
        raise KbenchError(f"{where}: {error}") from None
    # What was left out leaves empty lines behind.
    made = re.sub(r"\n{3,}", "\n\n", made).strip() + "\n"
    return ascii_only(made) if form == "txt" else made


def _globals(form: str, model: Model, start: Path) -> dict[str, Any]:
    paths = {source.label: source.suite.path for source in model.sources}

    def link(row: lookup.Row) -> str:
        """The benchmark's name; in Markdown it leads to the suite that it was measured in."""
        if form == "txt":
            return row.name
        path = Path(os.path.relpath(paths[row.suite], start)).as_posix()
        name = row.name.replace("`", "'").replace("|", r"\|")
        return Link(f"[`{name}`](<{path}>)")

    def table(columns: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1) -> str:
        """A table of the form's own kind; the first `left` columns hold words."""
        kinds = (*words(*columns[:left]), *figures(*columns[left:]))
        texts = [["-" if cell is None else cell for cell in row] for row in rows]
        if form == "md":
            cells = [[c if isinstance(c, Link) else escape(str(c)) for c in row] for row in texts]
            return "\n".join(markdown.grid_lines(kinds, cells))
        plain = tuple(tuple(map(str, row)) for row in texts)
        return "\n".join(grid_lines(Table(kinds, plain), WIDTH, rule=True))

    def pick(names: Sequence[str], *suites: lookup.Rows) -> list[lookup.Row]:
        """The benchmarks `names` of each of `suites`, those that were measured."""
        return [row for name in names for found in suites if (row := found(name))]

    def show(rows: Sequence[lookup.Row], figures: Mapping[str, str]) -> str:
        """A table of `rows`: name, suite where there are several, `figures` (title by property)."""
        several = len({row.suite for row in rows}) > 1
        names = ["benchmark", "suite"] if several else ["benchmark"]
        cells = [
            [link(row), row.suite][: len(names)] + [getattr(row, name) for name in figures]
            for row in rows
        ]
        # Words come before figures.
        left = len(names) + sum(name in ("title", "meaning") for name in figures)
        return table([*names, *figures.values()], cells, left) if rows else ""

    def measured() -> str:
        where = overview(model)
        if form == "md":
            return "\n".join(markdown.table_lines(where))
        return "\n".join(grid_lines(where, WIDTH, rule=True))

    return {
        "suite": lambda label: lookup.rows(model, label),
        "answer": lambda name, kernel="": _answer(name, model, kernel),
        "quote": _Quotes(),
        "link": link,
        "measured": measured(),
        "not_times": NOT_TIMES,
        "pick": pick,
        "show": show,
        "table": table,
    }


def _answer(name: str, model: Model, kernel: str) -> str:
    """A sentence of kbench.answers, or the reason why the suites do not support it.

    With `kernel`, "6.12", it is of that kernel's suites alone.
    """
    known = (*questions.SENTENCES, *kernels.SENTENCES)
    if name not in known:
        raise KbenchError(f"no answer {name!r}: it is one of {', '.join(known)}")
    suites = [
        source.suite
        for source in model.sources
        if not kernel
        or next(iter(source.suite)).provenance("kbench_kernel").startswith(f"{kernel}.")
    ]
    if name in kernels.SENTENCES:
        return kernels.answer(name, suites)
    return questions.answer(name, suites)


class _Quotes:
    """Quotes of the thread, each under who wrote it and when; that is not repeated."""

    def __init__(self) -> None:
        self._last = ("", "")

    def __call__(self, name: str) -> str:
        found = QUOTES[name]
        head = []
        if self._last != (found.author, found.date):
            head = [f"On {found.date}, {found.author} wrote:"]
        self._last = (found.author, found.date)
        return "\n".join([*head, *(f"> {line}" for line in wrapped(found.text, WIDTH - 2))])


def _wrap(text: str) -> str:
    """Paragraphs, and items of a list ("- "), as lines of at most 72 columns."""
    parts = (" ".join(part.split()) for part in re.split(r"\n\n|\n(?=- )", text))
    return "\n\n".join("\n".join(_lines(part)) for part in parts if part)


def _lines(part: str) -> list[str]:
    return wrapped(part[2:], WIDTH, "- ") if part.startswith("- ") else wrapped(part, WIDTH)
