# SPDX-License-Identifier: MIT
"""What `kbench run` does: parse pyperf's options, measure with progress, show the result."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pyperf
from rich.console import Console

from kbench.benches import select
from kbench.cli._progress import progress_bar
from kbench.cli._table import console as stdout
from kbench.cli._table import suite_table
from kbench.errors import KbenchError
from kbench.record.suite import load
from kbench.record.summary import summarize
from kbench.record.writer import SuiteWriter
from kbench.targets.choice import choose

PROCESSES = 6
MIN_TIME = 0.05  # seconds a value: some 7,000 exits of 7 us
NOT_OURS = ("compare_to", "python_names", "worker", "pipe")


def session(
    words: Sequence[str],
    *,
    target: tuple[str, str | None, str | None],
    output: Path | None,
    append: bool,
    force: bool,
    limit: float,
) -> None:
    """Run one measuring session; `words` are selectors and pyperf options in any order.

    `target` is its name, and for the lab the variant of KVM and the kernel pin.

    Raises KbenchError when nothing could be measured or a benchmark failed; runs that
    finished are in the suite all the same, also after Ctrl-C.
    """
    args = pyperf_options(words)
    benchmarks = select(args.selectors)
    console = Console(stderr=True)
    name, kvm, kernel = target
    chosen = choose(name, kvm=kvm, kernel=kernel, report=console.print)
    path = output or Path(f"kbench-{datetime.now():%Y%m%d-%H%M%S}.json")
    names = [row.name for row in benchmarks]
    with SuiteWriter(path, names, append=append, force=force) as writer:
        try:
            with progress_bar(console) as show:
                outcome = chosen.measure(benchmarks, args, writer, limit=limit, progress=show)
        except KeyboardInterrupt:
            if len(writer):
                console.print(f"interrupted: {len(writer)} finished runs are in {path}")
            raise
        empty = not len(writer)
    for name, reason in outcome.skipped.items():
        console.print(f"skipped {name}: {reason}", highlight=False, markup=False)
    if not empty:
        _show(path, args)
    if outcome.failed:
        failures = "\n".join(f"  {message}" for message in outcome.failed.values())
        raise KbenchError(f"{len(outcome.failed)} benchmark(s) failed:\n{failures}")
    if empty:
        raise KbenchError("nothing could be measured here (kbench doctor says more)")
    console.print(f"suite: {path}", highlight=False)


def pyperf_options(words: Sequence[str]) -> argparse.Namespace:
    """pyperf's own parsing of `words`, with `selectors` beside its options."""
    runner = pyperf.Runner(processes=PROCESSES, min_time=MIN_TIME)
    parser = runner.argparser
    parser.add_argument("selectors", nargs="*")
    parser.error = _refuse
    # Selectors and options may come in any order: `exit --fast floor`.
    parser.parse_args = parser.parse_intermixed_args
    try:
        args: argparse.Namespace = runner.parse_args(list(words))
    except SystemExit:
        raise KbenchError("pyperf refused these options (see the line above)") from None
    for name in NOT_OURS:
        if getattr(args, name):
            raise KbenchError(f"--{name.replace('_', '-')} is not for kbench run")
    return args


def _refuse(message: str) -> NoReturn:
    raise KbenchError(f"{message} (kbench run --help, python -m pyperf timeit --help)")


def _show(path: Path, args: argparse.Namespace) -> None:
    """The table, and what pyperf shows for its own flags."""
    if not args.quiet:
        terminal = stdout()
        terminal.print(suite_table([summarize(row) for row in load(path)], terminal.width))
    flags = [f"--{name}" for name in ("dump", "metadata", "hist", "stats") if getattr(args, name)]
    if flags:
        subprocess.run([sys.executable, "-P", "-m", "pyperf", "show", *flags, path], check=False)
