# SPDX-License-Identifier: MIT
"""How often `history check` alarms when nothing has changed, simulated:
`.venv/bin/python -P tests/judge/false_alarms.py [HISTORIES]`.

A history has 17 benchmarks with p50, p90 and p99 each, in heavy-tailed noise (Student's t with 3
degrees of freedom) on four kinds of machine. The figures of docs/gate.md are from here.
"""

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from kbench.judge.changepoints import change_points
from kbench.judge.rules import HostRule
from kbench.judge.stats import holm
from kbench.judge.verdict import Margin
from kbench.metrics import metrics

BENCHMARKS = 17
ALPHA = HostRule().alpha
SPREAD = {"p50": 0.02, "p90": 0.04, "p99": 0.12}
Floats = npt.NDArray[np.float64]
Source = np.random.Generator


def load(source: Source, entries: int) -> Floats:
    """Other work moves all figures of a session, by 5 %."""
    moved: Floats = source.normal(0, 0.05, entries)
    return moved


def modes(source: Source, entries: int) -> Floats:
    """The machine is in one of two modes, 8 % apart, and changes it in 30 % of sessions."""
    changes = np.cumsum(source.random(entries) < 0.3)
    return np.where(changes % 2, 0.08, 0.0)


def drift(source: Source, entries: int) -> Floats:
    """A session resembles the one before: an autocorrelation of 0.6."""
    level = np.zeros(entries)
    for number in range(1, entries):
        level[number] = 0.6 * level[number - 1] + source.normal(0, 0.05)
    return level


MACHINES: dict[str, tuple[float, Callable[[Source, int], Floats]]] = {
    "quiet": (1.0, lambda source, entries: np.zeros(entries)),
    "load": (3.0, load),
    "two modes": (1.5, modes),
    "drift": (1.0, drift),
}


def alarm(source: Source, machine: str, entries: int) -> bool:
    """Whether an unchanged history of this machine has a change point."""
    scale, shared = MACHINES[machine]
    common = shared(source, entries)
    chances = []
    for _ in range(BENCHMARKS):
        own = common + source.normal(0, 0.01 * scale, entries)
        for name, spread in SPREAD.items():
            noise = scale * spread / 1.7 * source.standard_t(3, entries)
            values = [float(value) for value in 6e-6 * np.exp(own + noise)]
            margin = Margin(metrics()[name].margin or 0.0)
            cuts = change_points(values, margin, ALPHA)
            chances += [cut.p_value for cut in cuts] or [1.0]
    return min(holm(chances)) <= ALPHA


def main() -> None:
    histories = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    source = np.random.default_rng(14)
    for machine in MACHINES:
        for entries in (5, 7, 12, 25, 50):
            alarms = sum(alarm(source, machine, entries) for _ in range(histories))
            print(f"{machine}, {entries} entries: {alarms} of {histories}", flush=True)


if __name__ == "__main__":
    main()
