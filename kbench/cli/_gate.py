# SPDX-License-Identifier: MIT
"""What `kbench gate` does besides judging files: measuring two sides, and testing itself."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from kbench.cli._lab_sides import in_the_lab
from kbench.cli._run import pyperf_options
from kbench.cli._sides import HostSide, delayable, interpreter, named
from kbench.errors import KbenchError
from kbench.judge.ab import Limits, measure_and_compare
from kbench.judge.compare import Comparison, Options
from kbench.judge.rules import HostRule
from kbench.judge.selftest import LEVELS, Report, assess
from kbench.metrics import metrics
from kbench.record.suite import Benchmark
from kbench.record.writer import SuiteWriter
from kbench.targets.host import machine_lock

LIMIT = 5.0  # seconds an entry may take


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
            HostSide(text, writer, host, loops, limit=LIMIT, variant=variant)
            for text, writer, (host, variant) in zip(sides, writers, hosts, strict=True)
        )
        names = named(list(selectors), (hosts[0][1], hosts[1][1]))
        limits = Limits(max_time)
        with machine_lock(), _counter() as show:
            return measure_and_compare(
                base,
                head,
                names,
                options,
                limits,
                random.Random(),
                lambda pair, left: show(f"pair {pair}: {len(left)} of {len(names)} undecided"),
            )


def self_test(selectors: Sequence[str], rounds: int, max_time: float) -> Report:
    """`--self-test`: A, A and A with real delays, `rounds` times or until the time is up."""
    benchmark = delayable(list(selectors)).name
    rule = HostRule()
    if rounds < rule.runs:
        raise KbenchError(f"--rounds {rounds}: a gate needs {rule.runs} pairs of runs")
    args = pyperf_options([])
    loops: dict[str, int] = {}
    start = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(machine_lock())
        show = stack.enter_context(_counter())

        def arm(name: str, delay_ns: float = 0.0) -> HostSide:
            writer = stack.enter_context(SuiteWriter(folder / f"{name}.json"))
            return HostSide(name, writer, args, loops, limit=LIMIT, delay_ns=delay_ns)

        pilot = arm("pilot")
        for _ in range(3):
            pilot.measure(benchmark)
        typical = median(_runs(pilot).figures(metrics()["p50"]))
        arms = [arm("a"), arm("again")]
        arms += [arm(f"delay-{share:g}", share * typical * 1e9) for share in LEVELS]
        good = 0
        while good < rounds and (good == 0 or time.monotonic() - start < max_time):
            show(f"round {good + 1} of {rounds}")
            # A round with a void run is left out by assess(): it does not count.
            voids = [not one.measure(benchmark) for one in random.sample(arms, len(arms))]
            good += not any(voids)
        first, second, *delayed = map(_runs, arms)
        seconds = time.monotonic() - start
        levels = dict(zip(LEVELS, delayed, strict=True))
        return assess(first, second, levels, rule, seconds, random.Random())


def self_test_text(report: Report) -> str:
    """The report for people."""
    lines = [
        f"{report.benchmark}: {report.rounds} rounds in {report.seconds:.0f} s, "
        f"{report.pairs} pairs a gate",
        f"nothing changed: {report.alarms} of {report.gates} gates raised an alarm "
        f"(rate below {report.bound:.0%} with 95 % confidence); "
        f"{report.resampled:.1%} of random re-splits",
    ]
    lines += [
        f"delayed by {row.wanted:.0%} of p50: measured {row.measured:+.1%}, "
        f"found in {row.power:.0%} of gates"
        for row in report.levels
    ]
    smallest = "none of these" if report.smallest is None else f"{report.smallest:+.1%}"
    return "\n".join([*lines, f"smallest change seen with 80 % power: {smallest}"])


def _runs(side: HostSide) -> Benchmark:
    (benchmark,) = side.suite()
    return benchmark


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


@contextmanager
def _counter() -> Iterator["_Show"]:
    """One line on stderr that is rewritten on a terminal; on a pipe, one every ten."""
    show = _Show()
    try:
        yield show
    finally:
        show.end()


class _Show:
    def __init__(self) -> None:
        self._calls = 0
        self._terminal = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
        elif self._calls % 10 == 0:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
        self._calls += 1

    def end(self) -> None:
        if self._terminal and self._calls:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
