# SPDX-License-Identifier: MIT
"""The words of `kbench run` that are pyperf's, parsed by pyperf: as selectors and RunOptions."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import pyperf

from kbench.errors import KbenchError
from kbench.session.stop_above import stop_above
from kbench.targets.options import RunOptions, environment

NOT_FOR_RUN = ("compare_to", "python_names", "worker", "pipe", "tracemalloc", "track_memory")
"""What pyperf takes beside: its memory trackers count the worker's bytes, not a guest's time."""
PYTHON_SECONDS = 30.0
SHOWS = ("dump", "metadata", "hist", "stats")
"""Flags for which pyperf shows something of the finished suite."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the words ask for; `shows` are those of SHOWS that were among them."""

    selectors: tuple[str, ...]
    options: RunOptions
    quiet: bool = False
    shows: tuple[str, ...] = ()

    def stopping(self, text: str | None, unit: str) -> "Words":
        """The same with the limit of --stop-above, on a target of this unit; None for no limit.

        Raises as stop_above() does.
        """
        limit = 0.0 if text is None else stop_above(text, unit)
        return replace(self, options=replace(self.options, stop_above=limit))


def parse(words: Sequence[str], limit: float = RunOptions.limit, wait: float = 0.0) -> Words:
    """Selectors and pyperf options, in any order; `limit` (s) bounds each KVM_RUN.

    `wait` (s) is how long another kbench that measures, or writes the suite, may take to end.

    Raises KbenchError for an option that pyperf refuses or that kbench run does not take.
    """
    args = _parsed(words)
    for name in NOT_FOR_RUN:
        if getattr(args, name):
            raise KbenchError(f"--{name.replace('_', '-')} is not for kbench run")
    options = RunOptions(
        processes=args.processes,
        values=args.values,
        warmups=args.warmups,
        loops=args.loops,
        min_time=args.min_time,
        timeout=args.timeout or RunOptions.timeout,
        limit=limit,
        wait=wait,
        affinity=args.affinity or "",
        python=args.python,
        environment=_environment(args),
        hooks=tuple(args.hook or ()),
        profile=args.profile or "",
    )
    _check(options)
    shows = tuple(name for name in SHOWS if getattr(args, name))
    return Words(tuple(args.selectors), options, args.quiet, shows)


def _check(options: RunOptions) -> None:
    """Raise KbenchError for CPUs and for a Python that no worker could have."""
    if options.affinity:
        allowed = os.sched_getaffinity(0)
        cpus = set(_cpus(options.affinity))
        if not cpus or not cpus <= allowed:
            mine = ",".join(map(str, sorted(allowed)))
            raise KbenchError(f"--cpu {options.affinity}: this process may use the CPUs {mine}")
    if options.python != sys.executable:
        command = [options.python, "-P", "-c", "import kbench.worker.measure"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PYTHON_SECONDS)
        except (OSError, subprocess.SubprocessError):
            raise KbenchError(f"--python {options.python}: it cannot import kbench") from None


def _cpus(words: str) -> list[int]:
    """The numbers of a CPU list as pyperf reads it ("1,4-6"); [] where it is none."""
    try:
        return list(pyperf._cpu_utils.parse_cpu_list(words) or ())
    except ValueError:
        return []


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    default = RunOptions()
    runner = pyperf.Runner(processes=default.processes, min_time=default.min_time)
    parser = runner.argparser
    parser.add_argument("selectors", nargs="*")
    parser.error = _refuse
    # Selectors and options may come in any order: `exit --fast floor`.
    parser.parse_args = parser.parse_intermixed_args
    try:
        args: argparse.Namespace = runner.parse_args(list(words))
    except SystemExit:
        raise KbenchError("pyperf refused these options (see the line above)") from None
    return args


def _environment(args: argparse.Namespace) -> dict[str, str]:
    if args.copy_env:
        return dict(os.environ)
    return environment(locale=args.locale, more=args.inherit_environ or ())


def _refuse(message: str) -> NoReturn:
    raise KbenchError(f"{message} (kbench run --help, python -m pyperf timeit --help)")
