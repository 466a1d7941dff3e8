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

from kbench.catalogue import select
from kbench.catalogue.derive import require_pcpus, spread
from kbench.errors import KbenchError
from kbench.present.suite_table import console as stdout
from kbench.present.suite_table import suite_table
from kbench.record.writer import SuiteWriter
from kbench.session.choose import NAMES, choose, host_works
from kbench.session.progress import progress_bar, teller
from kbench.suite.suite import load
from kbench.suite.summary import summarize

PROCESSES = 6
MIN_TIME = 0.05  # seconds a value: some 7,000 exits of 7 us
NOT_OURS = ("compare_to", "python_names", "worker", "pipe")


Chosen = tuple[str, str | None, str | None]
"""A target's name, and for the lab the variant of KVM and the kernel pin."""


def sessions(words: Sequence[str], name: str, kvm: str | None, kernel: str | None) -> list[Chosen]:
    """The sessions of one `kbench run`: one, or with target both the host's and the lab's.

    The selection rfc is about the extension too: in the lab, KVM has all of it unless
    another variant is asked for. With target auto it is measured wherever it can be. Raises
    KbenchError for another name.
    """
    if name not in (*NAMES, "both"):
        raise KbenchError(f"no target {name!r}: it is one of {', '.join(NAMES)}, both")
    rfc = "rfc" in words
    everywhere = name == "auto" and rfc and kvm is None and kernel is None
    lab: Chosen = ("lab", kvm or ("all" if rfc else None), kernel)
    if name == "both" or (everywhere and host_works()):
        return [("host", None, None), lab]
    if everywhere or name == "lab":
        return [lab]
    return [(name, kvm, kernel)]


def named(output: Path | None, target: str) -> Path:
    """`output` with the target before its suffix: rfc.json becomes rfc-host.json."""
    path = output or _default()
    return path.with_name(f"{path.stem}-{target}{path.suffix}")


def _default() -> Path:
    return Path(f"kbench-{datetime.now():%Y%m%d-%H%M%S}.json")


def session(
    words: Sequence[str],
    *,
    target: Chosen,
    output: Path | None,
    append: bool,
    force: bool,
    limit: float,
    vcpus: str | None = None,
    pinned: bool = False,
) -> None:
    """Run one measuring session; `words` are selectors and pyperf options in any order.

    `vcpus` are the numbers of vCPUs to measure idle guests with, each on a pCPU if `pinned`.

    Raises KbenchError when nothing could be measured or a benchmark failed; runs that
    finished are in the suite all the same, also after Ctrl-C and SIGTERM.
    """
    args = pyperf_options(words)
    benchmarks = select(args.selectors)
    if vcpus is not None or pinned:
        benchmarks = spread(benchmarks, vcpus or "1", pinned=pinned)
    console = Console(stderr=True)
    say = teller(console)
    name, kvm, kernel = target
    chosen = choose(name, kvm=kvm, kernel=kernel, report=say)
    require_pcpus(benchmarks, chosen.pcpus)
    path = output or _default()
    names = [row.name for row in benchmarks]
    with SuiteWriter(path, names, append=append, force=force) as writer:
        try:
            with progress_bar(console) as show:
                outcome = chosen.measure(benchmarks, args, writer, limit=limit, progress=show)
        except (KeyboardInterrupt, SystemExit):
            if len(writer):
                say(f"interrupted: {len(writer)} finished runs are in {path}")
            raise
        empty = not len(writer)
    for reason in dict.fromkeys(outcome.skipped.values()):
        skipped = [name for name, why in outcome.skipped.items() if why == reason]
        say(f"skipped {' '.join(skipped)}: {reason}")
    if not empty:
        _show(path, args)
    if outcome.failed:
        failures = "\n".join(f"  {message}" for message in outcome.failed.values())
        raise KbenchError(f"{len(outcome.failed)} benchmark(s) failed:\n{failures}")
    if empty:
        raise KbenchError("nothing could be measured here (kbench doctor says more)")
    say(f"suite: {path}")


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
