# SPDX-License-Identifier: MIT
"""Every command's help has a worked example; tests/docs/test_examples.py runs them."""

import json
import re
from pathlib import Path

import pytest
import typer
from support.cli import kbench, measure

import kbench as package
from kbench.cli._app import build
from kbench.cli._man import pages


def commands() -> dict[str, str]:
    """`kbench NAME`, or `kbench GROUP NAME` -> its help text."""
    found: dict[str, str] = {}

    def walk(command: object, words: list[str]) -> None:
        for name, sub in getattr(command, "commands", {}).items():
            if not hasattr(sub, "commands"):
                found[" ".join([*words, name])] = sub.help or ""
            walk(sub, [*words, name])

    walk(typer.main.get_command(build()), ["kbench"])
    return found


@pytest.mark.parametrize("name", commands())
def test_help_has_an_example(name: str) -> None:
    text = commands()[name]
    assert re.search(rf"(^|\n\n)Example: {re.escape(name)}\b.*$", text), "on a line of its own"


@pytest.mark.kvm
def test_the_first_example(tmp_path: Path) -> None:
    """kbench run exit floor --fast -o a.json && kbench show a.json, with two benchmarks."""
    words = ("exit.hlt", "floor.clock", "--fast", "--min-time", 0.001, "-o", "a.json")
    measure(*words, cwd=tmp_path).worked()
    assert "exit.hlt" in kbench("show", "a.json", cwd=tmp_path).worked()


@pytest.mark.parametrize("words", [(), ("history",), ("kvm",), ("lab",)])
def test_summaries_fit_their_line(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = kbench(*words, "--help").worked()
    commands = text.partition("Commands:")[2].splitlines()
    assert len(commands) > 3 and not [line for line in commands if line.endswith("...")]


@pytest.mark.parametrize("name", commands())
def test_options_fit_80_columns(name: str) -> None:
    """An option and its text share a line; few texts take a second one."""
    command = typer.main.get_command(build())
    for word in name.split()[1:]:
        command = vars(command)["commands"][word]
    context = command.make_context(name, [], resilient_parsing=True, terminal_width=80)
    lines = command.get_help(context).partition("Options:\n")[2].splitlines()
    options = [line for line in lines if line.startswith("  -")]
    assert not [line for line in options if not re.match(r" {2}-.{2,22} {2}\S", line)], options
    assert max(map(len, lines)) <= 80 and len(lines) <= len(options) + 2


def test_version_and_no_command() -> None:
    said = kbench("--version").worked().strip()
    form = rf"kbench {re.escape(package.__version__)}, commit (\w+(-dirty)?), backend [\w-]+"
    assert re.fullmatch(form, said)
    assert "Commands" in kbench("--help").worked()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ru", {"run"}),
        ("run fl", {"floor"}),
        ("list exit.pio_s", {"exit.pio_string", "exit.pio_string@real"}),
        ("lab ver", {"verify"}),
        ("gate --self", {"--self-test"}),
    ],
)
def test_a_shell_completes(typed: str, offered: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_KBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"kbench {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split())))
    assert set(kbench().worked().split()) == offered


def test_a_manual_page_for_each_command() -> None:
    made = pages()
    assert {name.replace(" ", "-") + ".1" for name in commands()} <= set(made)
    assert {"kbench.1", "kbench-lab.1"} <= set(made)
    run = made["kbench-run.1"]
    assert run.startswith('.TH "KBENCH-RUN" 1') and "\\-\\-fast" in run
    assert "Example: kbench run exit floor" in run and "kbench\\-run" in made["kbench.1"]
    requests = {line.split()[0] for page in made.values() for line in page.splitlines()
                if line.startswith((".", "'"))}  # fmt: skip
    assert requests == {".TH", ".SH", ".PP", ".TP"}


def test_unknown_command() -> None:
    result = kbench("mesure")
    assert result.status == 2
    assert "No such command" in result.err


@pytest.mark.kvm
def test_list() -> None:
    text = kbench("list").worked()
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^exit +\d+ +\d+  round trips", text, re.MULTILINE)
    assert re.search(r"^mwait-yield .* lab --kvm mwait_yield$", text, re.MULTILINE)
    names = kbench("list", "floor", "exit.hlt", "--names").worked().split()
    assert "exit.hlt" in names and all("." in name for name in names)
    document = json.loads(kbench("list", "floor", "exit.hlt", "--format", "json").worked())
    assert document["version"] == 2
    rows = {row["name"]: row for row in document["benchmarks"]}
    assert "exit.hlt" in rows and "floor.clock" in rows
    for row in rows.values():
        assert set(row) == {"name", "title", "targets"}
        assert row["targets"]["lab"]["unit"] == "integer"
    host = rows["exit.hlt"]["targets"]["host"]
    assert host == {"unit": "second", "available": True, "reason": ""}


def test_list_refuses_an_unknown_selector() -> None:
    assert "did you mean 'exit.hlt'?" in kbench("list", "exit.htl").refused()
