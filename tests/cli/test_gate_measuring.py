# SPDX-License-Identifier: MIT
"""`kbench gate --ab` and `--self-test` where they really measure, and what they refuse."""

import re
import sys
from pathlib import Path

import pytest
from support.cli import kbench
from support.rows import round_trip

from kbench.session.ab.host import named
from kbench.suite.load import load
from kbench.worker.measure import prepare


@pytest.mark.kvm
def test_one_pair_cannot_tell(tmp_path: Path) -> None:
    """The first pair is always measured; the suites stay and hold both sides' runs."""
    words = ("--ab", "@", "@real", "exit.pio_out", "--max-time", "1", "--strict", "--keep", "kept")
    result = kbench("gate", *words, cwd=tmp_path)
    assert result.status == 3, result.err
    assert "cannot tell" in result.out and "base @\nhead @real" in result.out
    first, second = (load(tmp_path / f"kept-{side}.json") for side in "ab")
    assert list(first.benchmarks) == list(second.benchmarks) == ["exit.pio_out"]
    again = kbench("gate", *words, cwd=tmp_path)
    assert again.status == 2 and "exists" in again.err


@pytest.mark.kvm
def test_another_build_is_a_side(tmp_path: Path) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    python = tmp_path / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    words = ("--ab", "./venv", sys.executable, "exit.hlt", "--max-time", "1")
    result = kbench("gate", *words, cwd=tmp_path)
    assert result.status == 0, result.err
    assert [path.name for path in tmp_path.iterdir()] == ["venv"], "without --keep nothing stays"


@pytest.mark.kvm
def test_the_delay_is_real() -> None:
    """Each round trip takes at least the time that is spun away in it."""
    from dataclasses import replace

    with prepare(replace(round_trip("exit.pio_out"), delay_ns=50_000)) as measurement:
        measurement.run(100)
        assert measurement.histogram.minimum >= 50_000


@pytest.mark.lab
def test_the_same_modules_are_not_run(tmp_path: Path) -> None:
    result = kbench("gate", "--ab", "stock", "stock", "exit.pio_out", "--strict", cwd=tmp_path)
    assert result.status == 0, result.err
    assert "same without running" in result.out


@pytest.mark.lab
@pytest.mark.test_kvm
def test_two_variants_differ_by_counts(tmp_path: Path) -> None:
    """The entry hook of `all` costs every exit some instructions; a system call knows no KVM."""
    words = ("--ab", "stock", "all", "exit.pio_out", "floor.syscall", "--margin", "0")
    result = kbench("gate", *words, cwd=tmp_path, limit=900)
    assert result.status == 1, result.err
    assert re.search(r"exit\.pio_out +min, p50, p90, p99 .* \+\d+ \(\+0\.\d\d %\)", result.out)
    assert "floor.syscall" not in result.out
    assert "differs: kvm srcversion" in result.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("one.json",), "got 1 suites, expected two"),
        (("--ab", "@", "stock", "exit.pio_out"), "the other side is on the host"),
        (("--ab", "./absent", "@", "exit.pio_out"), "neither a virtual environment"),
        (("--ab", "@", "@absent", "exit.pio_out"), "exists as NAME and as NAME@absent"),
        (("--ab", "@", "@real", "exit.oops"), "no benchmark matches"),
        (("--self-test", "floor.syscall"), "one benchmark that enters a guest"),
        (("--self-test", "exit"), "one benchmark that enters a guest"),
        (("--self-test", "--rounds", "5"), "a gate needs 20 pairs"),
        (("--self-test", "--ab", "@", "@real"), "exclude each other"),
    ],
)
def test_mistakes(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    result = kbench("gate", *words, cwd=tmp_path)
    assert message in result.refused() and result.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_policies_are_sides() -> None:
    """A family gives the benchmarks that both policies have, under their plain names."""
    chosen = named(["wake"], ("@hlt", "@hlt-poll-50us"))
    assert "wake.irqfd" in chosen and not any("@" in name for name in chosen)
    assert named(["wake.irqfd"], ("@hlt", "@hlt-poll-50us")) == ["wake.irqfd"]
