# SPDX-License-Identifier: MIT
"""`kbench gate --self-test`: measuring its arms, and its report for people and programs."""

import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

from kbench.errors import KbenchError
from kbench.judge.rules import HostRule
from kbench.judge.selftest import LEVELS, Report, assess
from kbench.metrics import metrics
from kbench.record.writer import SuiteWriter
from kbench.session.progress import counter
from kbench.session.run import pyperf_options
from kbench.session.sides import HostSide, delayable
from kbench.suite.suite import Benchmark
from kbench.targets.host import machine_lock


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
        show = stack.enter_context(counter())

        def arm(name: str, delay_ns: float = 0.0) -> HostSide:
            writer = stack.enter_context(SuiteWriter(folder / f"{name}.json"))
            return HostSide(name, writer, args, loops, delay_ns=delay_ns)

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


def to_json(report: Report) -> str:
    """The report for programs; kbench/judge/README.md describes it."""
    import msgspec

    return msgspec.json.encode({"version": 1, **asdict(report)}).decode()


def to_text(report: Report) -> str:
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
