# SPDX-License-Identifier: MIT
"""Progress of long work: a bar or a status line on a terminal, plain lines on a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from kbench.targets.target import Step
from kbench.units import human


def say(line: str) -> None:
    """Print a line of progress on stderr, whole, whatever other threads print."""
    _write(sys.stderr, line)


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[Step], None]]:
    """Yield a function to call with each finished Step."""
    p50s: dict[tuple[str, str], list[float]] = {}

    def text(step: Step) -> str:
        if step.state:
            return step.state
        if step.p50 is not None:
            p50s.setdefault((step.where, step.benchmark), []).append(step.p50)
        seen = sorted(p50s.get((step.where, step.benchmark), ()))
        return f"p50 {human(seen[len(seen) // 2], step.unit)}" if seen else "calibrating"

    if not console.is_terminal:
        yield lambda step: _write(
            console.file,
            f"{step.done}/{step.total} {step.benchmark}: {text(step)}{_on(step)}{time_left(step)}",
        )
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {"": bar.add_task("starting", total=None, left="")}

        def show(step: Step) -> None:
            # The machines of a fleet have a line each below.
            if step.where not in tasks:
                tasks[step.where] = bar.add_task(step.where, total=None, left="")
            bar.update(tasks[step.where], description=f"  {step.where} {step.benchmark}")
            bar.update(
                tasks[""],
                completed=step.done,
                total=step.total,
                description=f"{step.benchmark:28} {text(step)}",
                left=time_left(step).removeprefix(", "),
            )

        yield show


def _write(file: IO[str], line: str) -> None:
    """One write for the line and its end: print() makes two, and a thread may come between."""
    file.write(f"{line}\n")
    file.flush()


def time_left(step: Step) -> str:
    """`, about 3 min left`; "" where nothing is left or known."""
    if not step.left or step.done == step.total:
        return ""
    if step.left < 90:
        return f", about {step.left:.0f} s left"
    minutes = round(step.left / 60)
    return f", about {minutes} min left" if minutes < 90 else f", about {minutes / 60:.1f} h left"


def _on(step: Step) -> str:
    return f", on {step.where}" if step.where else ""


@contextmanager
def counter() -> Iterator[Callable[[str], None]]:
    """Yield a function to call with the state of open-ended work; a pipe gets each tenth."""
    console = Console(stderr=True)
    calls = 0
    with console.status("starting") as line:

        def show(text: str) -> None:
            nonlocal calls
            if console.is_terminal:
                line.update(text)
            elif calls % 10 == 0:
                print(text, file=console.file, flush=True)
            calls += 1

        yield show
