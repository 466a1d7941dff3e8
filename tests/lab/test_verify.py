# SPDX-License-Identifier: MIT
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.cli import wait_for

from kbench.lab import protocol, verify
from kbench.lab.labs import LabResult

NAMES = ["exit.hlt", "exit.pio_out", "floor.clock"]


class Passes:
    """measure_all() of a lab whose counts are `counts(pass, name)`; remembers how it was asked."""

    def __init__(self, minimum: int = 7, changed: int = 7, at: int = 3) -> None:
        self.asked: list[tuple[list[str], int]] = []
        self.minimum, self.changed, self.at = minimum, changed, at

    def __call__(self, lab: object, names: Sequence[str], jobs: int) -> Iterator[LabResult]:
        self.asked.append((list(names), jobs))
        for name in names:
            odd = len(self.asked) == self.at and name == "exit.hlt"
            value = self.changed if odd else self.minimum
            counts = protocol.Counts(((value, 1),), 1, value, value, value, {}, "", "ab")
            yield LabResult(benchmark=name, kvm=("stock", "f00"), identity={}, counts=counts)


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "LOAD", 0)


def test_equal_counts_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = Passes()
    monkeypatch.setattr(verify, "measure_all", passes)
    assert verify.verify(None, NAMES, print) == []  # type: ignore[arg-type]  # no lab is used
    orders, jobs = zip(*passes.asked, strict=True)
    assert jobs == (1, 2, 2, 2)
    assert orders[2] != NAMES
    assert sorted(orders[2]) == sorted(NAMES)


@pytest.mark.parametrize(
    ("at", "repetition"),
    [
        (2, "two labs side by side"),
        (3, "in another order"),
        (4, "with CPU hogs on the host"),
    ],
)
def test_one_instruction_is_a_difference(
    monkeypatch: pytest.MonkeyPatch, at: int, repetition: str
) -> None:
    monkeypatch.setattr(verify, "measure_all", Passes(changed=8, at=at))
    (difference,) = verify.verify(None, NAMES, print)  # type: ignore[arg-type]  # no lab is used
    assert (difference.benchmark, difference.repetition) == ("exit.hlt", repetition)
    assert difference.first != difference.again


def spinning() -> set[int]:
    """The children of this process that spin."""
    mine = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"while True: pass" in words:
            mine.add(int(entry.name))
    return mine


def test_load_ends_with_the_block() -> None:
    with pytest.raises(KeyboardInterrupt), verify.busy(2):
        # A process that is in execve() has no command line for a moment.
        wait_for(lambda: len(spinning()) == 2, "two processes that spin")
        signal.raise_signal(signal.SIGINT)
    assert spinning() == set()
