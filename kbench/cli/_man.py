# SPDX-License-Identifier: MIT
"""Manual pages made of the help: `python -P -m kbench.cli._man DIR`, for `make man`.

One page a command: kbench.1, kbench-run.1, kbench-lab-build.1 and so on, in man(7)'s macros.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import kbench
from kbench.cli._app import build


def pages() -> dict[str, str]:
    """File name -> page, of every command and group."""
    return dict(_pages(typer.main.get_command(build()), ("kbench",)))


def _pages(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    below = getattr(command, "commands", {})
    yield f"{'-'.join(words)}.1", "\n".join(_page(command, words, below)) + "\n"
    for name, sub in below.items():
        yield from _pages(sub, (*words, name))


def _page(command: Any, words: tuple[str, ...], below: dict[str, Any]) -> Iterator[str]:
    name, context = "-".join(words), command.make_context(words[-1], [], resilient_parsing=True)
    summary, *text = (command.help or "").strip().split("\n\n")
    yield f'.TH "{name.upper()}" 1 "" "kbench {kbench.__version__}"'
    yield from (".SH NAME", f"{_roff(name)} \\- {_roff(_line(summary)).rstrip('.')}")
    pieces = " ".join(command.collect_usage_pieces(context))
    yield from (".SH SYNOPSIS", f"\\fB{_roff(' '.join(words))}\\fR {_roff(pieces)}")
    if text:
        yield ".SH DESCRIPTION"
        for part in text:
            yield from (".PP", _roff(_line(part)))
    records = [found for one in command.params if (found := one.get_help_record(context))]
    if records:
        yield ".SH OPTIONS"
    for option, what in records:
        yield from (".TP", f"\\fB{_roff(option)}\\fR", _roff(_line(what)))
    if below:
        yield ".SH COMMANDS"
    for word, sub in below.items():
        first = (sub.help or "").strip().split("\n\n")[0]
        yield from (".TP", f"\\fB{_roff(f'{name}-{word}')}\\fR(1)", _roff(_line(first)))
    if below:
        yield from (".SH EXIT STATUS", "0 done; 1 and 3 verdicts; 2 unusable input; 70 a bug.")


def _line(text: str) -> str:
    return " ".join(text.split())


def _roff(text: str) -> str:
    """`text` so that roff shows it as it is."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    for file, page in pages().items():
        (place / file).write_text(page)
