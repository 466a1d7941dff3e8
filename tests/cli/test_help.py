# SPDX-License-Identifier: MIT
"""Every command's help has a worked example, and the examples work."""

import json
import re
import shlex
from pathlib import Path

import pytest
import typer
from support.cli import kbench, measure
from support.suites import host_run, write

import kbench as package
from kbench.cli import build

# Examples that fetch kernels, boot the lab or need an interactive terminal, and those of
# commands whose own tests run them.
DEAR = ("kbench lab", "kbench gate", "kbench history", "kbench run", "kbench kvm", "kbench report")


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


def examples() -> list[str]:
    lines = (re.search(r"Example: (kbench .*)", text) for text in commands().values())
    return [found[1].strip() for found in lines if found]


@pytest.mark.parametrize("name", commands())
def test_help_has_an_example(name: str) -> None:
    text = commands()[name]
    assert re.search(rf"Example: {re.escape(name)}\b", text), text


@pytest.mark.parametrize("example", [e for e in examples() if not e.startswith(DEAR)])
def test_example_works(example: str, tmp_path: Path) -> None:
    runs = [host_run(6e-6)] * 5
    for name in ("a", "stock", "mypatch"):
        write(tmp_path / f"{name}.json", {"exit.pio_out": runs, "exit.hlt": runs})
    for part in example.split("&&"):
        kbench(*shlex.split(part)[1:], cwd=tmp_path).worked()


@pytest.mark.kvm
def test_the_first_example(tmp_path: Path) -> None:
    """kbench run exit floor --fast -o a.json && kbench show a.json, with two benchmarks."""
    words = ("exit.hlt", "floor.clock", "--fast", "--min-time", 0.001, "-o", "a.json")
    measure(*words, cwd=tmp_path).worked()
    assert "exit.hlt" in kbench("show", "a.json", cwd=tmp_path).worked()


def test_version_and_no_command() -> None:
    assert kbench("--version").worked().strip() == package.__version__
    assert "Commands" in kbench("--help").worked()


def test_unknown_command() -> None:
    result = kbench("mesure")
    assert result.status == 2
    assert "No such command" in result.err


@pytest.mark.kvm
def test_list() -> None:
    text = kbench("list").worked()
    assert len([line for line in text.splitlines() if re.match(r"[a-z]+\.", line)]) >= 16
    document = json.loads(kbench("list", "floor", "exit.hlt", "--json").worked())
    assert document["version"] == 1
    rows = {row["name"]: row for row in document["benchmarks"]}
    assert "exit.hlt" in rows and "floor.clock" in rows
    for row in rows.values():
        assert set(row) >= {"name", "title", "unit", "targets"}
        assert set(row["targets"]["host"]) == {"available", "reason"}
    assert rows["exit.hlt"]["targets"]["host"] == {"available": True, "reason": ""}


def test_list_refuses_an_unknown_selector() -> None:
    assert "did you mean 'exit.hlt'?" in kbench("list", "exit.htl").refused()
