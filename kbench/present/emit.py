# SPDX-License-Identifier: MIT
"""Printing a gate in the formats asked for."""

from dataclasses import dataclass
from pathlib import Path

from kbench.errors import KbenchError
from kbench.files import write_atomically
from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.verdict import Change, Verdict
from kbench.present.data import to_json
from kbench.present.github import gate_github
from kbench.present.junit import gate_junit
from kbench.present.markdown import gate_markdown
from kbench.present.text import gate_text


@dataclass(frozen=True, slots=True)
class Formats:
    """What to print (`everything`: unchanged benchmarks too) and where to write JUnit."""

    everything: bool = False
    md: bool = False
    json: bool = False
    github: bool = False
    junit: Path | None = None

    def __post_init__(self) -> None:
        if self.md and self.json:
            raise KbenchError("--md and --json exclude each other: choose one")
        if self.json and self.github:
            raise KbenchError("--json and --github exclude each other: annotations are not JSON")


def emit(comparison: Comparison, outcome: Outcome, formats: Formats) -> None:
    """Print the gate to stdout, and write the JUnit file if one is asked for."""
    if formats.junit is not None:
        write_atomically(formats.junit, gate_junit(comparison, outcome).encode(), force=True)
    if formats.json:
        print(to_json([comparison], outcome))
        return
    changes = [change for change in comparison.changes if formats.everything or _noteworthy(change)]
    show = gate_markdown if formats.md else gate_text
    print(show(comparison, outcome, changes))
    if formats.github:
        print(gate_github(comparison, outcome))


def _noteworthy(change: Change) -> bool:
    """What a gate lists unasked: each verdict but "same", and each count that moved at all."""
    return change.verdict not in (None, Verdict.SAME) or bool(change.delta)
