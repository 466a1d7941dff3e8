# SPDX-License-Identifier: MIT
"""Where a result goes: standard output in one form, and files whose names say their form."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kbench.errors import KbenchError
from kbench.files import STDOUT, check_absent, write_atomically

SUFFIXES = {
    ".speedscope.json": "speedscope",
    ".txt": "table",
    ".md": "md",
    ".csv": "csv",
    ".json": "json",
    ".xml": "junit",
    ".folded": "folded",
    ".html": "html",
}
PIPE_WIDTH = 160
"""A pipe has no width of its own and gets every column."""

LEAST_WIDTH = 40
"""What a table takes at least; a narrower terminal breaks the lines itself."""

Makers = Mapping[str, Callable[[], str]]
"""How to make each form that a command has, by the name that --format takes."""


def terminal_width() -> int:
    """The columns of standard output, at least LEAST_WIDTH; COLUMNS overrides them."""
    return max(LEAST_WIDTH, shutil.get_terminal_size((PIPE_WIDTH, 24)).columns)


def form_of(path: Path, makers: Makers) -> str:
    """The form that the name of a file asks for: of "-", standard output, the first of `makers`.

    Raises KbenchError where the name asks for none of them.
    """
    if path == STDOUT:
        return next(iter(makers))
    form = next((form for end, form in SUFFIXES.items() if path.name.endswith(end)), "")
    if form not in makers:
        known = ", ".join(suffix for suffix, name in SUFFIXES.items() if name in makers)
        raise KbenchError(f"{path}: the form follows the name of the file, one of {known}")
    return form


def emit(
    makers: Makers,
    form: str | None,
    outputs: Sequence[Path],
    *,
    force: bool = False,
    printed: bool = False,
) -> None:
    """Write `outputs`, then print `form`.

    Without a form the first of `makers` is printed, but nothing where there are files: unless
    `printed` says that a reader waits for it. Nothing is written where a file exists or its
    name has no form.
    """
    made = [(path, makers[form_of(path, makers)]()) for path in outputs]
    if not force:
        for path in outputs:
            check_absent(path, "choose another -o, or --force")
    for path, text in made:
        write_atomically(path, text.encode(), force=force)
    if form or printed or not outputs:
        sys.stdout.write(makers[form or next(iter(makers))]())


def hint(*commands: str) -> None:
    """Say on a terminal what a reader may type next; programs and logs do not get it."""
    if sys.stderr.isatty():
        for line in commands:
            print(f"next: {line}", file=sys.stderr)
