# SPDX-License-Identifier: MIT
"""kbench/judge/README.md: its commands exist, its project file loads, its keys are complete."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from kbench.cli import build
from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.history import Shift
from kbench.judge.project import load_project
from kbench.judge.selftest import Level, Report
from kbench.judge.verdict import Change
from kbench.present.series import Series

ROOT = Path(__file__).parents[2]
README = (ROOT / "kbench/judge/README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Every `kbench ...` of the recipes, without what the shell does with its output."""
    text = "\n".join(blocks("sh") + blocks("yaml"))
    found = re.findall(r"(?:^|[\s/])(kbench .*)", text)
    return [re.split(r"\s(?:#|>|\|\|)", line)[0] for line in found]


def test_there_are_recipes() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("line", commands())
def test_commands_parse(line: str) -> None:
    """Command, options and their values are what kbench takes; nothing is run."""
    command = typer.main.get_command(build())
    _, *words = shlex.split(line)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("kbench", words)


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:`|&& )make ([a-z-]+)", README))
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_project_file_loads(tmp_path: Path) -> None:
    (tmp_path / "kbench.toml").write_text(blocks("toml")[0])
    project = load_project(tmp_path / "kbench.toml")
    assert project.acknowledged and project.margin("lab", "min") is not None


@pytest.mark.parametrize("kind", [Comparison, Change, Outcome, Report, Level, Series, Shift])
def test_json_keys_are_documented(kind: type) -> None:
    section = README.partition("## JSON output")[2]
    missing = [field.name for field in fields(kind) if f'"{field.name}"' not in section]
    assert not missing
