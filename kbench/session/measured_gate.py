# SPDX-License-Identifier: MIT
"""`kbench gate --ab`: measuring two sides, on the host or in the lab."""

import argparse
import random
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from kbench.errors import KbenchError
from kbench.judge.compare import Comparison, Options
from kbench.record.writer import SuiteWriter
from kbench.session.ab import Limits, measure_and_compare
from kbench.session.lab_sides import in_the_lab
from kbench.session.progress import counter
from kbench.session.run import pyperf_options
from kbench.session.sides import HostSide, interpreter, named
from kbench.targets.host import machine_lock


def measured(
    sides: tuple[str, str],
    selectors: Sequence[str],
    options: Options,
    max_time: float,
    output: Path | None,
) -> Comparison:
    """`--ab`: measure both sides and compare; the suites stay at `output`-a.json and -b.json.

    On the host in turn, until there is a verdict; in the lab once, as counts repeat.
    """
    with ExitStack() as stack:
        folder = output or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "ab"
        writers = [
            stack.enter_context(SuiteWriter(folder.with_name(f"{folder.name}-{letter}.json")))
            for letter in "ab"
        ]
        if not any(_is_host(text) for text in sides):
            return in_the_lab(sides, selectors, options, writers)
        args = pyperf_options([])
        hosts = [_host(text, args) for text in sides]
        loops: dict[str, int] = {}
        base, head = (
            HostSide(text, writer, host, loops, variant=variant)
            for text, writer, (host, variant) in zip(sides, writers, hosts, strict=True)
        )
        names = named(list(selectors), (hosts[0][1], hosts[1][1]))
        limits = Limits(max_time)
        with machine_lock(), counter() as show:
            return measure_and_compare(
                base,
                head,
                names,
                options,
                limits,
                random.Random(),
                lambda pair, left: show(f"pair {pair}: {len(left)} of {len(names)} undecided"),
            )


def _host(text: str, args: argparse.Namespace) -> tuple[argparse.Namespace, str]:
    """pyperf's options and the variant of a side's name on the command line."""
    if not _is_host(text):
        raise KbenchError(f"{text} is a KVM variant for the lab, the other side is on the host")
    if text.startswith("@"):
        return args, text if len(text) > 1 else ""
    return argparse.Namespace(**{**vars(args), "python": interpreter(Path(text))}), ""


def _is_host(text: str) -> bool:
    """Paths, venvs and @VARIANTs are measured on the host, names of KVM variants in the lab."""
    return text.startswith("@") or "/" in text or Path(text, "pyvenv.cfg").is_file()
