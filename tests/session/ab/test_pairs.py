# SPDX-License-Identifier: MIT
"""Measuring until told, with sides that draw their runs from a seed and a clock that is a list."""

import random
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from support.suites import Metadata, host_run, write

from kbench.errors import KbenchError, Unavailable
from kbench.judge.compare import Options
from kbench.judge.gate import outcome
from kbench.judge.rules import HostRule
from kbench.session.ab.pairs import PairLimits, measure_and_compare, spending
from kbench.suite.load import load
from kbench.suite.suite import Suite

OPTIONS = Options(today=date(2026, 1, 1))


class Drawn:
    """A side whose p50 is `factor` times 6 us with log-normal noise, the same drift for both."""

    def __init__(self, path: Path, factor: float, spread: float, seed: int) -> None:
        self.label = path.stem
        self.runs: dict[str, list[Metadata]] = {}
        self.log: list[tuple[str, str]] = []
        self.absent: tuple[str, ...] = ("exit.absent",)
        self.noisy: Drawn | None = None  # who measures exit.noisy instead
        self._path, self._factor, self._spread = path, factor, spread
        self._source = random.Random(f"{path.stem} {seed}")

    def measure(self, benchmark: str) -> bool:
        self.log.append((benchmark, self.label))
        if benchmark in self.absent:
            raise Unavailable("no such exit here")
        if self.noisy and benchmark == "exit.noisy":
            self.noisy.measure(benchmark)
            self.runs[benchmark] = self.noisy.runs[benchmark]
            return True
        noise = self._source.lognormvariate(0, self._spread)
        self.runs.setdefault(benchmark, []).append(self.drawn(noise))
        return True

    def drawn(self, noise: float) -> Metadata:
        return host_run(6e-6 * self._factor * noise)

    def suite(self) -> Suite:
        return load(write(self._path, self.runs))


def sides(
    tmp_path: Path, factor: float, spread: float = 0.02, seed: int = 0
) -> tuple[Drawn, Drawn]:
    return (
        Drawn(tmp_path / "a.json", 1.0, spread, seed),
        Drawn(tmp_path / "b.json", factor, spread, seed),
    )


def forever() -> PairLimits:
    return PairLimits(max_time=1000.0, clock=lambda: 0.0)


def test_stops_at_the_first_analysis_that_decides(tmp_path: Path) -> None:
    base, head = sides(tmp_path, 1.1)
    found = measure_and_compare(base, head, ["exit.a"], OPTIONS, forever(), random.Random(1))
    assert outcome(found, strict=True).exit_code == 1
    assert len(base.runs["exit.a"]) == len(head.runs["exit.a"]) == 20
    assert (found.base, found.head) == ("a", "b")


def test_goes_on_with_what_is_open(tmp_path: Path) -> None:
    """A quiet benchmark is told at 20 pairs and left alone; a noisy one gets more."""
    base, head = sides(tmp_path, 1.0, spread=0.01)
    noisy_base, noisy_head = sides(tmp_path, 1.0, spread=0.06)
    for side, noisy in ((base, noisy_base), (head, noisy_head)):
        side.noisy = noisy
    names = ["exit.quiet", "exit.noisy"]
    found = measure_and_compare(base, head, names, OPTIONS, forever(), random.Random(1))
    assert len(base.runs["exit.quiet"]) == 20
    assert len(base.runs["exit.noisy"]) in (40, 80, 160)
    assert outcome(found, strict=True).exit_code == 0


def test_time_is_an_end(tmp_path: Path) -> None:
    base, head = sides(tmp_path, 1.03, spread=0.3)
    ticks = iter(range(100_000))
    limits = PairLimits(max_time=30.0, clock=lambda: float(next(ticks)))
    found = measure_and_compare(base, head, ["exit.a"], OPTIONS, limits, random.Random(1))
    assert 20 <= len(base.runs["exit.a"]) < 40
    assert outcome(found, strict=True).exit_code == 3


def test_what_one_side_lacks_is_skipped_and_said(tmp_path: Path) -> None:
    base, head = sides(tmp_path, 1.0, spread=0.01)
    names = ["exit.absent", "exit.a"]
    found = measure_and_compare(base, head, names, OPTIONS, forever(), random.Random(1))
    assert "skipped exit.absent: no such exit here" in found.notes
    assert {row.benchmark for row in found.changes} == {"exit.a"}


@pytest.mark.parametrize("seed", range(4))
def test_what_head_alone_lacks_is_missing_in_any_order(tmp_path: Path, seed: int) -> None:
    base, head = sides(tmp_path, 1.0, spread=0.01)
    head.absent = ("exit.lost",)
    names = ["exit.a", "exit.lost"]
    found = measure_and_compare(base, head, names, OPTIONS, forever(), random.Random(seed))
    assert found.only_base == ("exit.lost",)
    assert outcome(found, strict=True).exit_code == 3


def test_nothing_measurable_is_an_error(tmp_path: Path) -> None:
    base, head = sides(tmp_path, 1.0)
    with pytest.raises(KbenchError, match=r"exit\.absent: no such exit here"):
        measure_and_compare(base, head, ["exit.absent"], OPTIONS, forever(), random.Random(1))


def test_pairs_are_adjacent_and_in_random_order(tmp_path: Path) -> None:
    base, head = sides(tmp_path, 1.1)
    log: list[tuple[str, str]] = []
    base.log = head.log = log
    measure_and_compare(base, head, ["exit.a", "exit.b"], OPTIONS, forever(), random.Random(1))
    pairs = list(zip(log[::2], log[1::2], strict=True))
    assert all(one[0] == other[0] and one[1] != other[1] for one, other in pairs)
    assert {one[1] for one, _ in pairs} == {"a", "b"}
    assert {one[0] for one, _ in pairs[::2]} == {"exit.a", "exit.b"}


def test_interim_analyses_raise_no_alarms(tmp_path: Path) -> None:
    alarms = 0
    for seed in range(40):
        base, head = sides(tmp_path, 1.0, spread=0.08, seed=seed)
        ticks = iter(range(100_000))
        limits = PairLimits(max_time=85.0, clock=partial(next, map(float, ticks)))
        found = measure_and_compare(base, head, ["exit.a"], OPTIONS, limits, random.Random(seed))
        alarms += outcome(found, strict=False).exit_code
    assert alarms <= 1


def test_all_interim_analyses_together_spend_alpha() -> None:
    rule = HostRule()
    analyses = [spending(rule, number) for number in range(30)]
    assert sum(found.alpha for found in analyses) == pytest.approx(rule.alpha)
    assert sum(1 - found.confidence for found in analyses) == pytest.approx(1 - rule.confidence)
