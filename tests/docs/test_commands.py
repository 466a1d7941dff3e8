# SPDX-License-Identifier: MIT
"""Commands, make targets and benchmarks that the documentation names are those there are."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from support.docs import ROOT, code, commands, name, pages, spans

from kbench.catalogue import select
from kbench.cli._app import build

# What reports/rfc-idle holds was rendered from suites: its names are theirs. A changelog has
# names that are gone.
OTHER = ("rfc-idle/README.md", "CHANGELOG.md")
WRITTEN = [page for page in pages() if not name(page).endswith(OTHER)]
FILES = (".py", ".pyx", ".pxd", ".h", ".S", ".md", ".j2", ".toml")
FAMILY = (
    r"(?:exit|floor|inkernel|wake|idle|work|hunt|mpstate|vtl)\.[a-z\d_]+(?:@[a-z\d_./-]*[a-z\d])?"
)


def refused(line: str) -> str:
    """The name of the error with which kbench refuses to parse `line`; "" where it parses."""
    command = typer.main.get_command(build())
    _, *words = shlex.split(line)
    try:
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            command = command.commands[words.pop(0)]
        if words or not hasattr(command, "commands"):
            command.make_context("kbench", words)
    except Exception as error:  # click's, or those of typer's own copy of click
        return type(error).__name__
    return ""


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_examples_parse(page: Path) -> None:
    assert {line: refused(line) for line in commands(code(page)) if refused(line)} == {}


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_commands_in_prose_exist(page: Path) -> None:
    """A command may be named without its arguments there, not with an option it does not have."""
    named = [span for span in spans(page) if span.startswith("kbench ")]
    assert [line for line in named if refused(line) not in ("", "MissingParameter")] == []


def every(command: object, words: tuple[str, ...] = ()) -> list[str]:
    """`list`, `lab build` and so on: all commands below a group."""
    groups = getattr(command, "commands", None)
    if groups is None:
        return [" ".join(words)]
    return [name for word, sub in groups.items() for name in every(sub, (*words, word))]


def test_the_readme_names_every_command() -> None:
    """Its table has a group once: `kbench lab build`, `info`, `verify`."""
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("## ")[0]
    named: set[str] = set()
    for line in table.splitlines():
        group = ""
        for span in re.findall(r"`([^`]+)`", line.split("|")[1] if line.count("|") > 1 else ""):
            if span.startswith("kbench "):
                group = " ".join(span.split()[1:-1])
            named.add(f"{group} {span.removeprefix('kbench ').removeprefix(group)}".strip())
    named = {" ".join(name.split()) for name in named}
    assert named == set(every(typer.main.get_command(build())))


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_make_targets_exist(page: Path) -> None:
    text = "\n".join([*spans(page), *(f"&& {line}" for line in code(page).splitlines())])
    targets = re.findall(r"(?:^|&& )make ([a-z-]+)", text, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_benchmarks_exist(page: Path) -> None:
    names = [span for span in spans(page) if re.fullmatch(FAMILY, span)]
    select([each for each in names if not each.endswith(FILES)])


def test_the_search_finds_and_refuses() -> None:
    assert sum(len(commands(code(page))) for page in WRITTEN) >= 20
    text = "x/kbench list exit --names | less\n$ kbench list  # all\nkbench doctor\nkbench show x\n"
    assert commands(text) == [
        "kbench list exit --names",
        "kbench list",
        "kbench doctor",
        "kbench show x",
    ]
    assert refused("kbench show a.json --no-such-option") == "NoSuchOption"
    assert refused("kbench show") == "MissingParameter"
    assert refused("kbench mesure") == "KeyError"
