# SPDX-License-Identifier: MIT
"""What a rehearsed machine handed back: a row for each command, and what is wrong with it."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from support.cli import kbench

from kbench.errors import KbenchError
from kbench.suite.load import load

TIMED_OUT = 124  # timeout(1)'s
# kbench's own: done, its limit was a Ctrl-C.
ACCEPTED = (0, TIMED_OUT, 130)
KERNEL_DIES = ("BUG:", "Oops:", "Kernel panic", "general protection fault")


@dataclass(frozen=True, slots=True)
class Row:
    """A command: its exit status, how long it took, what it measured, what is wrong ("": nothing).

    `voids` are the reasons of void runs, with how often each was given.
    """

    name: str
    status: int
    seconds: int
    benchmarks: int = 0
    runs: int = 0
    voids: tuple[tuple[str, int], ...] = ()
    wrong: str = ""

    def __str__(self) -> str:
        line = f"{self.name:10} {self.status:4} {self.seconds:5} s"
        if self.benchmarks:
            void = sum(count for _, count in self.voids)
            line += f" {self.benchmarks:4} benchmarks {self.runs:5} runs {void:4} void"
        lines = [line, *(f"           {count} void: {reason}" for reason, count in self.voids)]
        return "\n".join([*lines, *([f"           WRONG: {self.wrong}"] if self.wrong else [])])


def rows(out: Path, names: list[str]) -> list[Row]:
    """A row for each of the commands `names` that the machine has begun."""
    status = out / "status"
    told = status.read_text().splitlines() if status.exists() else []
    ended = {name: (int(code), int(took)) for code, took, name in map(str.split, told)}
    return [_row(out, name, *ended[name]) for name in names if name in ended]


def missing(out: Path, names: list[str], *, ended: bool) -> list[str]:
    """What is wrong with the machine as a whole, a line each."""
    told = {row.name for row in rows(out, names)}
    found = [f"{name} was not run, or did not end" for name in names if name not in told]
    if not ended:
        found.append("the machine did not end within its limit")
    log = out / "console"
    for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
        if any(mark in line for mark in KERNEL_DIES):
            found.append(line.strip())
            break
    return found


def _row(out: Path, name: str, status: int, seconds: int) -> Row:
    said = "".join((out / f"{name}.{kind}").read_text(errors="replace") for kind in ("out", "err"))
    wrong = "" if status in ACCEPTED else said[-600:] or "it said nothing"
    if "Traceback" in said:
        wrong = said[said.index("Traceback") :][-1500:]
    suite = out / f"{name}.json"
    if name == "doctor":
        late = "it did not end within its limit" if status == TIMED_OUT else ""
        return Row(name, status, seconds, wrong=wrong or late)
    if not (suite.exists() or suite.with_name(f"{name}.json.journal").exists()):
        return Row(name, status, seconds, wrong=wrong or "nothing was measured within its limit")
    try:
        benchmarks = list(load(suite))
    except KbenchError as error:
        return Row(name, status, seconds, wrong=wrong or str(error))
    runs = [run for benchmark in benchmarks for run in benchmark.runs]
    voids = Counter(_in_general(run.void) for run in runs if run.void)
    shown = kbench("show", suite)
    if shown.status:
        wrong = wrong or f"kbench show: {shown.err[-600:]}"
    counts = tuple(voids.most_common())
    return Row(name, status, seconds, len(benchmarks), len(runs), counts, wrong)


def _in_general(reason: str) -> str:
    """The reason without its figures, so that equal ones are counted together."""
    return re.sub(r"\d[\d,.]*", "N", reason)
