# SPDX-License-Identifier: MIT
"""`kbench gate --self-test`: measuring its arms."""

import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from kbench.catalogue import RoundTrip, select
from kbench.errors import KbenchError
from kbench.judge.rules import HostRule
from kbench.judge.selftest import LEVELS, Report, assess
from kbench.metrics import metrics
from kbench.record.writer import SuiteWriter
from kbench.session.ab.host import HostSide
from kbench.session.progress import counter
from kbench.suite.suite import Benchmark as Measured
from kbench.targets.host import machine_lock
from kbench.targets.options import RunOptions


def self_test(selectors: Sequence[str], rounds: int, max_time: float) -> Report:
    """Measure A, A, and A with real delays, `rounds` times or until `max_time` (s) is over.

    Raises KbenchError for too few rounds and for a benchmark that cannot be delayed.
    """
    benchmark = delayable(selectors).name
    rule = HostRule()
    if rounds < rule.runs:
        raise KbenchError(f"--rounds {rounds}: a gate needs {rule.runs} pairs of runs")
    loops: dict[str, int] = {}
    start = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(machine_lock())
        show = stack.enter_context(counter())

        def arm(name: str, delay_ns: float = 0.0) -> HostSide:
            writer = stack.enter_context(SuiteWriter(folder / f"{name}.json"))
            return HostSide(name, writer, RunOptions(delay_ns=delay_ns), loops)

        pilot = arm("pilot")
        for _ in range(3):
            pilot.measure(benchmark)
        typical = median(_runs(pilot).figures(metrics()["p50"]))
        arms = [arm("a"), arm("again")]
        arms += [arm(f"delay-{share:g}", share * typical * 1e9) for share in LEVELS]
        good = 0
        while good < rounds and (good == 0 or time.monotonic() - start < max_time):
            show(f"round {good + 1} of {rounds}")
            # assess() leaves out a round with a void run, so it does not count.
            voids = [not one.measure(benchmark) for one in random.sample(arms, len(arms))]
            good += not any(voids)
        first, second, *delayed = map(_runs, arms)
        seconds = time.monotonic() - start
        levels = dict(zip(LEVELS, delayed, strict=True))
        return assess(first, second, levels, rule, seconds, random.Random())


def delayable(selectors: Sequence[str]) -> RoundTrip:
    """The one benchmark of a self-test: its loop must be KVM_RUN's, which can be delayed.

    Raises KbenchError for any other selection.
    """
    rows = select(selectors or ["exit.pio_out"])
    match rows:
        case (RoundTrip(loop="kvm_run") as row,):
            return row
    names = ", ".join(row.name for row in rows)
    raise KbenchError(f"the self-test takes one benchmark that enters a guest, not {names}")


def _runs(side: HostSide) -> Measured:
    (benchmark,) = side.suite()
    return benchmark
