# SPDX-License-Identifier: MIT
"""Whatever ends a session early: finished runs stay readable, and nothing else is left."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyperf
import pytest
from support.cli import PATIENCE, command, wait_for, workers

from kbench.suite.load import load

pytestmark = pytest.mark.kvm
# Some 20 runs of each: far more than are needed before the interruption.
LONG = ("exit.pio_out", "floor.clock", "-p", 20, "-n", 1, "-w", 0, "-l", 2000)


@contextmanager
def session(cwd: Path) -> Iterator["subprocess.Popen[str]"]:
    """A long session that has finished a run or more, in `cwd`/a.json."""
    words = command("run", "--target", "host", *LONG, "-o", "a.json")

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            words, cwd=cwd, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    process, end = start(), time.monotonic() + PATIENCE
    try:

        def measuring() -> bool:
            nonlocal process
            if process.poll() == 2:
                assert "another kbench is measuring" in process.communicate()[1]
                if time.monotonic() > end:
                    pytest.skip("another kbench is measuring on this machine")
                time.sleep(1)
                process = start()
            journal = cwd / "a.json.journal"
            return journal.exists() and journal.stat().st_size > 0

        wait_for(measuring, "the session finishes its first run", 90)
        yield process
    finally:
        process.kill()
        process.communicate()


def left(cwd: Path) -> int:
    """The finished runs in `cwd`/a.json, as kbench and then pyperf read it."""
    found = sum(len(benchmark.runs) for benchmark in load(cwd / "a.json"))
    pyperf.BenchmarkSuite.load(str(cwd / "a.json"))
    return found


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with session(tmp_path) as process:
        process.send_signal(number)
        errors = process.communicate(timeout=30)[1]
        assert process.returncode == code, errors
    assert "finished runs are in a.json" in errors and "Traceback" not in errors
    assert left(tmp_path) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert not workers(process.pid)


def test_a_killed_worker(tmp_path: Path) -> None:
    """Its benchmark fails with a clear line; the other one is measured to the end."""
    with session(tmp_path) as process:

        def kill() -> bool:
            for pid in workers(process.pid):
                os.kill(pid, signal.SIGKILL)
                return True
            return False

        wait_for(kill, "a worker to kill")
        errors = process.communicate(timeout=60)[1]
        assert process.returncode == 2, errors
    assert "1 benchmark(s) failed:" in errors and "Traceback" not in errors
    assert ": the worker was killed by signal 9" in errors
    assert max(len(benchmark.runs) for benchmark in load(tmp_path / "a.json")) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_killed_manager(tmp_path: Path) -> None:
    with session(tmp_path) as process:
        wait_for(lambda: workers(process.pid), "a worker")
        (worker, *_) = workers(process.pid)
        process.kill()
        process.communicate(timeout=30)
    wait_for(lambda: worker not in workers(), "the worker ends with its manager")
    assert left(tmp_path) > 0
